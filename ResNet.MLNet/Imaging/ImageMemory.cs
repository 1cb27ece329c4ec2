using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>
/// Memory for an image, used again for the next one. What a very large image needs is not kept: it goes back to the system when the image
/// is done. The garbage collector would keep it for long.
/// </summary>
internal sealed unsafe class ImageMemory
{
    /// <summary>The most bytes that are kept: the pixels of a photograph of 32 megapixels.</summary>
    public const int MostKept = 128 << 20;

    private byte[] _kept = [];
    private Block? _large;

    /// <summary>The bytes that stay when the image is done.</summary>
    public long KeptBytes => _kept.Length;

    /// <summary>Whether there is memory that goes when the image is done.</summary>
    public bool IsLarge => _large is not null;

    /// <summary>Makes sure that there is room for some bytes; what was in it is lost if there was not.</summary>
    public void Reserve(int bytes)
    {
        if (bytes <= _kept.Length || bytes <= (_large?.Length ?? 0)) return;
        LetGo();
        if (bytes > MostKept) _large = new(bytes);
        else ByteBuffer.Grow(ref _kept, bytes, MostKept);
    }

    /// <summary>A part of the memory.</summary>
    public Span<byte> Slice(int start, int length) =>
        _large is { } large ? new Span<byte>(large.Start, large.Length).Slice(start, length) : _kept.AsSpan(start, length);

    /// <summary>Gives back what is not kept.</summary>
    public void LetGo()
    {
        _large?.Free();
        _large = null;
    }

    /// <summary>Memory of the system. Its owner frees it; the finalizer is for owners that are dropped.</summary>
    private sealed class Block(int length) : CriticalFinalizerObject
    {
        ~Block() => Free();

        public byte* Start { get; private set; } = (byte*)NativeMemory.Alloc((nuint)length);

        public int Length => length;

        public void Free()
        {
            NativeMemory.Free(Start);
            Start = null;
        }
    }
}
