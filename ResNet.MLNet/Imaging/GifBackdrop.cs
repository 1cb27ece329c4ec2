namespace ResNet.MLNet;

/// <summary>
/// What shows where the first frame of a GIF has no pixel. SkiaSharp leaves transparent black there; Pillow's <c>convert("RGB")</c> takes
/// the palette's color of the transparent index, or, around a frame without one, of index 0.
/// </summary>
internal static class GifBackdrop
{
    private const int HeaderLength = 13, ExtensionStart = 0x21, FrameStart = 0x2c, ControlLabel = 0xf9;
    private const uint Opaque = 0xff000000;

    /// <summary>Gives the transparent pixels their color.</summary>
    /// <param name="pixels">The decoded image.</param>
    /// <param name="file">The file that it was decoded from.</param>
    public static void Fill(PixelBuffer pixels, ReadOnlySpan<byte> file)
    {
        if (Find(file) is not { } color) return;
        foreach (ref var pixel in pixels.Pixels)
        {
            if (pixel < Opaque) pixel = color;
        }
    }

    /// <summary>The color, as a pixel; null if the file ends before its first frame.</summary>
    private static uint? Find(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderLength) return null;
        var (at, index) = (HeaderLength, 0);
        var palette = TakePalette(file, file[10], ref at);
        while (at < file.Length)
        {
            if (file[at] == FrameStart && at + 10 <= file.Length)
            {
                var flags = file[at + 9];
                at += 10;
                var own = TakePalette(file, flags, ref at);
                return ColorOf(own.IsEmpty ? palette : own, index);
            }

            if (file[at] != ExtensionStart || at + 2 > file.Length)
            {
                at++;
                continue;
            }

            var isControl = file[at + 1] == ControlLabel;
            at += 2;
            if (isControl && at + 5 <= file.Length && (file[at + 1] & 1) != 0) index = file[at + 4];
            while (at < file.Length && file[at] != 0) at += 1 + file[at];
            at++;
        }

        return null;
    }

    private static ReadOnlySpan<byte> TakePalette(ReadOnlySpan<byte> file, byte flags, ref int at)
    {
        if ((flags & 0x80) == 0) return default;
        var length = Math.Min(3 << ((flags & 7) + 1), file.Length - at);
        at += length;
        return file.Slice(at - length, length);
    }

    /// <summary>Without a palette an index is a gray value.</summary>
    private static uint ColorOf(ReadOnlySpan<byte> palette, int index)
    {
        if (palette.IsEmpty) return Opaque | (uint)index << 16 | (uint)index << 8 | (uint)index;
        if (3 * index + 3 > palette.Length) return Opaque;
        var color = palette.Slice(3 * index, 3);
        return Opaque | (uint)color[2] << 16 | (uint)color[1] << 8 | color[0];
    }
}
