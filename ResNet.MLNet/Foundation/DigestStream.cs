namespace ResNet.MLNet;

/// <summary>Passes on what is written to another stream and knows its digest.</summary>
/// <param name="to">The other stream, which stays open.</param>
internal sealed class DigestStream(Stream to) : Stream
{
    private readonly Digest _digest = new();

    /// <summary>The digest of all that was written so far.</summary>
    public string Digest => _digest.ToString();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _digest.Append(buffer);
        to.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => to.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
