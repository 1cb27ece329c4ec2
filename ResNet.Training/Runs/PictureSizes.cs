using static System.FormattableString;

namespace ResNet.Training;

/// <summary>How large the images are that a network is to learn, and how many: what its start is chosen by.</summary>
/// <param name="LongerSide">The median of the longer sides of a sample, in pixels; null if no image of it can be read.</param>
/// <param name="Count">The number of images.</param>
/// <param name="Classes">The number of classes.</param>
internal sealed record PictureSizes(int? LongerSide, int Count, int Classes)
{
    private const int SampleSize = 25;

    /// <summary>Whether they are small; not if none could be read.</summary>
    public bool AreSmall => LongerSide <= DefaultStart.SmallSide;

    /// <summary>Whether they suffice to learn from them alone.</summary>
    public bool AreMany => Count >= (long)DefaultStart.ManyImagesPerClass * Classes;

    /// <summary>Their size, for a message.</summary>
    public string Side => Invariant($"the longer side has {LongerSide} pixels");

    /// <summary>Their number, for a message.</summary>
    public string PerClass => Invariant($"{(int)Math.Round((double)Count / Classes):N0} a class");

    /// <summary>Reads the sizes of a seeded sample. Of a JPEG file little more than the header is decoded.</summary>
    /// <param name="images">The images.</param>
    /// <param name="limits">What an image may cost.</param>
    public static PictureSizes Measure(ImageDataset images, ImageLimits limits)
    {
        var random = new SeededRandom(0);
        var reader = images.OpenReader(limits: limits);
        List<int> sides = [];
        for (var i = 0; i < Math.Min(SampleSize, images.Count); i++)
        {
            try
            {
                reader.Read(images.Count <= SampleSize ? i : random.Next(images.Count), Measured);
            }
            catch (InvalidImageException)
            {
                // The run names it.
            }
        }

        reader.LetGo();
        sides.Sort();
        return new(sides.Count == 0 ? null : sides[sides.Count / 2], images.Count, images.Labels.Count);

        ImageRegion Measured(int width, int height)
        {
            sides.Add(Math.Max(width, height));
            return new(new(0, 0, 1, 1));
        }
    }
}
