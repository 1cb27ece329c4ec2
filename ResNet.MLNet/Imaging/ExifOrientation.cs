using System.Runtime.InteropServices;
using SkiaSharp;

namespace ResNet.MLNet;

/// <summary>Turns and mirrors an image as the camera noted it (EXIF tag 0x0112, values 1 to 8).</summary>
internal static class ExifOrientation
{
    /// <summary>Whether width and height of the upright image are those of the file exchanged.</summary>
    public static bool SwapsSides(SKEncodedOrigin orientation) => orientation >= SKEncodedOrigin.LeftTop;

    /// <summary>
    /// Writes the upright image to <paramref name="target"/>, or gives back <paramref name="source"/> if it is upright already.
    /// </summary>
    public static PixelBuffer Apply(SKEncodedOrigin orientation, PixelBuffer source, PixelBuffer target)
    {
        // Where pixel (0, 0) of the source and its next in x and in y go: the name of each value says the edges where row 0, column 0 are.
        var swapped = SwapsSides(orientation);
        var flipX = orientation
            is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        var flipY = orientation
            is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        if (!swapped && !flipX && !flipY) return source;
        if (swapped) target.Reset(source.Height, source.Width);
        else target.Reset(source.Width, source.Height);
        var from = MemoryMarshal.Cast<byte, uint>(source.Bytes);
        var to = MemoryMarshal.Cast<byte, uint>(target.Bytes);
        var stepX = swapped ? target.Width : 1;
        var stepY = swapped ? 1 : target.Width;
        if (flipX) (stepX, stepY) = swapped ? (stepX, -stepY) : (-stepX, stepY);
        if (flipY) (stepX, stepY) = swapped ? (-stepX, stepY) : (stepX, -stepY);
        var start = (flipX ? target.Width - 1 : 0) + (flipY ? (target.Height - 1) * target.Width : 0);
        for (int y = 0, at = 0; y < source.Height; y++)
        {
            for (int x = 0, place = start + y * stepY; x < source.Width; x++, place += stepX) to[place] = from[at++];
        }

        return target;
    }
}
