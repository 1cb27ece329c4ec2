namespace ResNet.MLNet;

/// <summary>Decodes the images of a source for one thread.</summary>
internal abstract class ImageReader
{
    /// <summary>The pixels of an image, valid until the next call. The caller may change them.</summary>
    /// <exception cref="InvalidImageException">It cannot be read; the message names it.</exception>
    public abstract PixelBuffer Read(int index);

    /// <summary>
    /// The pixels of a part of an image, valid until the next call. Readers of encoded images decode little more than it.
    /// </summary>
    /// <inheritdoc cref="Read(int)" path="/exception"/>
    public virtual PixelBuffer Read(int index, RegionChooser choose)
    {
        var image = Read(index);
        image.Crop(choose(image.Width, image.Height).Box);
        return image;
    }

    /// <summary>Gives back memory that is too large to be kept for the next image. What the last call gave is lost.</summary>
    public virtual void LetGo()
    {
    }
}

/// <summary>Decodes images that are kept as they came: as paths, encoded or as pixels.</summary>
/// <param name="images">Gives each image.</param>
/// <param name="applyOrientation">Whether the orientation in the files (EXIF) is applied.</param>
/// <param name="limits">What an image may cost; null for the usual limits.</param>
internal sealed class InputReader(Func<int, ImageInput> images, bool applyOrientation, ImageLimits? limits = null) : ImageReader
{
    private readonly ImageDecoder _decoder = new(applyOrientation, limits);

    public override PixelBuffer Read(int index) => _decoder.Decode(images(index));

    public override PixelBuffer Read(int index, RegionChooser choose) => _decoder.Decode(images(index), choose);

    public override void LetGo() => _decoder.LetGo();
}
