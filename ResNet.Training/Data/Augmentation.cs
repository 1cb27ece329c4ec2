using System.Text.Json.Serialization;
using ResNet.MLNet;

namespace ResNet.Training;

/// <summary>How a training image is varied each time it is shown.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(CentreCrop), "none")]
[JsonDerivedType(typeof(PadCropFlip), "padCropFlip")]
[JsonDerivedType(typeof(RandomResizedCrop), "randomResizedCrop")]
public abstract record Augmentation
{
    /// <summary>No variation: the image is resized and its centre cut out, as when the network is used.</summary>
    public static Augmentation None { get; } = new CentreCrop();

    /// <summary>
    /// The image at its final size, padded with black on all sides, a crop of the final size at a random place, mirrored half of the time
    /// (He et al. 2015, section 4.2).
    /// </summary>
    /// <param name="Padding">Pixels on each side; the paper pads 4 for 32.</param>
    /// <param name="Flip">Whether images are mirrored, left and right. Leave it off where sides matter, as in letters.</param>
    public sealed record PadCropFlip(int Padding = 4, bool Flip = true) : Augmentation
    {
        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var whole = canvas.CentreCrop(image);
            var (left, top) = (random.Next(2 * Padding + 1) - Padding, random.Next(2 * Padding + 1) - Padding);
            var flip = random.NextBool() && Flip;
            var (size, result) = (canvas.Size, canvas.Result);
            // Where the crop reaches beyond the image on the left or right, that many pixels are black.
            var (from, to, count) = (Math.Clamp(left, 0, size), Math.Clamp(-left, 0, size), Math.Max(0, size - Math.Abs(left)));
            for (var y = 0; y < size; y++)
            {
                var row = result.PixelRow(y);
                row.Clear();
                if (y + top >= 0 && y + top < size) whole.PixelRow(y + top).Slice(from, count).CopyTo(row[to..]);
                if (flip) row.Reverse();
            }

            return result;
        }
    }

    /// <summary>
    /// A random part of the image, of random size and proportions, resized to the final size, mirrored half of the time (torchvision's
    /// RandomResizedCrop; Szegedy et al. 2014). For photographs.
    /// </summary>
    /// <param name="SmallestArea">The smallest part, as a share of the image's area: 0 to 1, default 0.08.</param>
    /// <param name="Flip">Whether images are mirrored, left and right.</param>
    public sealed record RandomResizedCrop(double SmallestArea = 0.08, bool Flip = true) : Augmentation
    {
        private const int Attempts = 10;
        private const double NarrowestRatio = 3.0 / 4;

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var result = canvas.ResizeBox(image, ChooseBox(image.Width, image.Height, ref random));
            if (random.NextBool() && Flip)
            {
                for (var y = 0; y < result.Height; y++) result.PixelRow(y).Reverse();
            }

            return result;
        }

        private PixelBox ChooseBox(int width, int height, ref SeededRandom random)
        {
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var area = (double)width * height * (SmallestArea + (1 - SmallestArea) * random.NextDouble());
                var ratio = Math.Exp(Math.Log(NarrowestRatio) * (1 - 2 * random.NextDouble()));
                var (w, h) = ((int)Math.Round(Math.Sqrt(area * ratio)), (int)Math.Round(Math.Sqrt(area / ratio)));
                if (w < 1 || h < 1 || w > width || h > height) continue;
                return new(random.Next(width - w + 1), random.Next(height - h + 1), w, h);
            }

            // The centre, as near to the image's proportions as is allowed.
            var (wide, high) = (Math.Min(width, (int)Math.Round(height / NarrowestRatio)), Math.Min(height, (int)Math.Round(width / NarrowestRatio)));
            return new((width - wide) / 2, (height - high) / 2, Math.Max(1, wide), Math.Max(1, high));
        }
    }

    /// <summary>Makes a square of the network's input size of an image. The result is valid until the canvas is used again.</summary>
    internal abstract PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas);

    internal sealed record CentreCrop : Augmentation
    {
        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas) => canvas.CentreCrop(image);
    }
}

/// <summary>What augmentations of one thread work on.</summary>
internal sealed class Canvas
{
    private readonly ImagePreprocessing _preprocessing;
    private readonly ImagePreparer _preparer;
    private readonly Resampler _resampler = new();

    public Canvas(ImagePreprocessing preprocessing)
    {
        (_preprocessing, _preparer) = (preprocessing, new(preprocessing));
        Result.Reset(Size, Size);
    }

    /// <summary>Height and width of the result in pixels.</summary>
    public int Size => _preprocessing.Crop;

    public PixelBuffer Result { get; } = new();

    /// <summary>The image as the network sees it when it is used.</summary>
    public PixelBuffer CentreCrop(PixelBuffer image) => _preparer.Crop(image);

    /// <summary>A part of the image, resized to <see cref="Size"/>.</summary>
    public PixelBuffer ResizeBox(PixelBuffer image, PixelBox box)
    {
        _resampler.Resize(image, box, Size, Size, new(0, 0, Size, Size), _preprocessing.Interpolation, Result);
        return Result;
    }
}
