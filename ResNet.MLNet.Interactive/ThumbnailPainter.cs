namespace ResNet.MLNet.Interactive;

/// <summary>Reduces images to one height, as data of an HTML page. Keeps its buffers, so one instance serves one thread.</summary>
/// <param name="height">The height in pixels.</param>
internal sealed class ThumbnailPainter(int height)
{
    /// <summary>An image is at most so many times as wide as high, so that a panorama does not fill the page.</summary>
    private const int MostAspect = 3;
    private const int JpegQuality = 80;

    private readonly ImageDecoder _decoder = new(applyOrientation: true);
    private readonly Resampler _resampler = new();
    private readonly PixelBuffer _reduced = new();

    /// <summary>Gives an image as the address of an <c>img</c> element.</summary>
    /// <param name="image">The image.</param>
    public string Paint(ImageInput image)
    {
        var pixels = _decoder.Decode(image);
        var width = Math.Clamp((int)Math.Round((double)height * pixels.Width / pixels.Height), 1, MostAspect * height);
        _reduced.Reset(width, height);
        PixelBox whole = new(0, 0, pixels.Width, pixels.Height);
        _resampler.Resize(pixels, whole, width, height, new(0, 0, width, height), Interpolation.Bilinear, _reduced);
        return EncodedImage.Jpeg(_reduced, JpegQuality).ToAddress();
    }
}
