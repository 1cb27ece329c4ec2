using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace ResNet.MLNet;

/// <summary>The bytes of a pickle, taken from the beginning to the end.</summary>
internal sealed class PickleBytes(ReadOnlyMemory<byte> data)
{
    /// <summary>Python's own limit. The time that reading digits takes grows with their square.</summary>
    private const int MostDigits = 4300;

    /// <summary>Where the next byte is.</summary>
    public int Position { get; private set; }

    public byte TakeByte() => Take(1)[0];

    public ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(data.Length - Position))
        {
            throw new InvalidDataException(
                $"It is cut off or damaged: {count:N0} bytes are wanted at byte {Position:N0} of {data.Length:N0}.");
        }

        var span = data.Span.Slice(Position, (int)count);
        Position += (int)count;
        return span;
    }

    public uint TakeUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <summary>A number of so many bytes.</summary>
    public BigInteger TakeInteger(ulong length) => new(Take(length));

    /// <summary>A number in decimal digits, up to the end of the line.</summary>
    public BigInteger TakeDecimal()
    {
        var start = Position;
        var line = TakeLine();
        if (line.Length <= MostDigits && BigInteger.TryParse(line.TrimEnd('L'), CultureInfo.InvariantCulture, out var number))
            return number;
        throw Damaged("digits that are not a number", start);
    }

    /// <summary>A fraction in decimal digits, up to the end of the line.</summary>
    public double TakeFraction()
    {
        var start = Position;
        var isNumber = double.TryParse(TakeLine(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        return isNumber ? number : throw Damaged("digits that are not a number", start);
    }

    /// <summary>A text of so many bytes in UTF-8.</summary>
    public string TakeText(ulong length) => Encoding.UTF8.GetString(Take(length));

    /// <summary>A text of so many bytes as Python 2 wrote it.</summary>
    public string TakeLatin(ulong length) => Encoding.Latin1.GetString(Take(length));

    /// <summary>A text up to the end of the line.</summary>
    public string TakeLine()
    {
        var length = data.Span[Position..].IndexOf((byte)'\n');
        if (length < 0) throw new InvalidDataException("It is cut off in the middle of a line.");
        var line = TakeText((ulong)length);
        Position++;
        return line;
    }

    public static InvalidDataException Damaged(string what, int at) => new($"The pickle in it has {what} at byte {at:N0}.");
}
