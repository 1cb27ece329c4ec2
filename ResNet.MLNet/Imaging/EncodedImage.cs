using SkiaSharp;

namespace ResNet.MLNet;

/// <summary>The content of an image file.</summary>
/// <param name="MediaType">Such as <c>image/png</c>.</param>
/// <param name="Data">The content.</param>
internal sealed record EncodedImage(string MediaType, byte[] Data)
{
    /// <summary>Encodes pixels without loss.</summary>
    public static EncodedImage Png(PixelBuffer pixels) => new("image/png", Encode(pixels, SKEncodedImageFormat.Png, 100));

    /// <summary>Encodes pixels with loss.</summary>
    /// <param name="pixels">The pixels.</param>
    /// <param name="quality">0 to 100, the best.</param>
    public static EncodedImage Jpeg(PixelBuffer pixels, int quality) =>
        new("image/jpeg", Encode(pixels, SKEncodedImageFormat.Jpeg, quality));

    private static byte[] Encode(PixelBuffer pixels, SKEncodedImageFormat format, int quality)
    {
        var info = new SKImageInfo(pixels.Width, pixels.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var image = SKImage.FromPixelCopy(info, pixels.Bytes, pixels.Stride);
        using var data = image.Encode(format, quality);
        return data.ToArray();
    }
}
