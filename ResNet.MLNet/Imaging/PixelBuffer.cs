using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>An image of four bytes a pixel (red, green, blue, ignored), whose memory is used again for the next image.</summary>
internal sealed class PixelBuffer
{
    public const int BytesPerPixel = 4;
    private readonly ImageMemory _memory = new();

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <inheritdoc cref="ImageMemory.KeptBytes"/>
    public long KeptBytes => _memory.KeptBytes;

    public int Stride => Width * BytesPerPixel;

    public Span<byte> Bytes => _memory.Slice(0, Height * Stride);

    /// <summary>The pixels, row by row, as one number each, of which red is the lowest byte.</summary>
    public Span<uint> Pixels => MemoryMarshal.Cast<byte, uint>(Bytes);

    /// <summary>Gives the buffer a size; what was in it is lost.</summary>
    public void Reset(int width, int height)
    {
        var needed = (long)width * height * BytesPerPixel;
        if (needed > Array.MaxLength)
            throw new InvalidImageException($"{width} x {height} pixels are more than fit in memory.") { IsTooLarge = true };
        _memory.Reserve((int)needed);
        (Width, Height) = (width, height);
    }

    public Span<byte> Row(int y) => _memory.Slice(y * Stride, Stride);

    public Span<uint> PixelRow(int y) => MemoryMarshal.Cast<byte, uint>(Row(y));

    /// <summary>Takes the size and the pixels of another image.</summary>
    public void CopyFrom(PixelBuffer other)
    {
        Reset(other.Width, other.Height);
        other.Bytes.CopyTo(Bytes);
    }

    /// <summary>Gives back memory that is too large to be kept for the next image; the pixels are lost then.</summary>
    public void LetGo()
    {
        if (!_memory.IsLarge) return;
        _memory.LetGo();
        (Width, Height) = (0, 0);
    }

    /// <summary>Keeps only a part, in place.</summary>
    public void Crop(PixelBox box)
    {
        if (box == new PixelBox(0, 0, Width, Height)) return;
        var pixels = Pixels;
        // Rows only move towards the start, so none overwrites one that is still to be moved.
        for (var y = 0; y < box.Height; y++) pixels.Slice((box.Top + y) * Width + box.Left, box.Width).CopyTo(pixels[(y * box.Width)..]);
        (Width, Height) = (box.Width, box.Height);
    }

    /// <summary>Mirrors it, left and right, in place.</summary>
    public void Mirror()
    {
        for (var y = 0; y < Height; y++) PixelRow(y).Reverse();
    }
}
