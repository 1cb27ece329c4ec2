using ResNet.MLNet;

namespace ResNet.Training;

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

    public override PixelBuffer Read(int index)
    {
        var image = images[index];
        if (image.Path is not null) return _decoder.Decode(image.Path);
        try
        {
            if (image.Encoded is not null) return _decoder.Decode(image.Encoded);
        }
        catch (InvalidImageException problem)
        {
            throw new InvalidImageException(problem.Reason, image.Name, problem);
        }

        if (image.Pixels is null) throw new InvalidImageException("There is no image.", image.Name);
        // A copy, because the pixels that a reader gives out are the caller's to change.
        _copy.Reset(image.Pixels.Width, image.Pixels.Height);
        image.Pixels.Bytes.CopyTo(_copy.Bytes);
        return _copy;
    }
}
