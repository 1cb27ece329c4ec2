namespace ResNet.MLNet;

/// <summary>
/// Reads a protocol-buffers message field by field from a stream, so that those that nobody wants are passed over without being read: the
/// weights are nearly all of a model file. The format: protobuf.dev, "Encoding".
/// </summary>
/// <param name="stream">Where the message lies; it can be sought in.</param>
internal sealed class WireReader(Stream stream)
{
    private const int Varint = 0, EightBytes = 1, Content = 2, FourBytes = 5;
    private const int LongestVarint = 10;

    private readonly long _length = stream.Length;

    /// <summary>The number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>Whether the field has content: bytes, text or a message.</summary>
    public bool HasContent { get; private set; }

    /// <summary>The value of the field, if it is a whole number.</summary>
    public long Value { get; private set; }

    /// <summary>Where the field ends. The stream has to be there before the next one is read.</summary>
    public long End { get; private set; }

    /// <summary>Reads the beginning of the next field; the stream is then at its content.</summary>
    /// <param name="end">Where the message ends.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="InvalidDataException">The message is damaged.</exception>
    public bool Next(long end)
    {
        if (stream.Position == end) return false;
        var tag = ReadVarint();
        (Field, Value) = ((int)Math.Min(tag >> 3, int.MaxValue), 0);
        var kind = (int)(tag & 7);
        HasContent = kind == Content;
        var size = 0UL;
        if (kind == Varint) Value = (long)ReadVarint();
        else if (kind == Content) size = ReadVarint();
        else if (kind == EightBytes) size = sizeof(long);
        else if (kind == FourBytes) size = sizeof(int);
        else throw Damaged();
        if (Field == 0 || stream.Position > end || size > (ulong)(end - stream.Position)) throw Damaged();
        End = stream.Position + (long)size;
        return true;
    }

    /// <summary>The content of the field.</summary>
    public byte[] Read()
    {
        var bytes = new byte[checked((int)(End - stream.Position))];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var i = 0; i < LongestVarint; i++)
        {
            var next = stream.ReadByte();
            if (next < 0) throw Damaged();
            value |= (ulong)(next & 0x7f) << (7 * i);
            if (next < 0x80) return value;
        }

        throw Damaged();
    }

    private InvalidDataException Damaged() =>
        new($"The file is not an ONNX model, or it is damaged or cut off: byte {stream.Position:N0} of {_length:N0}.");
}
