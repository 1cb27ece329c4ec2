using System.Runtime.Intrinsics;

namespace ResNet.MLNet;

/// <summary>
/// Makes a network's input from an image: torchvision's Resize (antialiased, on PIL images) and CenterCrop, to the bit, then planar floats
/// of the raw values 0..255 (the model file itself applies mean and standard deviation). Keeps its buffers, so one instance serves one
/// thread.
/// </summary>
/// <param name="preprocessing">How images are prepared.</param>
/// <param name="limits">What an image may cost; null for the usual limits.</param>
internal sealed class ImagePreparer(ImagePreprocessing preprocessing, ImageLimits? limits = null)
{
    private readonly ImageDecoder _decoder = new(preprocessing.ApplyExifOrientation, limits);
    private readonly Resampler _resampler = new();
    private readonly PixelBuffer _crop = new();

    /// <summary>The number of floats of one image: 3 * crop * crop.</summary>
    public int Length => 3 * preprocessing.Crop * preprocessing.Crop;

    /// <inheritdoc cref="ImageMemory.KeptBytes"/>
    public long KeptBytes => _decoder.KeptBytes + _resampler.KeptBytes + _crop.KeptBytes;

    /// <summary>Prepares an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="destination">Receives <see cref="Length"/> floats: the red plane, the green, the blue.</param>
    /// <exception cref="InvalidImageException">It cannot be read; the message says why and names the image.</exception>
    public void Prepare(ImageInput image, Span<float> destination) => ToPlanes(Crop(image), destination);

    /// <summary>The resized and cropped pixels of an image, before they become floats. Valid until the next call.</summary>
    /// <exception cref="InvalidImageException">It cannot be read; the message says why and names the image.</exception>
    public PixelBuffer Crop(ImageInput image)
    {
        try
        {
            Crop(_decoder.Decode(image), _crop);
            return _crop;
        }
        finally
        {
            _decoder.LetGo();
            LetGo();
        }
    }

    /// <summary>Writes the resized and cropped pixels of a decoded image to another buffer.</summary>
    public void Crop(PixelBuffer image, PixelBuffer target)
    {
        var (width, height) = ResizedSize(image.Width, image.Height);
        var crop = preprocessing.Crop;
        target.Reset(crop, crop);
        if (width < crop || height < crop) target.Bytes.Clear();
        var across = CenterCrop.Of(width, crop);
        var down = CenterCrop.Of(height, crop);
        var whole = new PixelBox(0, 0, image.Width, image.Height);
        var wanted = new PixelBox(across.From, down.From, across.Count, down.Count);
        _resampler.Resize(image, whole, width, height, wanted, preprocessing.Interpolation, target, across.To, down.To);
    }

    /// <summary>Gives back memory that is too large to be kept for the next image.</summary>
    public void LetGo() => _resampler.LetGo();

    private (int Width, int Height) ResizedSize(int width, int height)
    {
        if (preprocessing.Squash)
        {
            var side = preprocessing.Resize ?? preprocessing.Crop;
            return (side, side);
        }

        if (preprocessing.Resize is not { } size) return (width, height);
        var longer = (long)size * Math.Max(width, height) / Math.Min(width, height);
        if (longer > int.MaxValue)
            throw new InvalidImageException($"{width} x {height} pixels are too oblong to be resized to a shorter side of {size}.");
        return width <= height ? (size, (int)longer) : ((int)longer, size);
    }

    /// <summary>Makes floats of pixels that are resized and cropped already.</summary>
    /// <param name="image">The pixels.</param>
    /// <param name="destination">Receives <see cref="Length"/> floats: the red plane, the green, the blue.</param>
    public void ToPlanes(PixelBuffer image, Span<float> destination)
    {
        if (destination.Length != Length)
            throw new ArgumentException($"The destination has {destination.Length} values; an image has {Length}.", nameof(destination));
        var pixels = image.Pixels;
        var plane = pixels.Length;
        for (var channel = 0; channel < 3; channel++) ToPlane(pixels, 8 * channel, destination.Slice(channel * plane, plane));
    }

    private static void ToPlane(ReadOnlySpan<uint> pixels, int shift, Span<float> plane)
    {
        var mask = Vector256.Create(0xffu);
        var i = 0;
        for (; i <= pixels.Length - Vector256<uint>.Count; i += Vector256<uint>.Count)
            Vector256.ConvertToSingle(((Vector256.Create(pixels[i..]) >>> shift) & mask).AsInt32()).CopyTo(plane[i..]);
        for (; i < pixels.Length; i++) plane[i] = (pixels[i] >> shift) & 0xff;
    }

    /// <summary>The center crop on one axis.</summary>
    /// <param name="From">The first pixel that it takes.</param>
    /// <param name="To">Where it puts that pixel.</param>
    /// <param name="Count">How many pixels it takes.</param>
    private readonly record struct CenterCrop(int From, int To, int Count)
    {
        public static CenterCrop Of(int size, int crop) => size >= crop
            // torchvision rounds the offset with Python's round, that is half to even; what is missing it pads, the odd pixel behind.
            ? new((int)Math.Round((size - crop) / 2.0, MidpointRounding.ToEven), 0, crop)
            : new(0, (crop - size) / 2, size);
    }
}
