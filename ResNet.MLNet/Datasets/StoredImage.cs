namespace ResNet.MLNet;

/// <summary>An image as a source keeps it until it is read: the path of a file, an encoded image or pixels; or none of them, if there is no image.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Path">The file.</param>
/// <param name="Encoded">The bytes of an image file.</param>
/// <param name="Pixels">Decoded pixels.</param>
internal readonly record struct StoredImage(string Name, string? Path = null, byte[]? Encoded = null, PixelBuffer? Pixels = null);

/// <summary>Decodes stored images for one thread.</summary>
internal sealed class StoredImageReader(IReadOnlyList<StoredImage> images, bool applyOrientation) : ImageReader
{
    private readonly ImageDecoder _decoder = new(applyOrientation);
    private readonly PixelBuffer _copy = new();

    public override PixelBuffer Read(int index) => Read(images[index], null);

    public override PixelBuffer Read(int index, RegionChooser choose) => Read(images[index], choose);

    private PixelBuffer Read(StoredImage image, RegionChooser? choose)
    {
        try
        {
            if (image.Path is not null) return _decoder.Decode(image.Path, choose);
            if (image.Encoded is not null) return _decoder.Decode(image.Encoded, choose);
            if (image.Pixels is null) throw new InvalidImageException("There is no image.");
        }
        catch (InvalidImageException problem) when (problem.Path is null)
        {
            throw new InvalidImageException(problem.Reason, image.Name, problem.InnerException);
        }

        // A copy, because the pixels that a reader gives out are the caller's to change.
        _copy.Reset(image.Pixels.Width, image.Pixels.Height);
        image.Pixels.Bytes.CopyTo(_copy.Bytes);
        if (choose is not null) _copy.Cut(choose(_copy.Width, _copy.Height).Box);
        return _copy;
    }
}
