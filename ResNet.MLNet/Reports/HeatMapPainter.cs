using SkiaSharp;

namespace ResNet.MLNet;

/// <summary>An image file's content.</summary>
/// <param name="MediaType">Such as <c>image/png</c>.</param>
/// <param name="Data">The content.</param>
internal sealed record EncodedImage(string MediaType, byte[] Data);

/// <summary>How much the places of an image speak for a class.</summary>
/// <param name="Values">[height, width], of any scale.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
internal sealed record ActivationMap(float[] Values, int Height, int Width)
{
    private readonly float _coldest = Values.Min(), _hottest = Values.Max();

    /// <summary>
    /// The value at a point of an image that the places share evenly, linear between their centers, from 0 (the coldest place) to 1 (the hottest).
    /// 0 everywhere if all places are equal.
    /// </summary>
    /// <param name="x">0 (left edge) to 1.</param>
    /// <param name="y">0 (upper edge) to 1.</param>
    public double At(double x, double y)
    {
        if (!(_hottest > _coldest)) return 0;
        var (left, right, fromLeft) = Between(x, Width);
        var (top, bottom, fromTop) = Between(y, Height);
        var upper = double.Lerp(Values[top * Width + left], Values[top * Width + right], fromLeft);
        var lower = double.Lerp(Values[bottom * Width + left], Values[bottom * Width + right], fromLeft);
        return (double.Lerp(upper, lower, fromTop) - _coldest) / (_hottest - _coldest);
    }

    private static (int First, int Second, double Share) Between(double at, int count)
    {
        var place = Math.Clamp(at * count - 0.5, 0, count - 1);
        var first = (int)place;
        return (first, Math.Min(first + 1, count - 1), place - first);
    }
}

/// <summary>Draws the network's input, and over it, in colors, how much each place speaks for a class. Keeps its buffers, so one instance serves one thread.</summary>
internal sealed class HeatMapPainter
{
    /// <summary>The size that small images are enlarged to (by a whole factor) and large ones reduced to.</summary>
    private const int Side = 256;
    private const int JpegQuality = 88;

    /// <summary>How much of the color comes from the heat; the rest is the image's brightness.</summary>
    private const double HeatShare = 0.6;

    /// <summary>From cold to hot, in steps of equal lightness, so that it reads without telling red from green, and in print.</summary>
    private static readonly SKColor[] Colors = [new(0x14, 0x0f, 0x34), new(0x42, 0x22, 0x7a), new(0xa3, 0x23, 0x84), new(0xed, 0x53, 0x50), new(0xff, 0xa7, 0x46), new(0xfb, 0xf1, 0xb2)];

    private readonly Resampler _resampler = new();
    private readonly PixelBuffer _crop = new(), _picture = new();

    /// <summary>Draws both.</summary>
    /// <param name="pixels">[size, size, 4] red, green, blue, ignored.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="heat">How much each place speaks for the class.</param>
    public (EncodedImage Picture, EncodedImage HeatMap) Paint(ReadOnlySpan<byte> pixels, int size, ActivationMap heat)
    {
        _crop.Reset(size, size);
        pixels.CopyTo(_crop.Bytes);
        var side = size >= Side ? Side : size * (Side / size);
        _picture.Reset(side, side);
        // Enlarged by a whole factor, the box filter makes squares: what the network sees is shown, no more.
        _resampler.Resize(_crop, new(0, 0, size, size), side, side, new(0, 0, side, side), Interpolation.Box, _picture);
        var picture = Encode(_picture, sharp: side > size);
        for (var y = 0; y < side; y++)
        {
            var row = _picture.Row(y);
            for (var x = 0; x < side; x++)
            {
                var pixel = row.Slice(x * PixelBuffer.BytesPerPixel, PixelBuffer.BytesPerPixel);
                // Rec. 601 luma.
                var brightness = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
                var (red, green, blue) = ColorOf(heat.At((x + 0.5) / side, (y + 0.5) / side));
                (pixel[0], pixel[1], pixel[2]) = (Blend(red), Blend(green), Blend(blue));

                byte Blend(double color) => (byte)Math.Round(double.Lerp(brightness, color, HeatShare));
            }
        }

        return (picture, Encode(_picture, sharp: false));
    }

    private static (double Red, double Green, double Blue) ColorOf(double heat)
    {
        var place = heat * (Colors.Length - 1);
        var first = Math.Min((int)place, Colors.Length - 2);
        var (from, to, share) = (Colors[first], Colors[first + 1], place - first);
        return (double.Lerp(from.Red, to.Red, share), double.Lerp(from.Green, to.Green, share), double.Lerp(from.Blue, to.Blue, share));
    }

    /// <summary>PNG where edges are to stay sharp, else JPEG.</summary>
    private static EncodedImage Encode(PixelBuffer pixels, bool sharp)
    {
        using var image = SKImage.FromPixelCopy(new SKImageInfo(pixels.Width, pixels.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels.Bytes, pixels.Stride);
        using var data = image.Encode(sharp ? SKEncodedImageFormat.Png : SKEncodedImageFormat.Jpeg, JpegQuality);
        return new(sharp ? "image/png" : "image/jpeg", data.ToArray());
    }
}
