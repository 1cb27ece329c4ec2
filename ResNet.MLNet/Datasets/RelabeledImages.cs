namespace ResNet.MLNet;

/// <summary>The images of another dataset, with their classes among more.</summary>
/// <param name="whole">The images.</param>
/// <param name="labels">All classes; those of the images are among them.</param>
internal sealed class RelabeledImages(ImageDataset whole, IReadOnlyList<string> labels) : ImageDataset(labels)
{
    private readonly int[] _numbers = [.. whole.Labels.Select(label => labels.Index().First(known => known.Item == label).Index)];

    public override int Count => whole.Count;

    public override int LabelOf(int index) => _numbers[whole.LabelOf(index)];

    public override string NameOf(int index) => whole.NameOf(index);

    public override string? SplitOf(int index) => whole.SplitOf(index);

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) => whole.OpenReader(applyOrientation, limits);
}
