namespace ResNet.Training;

/// <summary>What augmentations of one thread work on: two buffers, so that a step reads one and writes the other.</summary>
internal sealed class Canvas(ImagePreprocessing preprocessing)
{
    private readonly ImagePreparer _preparer = new(preprocessing);
    private readonly Resampler _resampler = new();
    private readonly PixelBuffer _first = new(), _second = new();

    /// <summary>Height and width of the network's input in pixels.</summary>
    public int Size => preprocessing.Crop;

    /// <summary>
    /// Which pixels of the image at its final size the result shows: none other unless an augmentation that pads and crops says so.
    /// </summary>
    public Placement Placement { get; set; }

    /// <summary>A buffer that is not this one.</summary>
    public PixelBuffer Other(PixelBuffer image) => image == _first ? _second : _first;

    /// <summary>The image as the network sees it when it is used.</summary>
    public PixelBuffer CenterCrop(PixelBuffer image)
    {
        var result = Other(image);
        Placement = default;
        _preparer.Crop(image, result);
        return result;
    }

    /// <summary>The image if it has the size of the network's input, else its <see cref="CenterCrop"/>.</summary>
    public PixelBuffer Fit(PixelBuffer image) => image.Width == Size && image.Height == Size ? image : CenterCrop(image);

    /// <summary>The image, stretched to the size of the network's input.</summary>
    /// <param name="image">The image.</param>
    /// <param name="mirror">Whether it is mirrored, left and right, too.</param>
    public PixelBuffer Stretch(PixelBuffer image, bool mirror)
    {
        var result = image.Width == Size && image.Height == Size ? image : Resize(image);
        Placement = default;
        if (mirror) result.Mirror();
        return result;
    }

    /// <summary>Gives back memory that is too large to be kept for the next image.</summary>
    public void LetGo()
    {
        _preparer.LetGo();
        _resampler.LetGo();
        _first.LetGo();
        _second.LetGo();
    }

    private PixelBuffer Resize(PixelBuffer image)
    {
        var result = Other(image);
        result.Reset(Size, Size);
        var whole = new PixelBox(0, 0, image.Width, image.Height);
        _resampler.Resize(image, whole, Size, Size, new(0, 0, Size, Size), preprocessing.Interpolation, result);
        return result;
    }
}
