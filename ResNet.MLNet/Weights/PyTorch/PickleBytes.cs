using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace ResNet.MLNet;

/// <summary>The bytes of a pickle, taken from the beginning to the end.</summary>
internal sealed class PickleBytes(ReadOnlyMemory<byte> data)
{
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

    /// <summary>A number of so many bytes: a long where it fits, else a <see cref="BigInteger"/>.</summary>
    public object TakeInteger(byte length)
    {
        var number = new BigInteger(Take(length));
        return number >= long.MinValue && number <= long.MaxValue ? (long)number : number;
    }

    /// <summary>A text of so many bytes in UTF-8.</summary>
    public string TakeText(ulong length) => Encoding.UTF8.GetString(Take(length));

    /// <summary>A text of so many bytes as Python 2 wrote it.</summary>
    public string TakeLatin(ulong length) => Encoding.Latin1.GetString(Take(length));

    /// <summary>A text up to the end of the line.</summary>
    public string TakeLine()
    {
        var length = data.Span[Position..].IndexOf((byte)'\n');
        if (length < 0) throw new InvalidDataException("It is cut off in the name of a global.");
        var line = TakeText((ulong)length);
        Position++;
        return line;
    }

    public static InvalidDataException Damaged(string what, int at) => new($"The pickle in it has {what} at byte {at:N0}.");
}
