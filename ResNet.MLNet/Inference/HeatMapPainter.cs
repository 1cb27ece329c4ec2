namespace ResNet.MLNet;

/// <summary>
/// Draws the network's input, and over it, in colors, how much each place speaks for a class. Keeps its buffers, so one instance serves one
/// thread.
/// </summary>
internal sealed class HeatMapPainter
{
    /// <summary>The size that small images are enlarged to (by a whole factor) and large ones reduced to.</summary>
    private const int Side = 256;
    private const int JpegQuality = 88;

    /// <summary>How much of the color comes from the heat; the rest is the image's brightness.</summary>
    private const double HeatShare = 0.6;

    private readonly Resampler _resampler = new();
    private readonly PixelBuffer _crop = new(), _picture = new();

    /// <summary>Draws an image and its heat map.</summary>
    /// <param name="pixels">[size, size, 4] red, green, blue, ignored.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="map">How much each place speaks for the class.</param>
    public (EncodedImage Picture, EncodedImage HeatMap) Paint(ReadOnlySpan<byte> pixels, int size, HeatMap map)
    {
        _crop.Reset(size, size);
        pixels.CopyTo(_crop.Bytes);
        var side = size >= Side ? Side : size * (Side / size);
        _picture.Reset(side, side);
        // Enlarged by a whole factor, the box filter makes squares: what the network sees is shown, no more.
        _resampler.Resize(_crop, new(0, 0, size, size), side, side, new(0, 0, side, side), Interpolation.Box, _picture);
        // PNG where edges are to stay sharp.
        var picture = side > size ? EncodedImage.Png(_picture) : EncodedImage.Jpeg(_picture, JpegQuality);
        for (var y = 0; y < side; y++)
        {
            var row = _picture.Row(y);
            for (var x = 0; x < side; x++)
            {
                var pixel = row.Slice(x * PixelBuffer.BytesPerPixel, PixelBuffer.BytesPerPixel);
                Tint(pixel, map.At((x + 0.5) / side, (y + 0.5) / side));
            }
        }

        return (picture, EncodedImage.Jpeg(_picture, JpegQuality));
    }

    /// <summary>Makes a pixel gray and gives it the color of a heat from 0 to 1.</summary>
    private static void Tint(Span<byte> pixel, double heat)
    {
        // Rec. 601 luma.
        var brightness = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
        var color = HeatColors.At(heat);
        pixel[0] = Blend(color.R);
        pixel[1] = Blend(color.G);
        pixel[2] = Blend(color.B);

        byte Blend(double color) => (byte)Math.Round(double.Lerp(brightness, color, HeatShare));
    }
}
