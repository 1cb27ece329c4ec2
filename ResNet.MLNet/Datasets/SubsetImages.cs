namespace ResNet.MLNet;

/// <summary>Some images of other ones, in an order of their own.</summary>
internal sealed class SubsetImages(ImageDataset whole, int[] indices) : ImageDataset(whole.Labels)
{
    public override int Count => indices.Length;

    public override bool IsMultiLabel => whole.IsMultiLabel;

    public override int LabelOf(int index) => whole.LabelOf(indices[index]);

    public override IReadOnlyList<int> LabelsOf(int index) => whole.LabelsOf(indices[index]);

    public override string NameOf(int index) => whole.NameOf(indices[index]);

    public override string? SplitOf(int index) => whole.SplitOf(indices[index]);

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) =>
        new Reader(whole.OpenReader(applyOrientation, limits), indices);

    private sealed class Reader(ImageReader whole, int[] indices) : ImageReader
    {
        public override PixelBuffer Read(int index) => whole.Read(indices[index]);

        public override PixelBuffer Read(int index, RegionChooser choose) => whole.Read(indices[index], choose);

        public override void LetGo() => whole.LetGo();
    }
}
