namespace ResNet.Training;

/// <summary>
/// The images of a source with their own numbers for classes, so that a batch tells which images are in it, whichever could not be read.
/// </summary>
internal sealed class NumberedImages(ImageDataset source) : ImageDataset(source.Labels)
{
    public override int Count => source.Count;

    /// <summary>What the images of some numbers are compared with, where they have several labels: [numbers, classes] 1 or 0.</summary>
    /// <param name="images">The images.</param>
    /// <param name="numbers">Which of them.</param>
    public static float[] TargetsOf(ImageDataset images, IReadOnlyList<long> numbers)
    {
        var targets = new float[numbers.Count * images.Labels.Count];
        foreach (var (row, number) in numbers.Index())
        {
            foreach (var label in images.LabelsOf((int)number)) targets[row * images.Labels.Count + label] = 1;
        }

        return targets;
    }

    public override int LabelOf(int index) => index;

    public override string NameOf(int index) => source.NameOf(index);

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) => source.OpenReader(applyOrientation, limits);
}
