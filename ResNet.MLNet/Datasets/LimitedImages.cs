namespace ResNet.MLNet;

/// <summary>Images that are read within limits.</summary>
internal sealed class LimitedImages(ImageDataset whole, ImageLimits limits) : ImageDataset(whole.Labels)
{
    public override int Count => whole.Count;

    public override bool IsMultiLabel => whole.IsMultiLabel;

    public override int LabelOf(int index) => whole.LabelOf(index);

    public override IReadOnlyList<int> LabelsOf(int index) => whole.LabelsOf(index);

    public override string NameOf(int index) => whole.NameOf(index);

    public override string? SplitOf(int index) => whole.SplitOf(index);

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? usual) => whole.OpenReader(applyOrientation, limits);
}
