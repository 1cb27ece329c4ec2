namespace ResNet.MLNet;

/// <summary>Labeled images, not yet decoded. Instances do not change and may be read from many threads.</summary>
public abstract class ImageDataset
{
    private protected ImageDataset(IReadOnlyList<string> labels) => Labels = labels;

    /// <summary>The names of the classes, in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The number of images.</summary>
    public abstract int Count { get; }

    /// <summary>The number of images of each class, in the order of <see cref="Labels"/>.</summary>
    public IReadOnlyList<int> ClassCounts
    {
        get
        {
            var counts = new int[Labels.Count];
            for (var i = 0; i < Count; i++) counts[LabelOf(i)]++;
            return counts;
        }
    }

    /// <summary>The class of an image: an index into <see cref="Labels"/>.</summary>
    public abstract int LabelOf(int index);

    /// <summary>What an image is called in messages: its path, or its place in its file.</summary>
    public abstract string NameOf(int index);

    /// <summary>Some of the images, in the order given; the classes stay the same.</summary>
    public ImageDataset Subset(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return new Part(this, [.. indices]);
    }

    /// <summary>Makes what decodes images for one thread.</summary>
    /// <param name="applyOrientation">Whether the orientation in the files (EXIF) is applied.</param>
    internal abstract ImageReader OpenReader(bool applyOrientation = true);

    /// <summary>
    /// Splits off a share of each class, chosen by a seed: at least one image of each class that has two, at most all but one.
    /// </summary>
    internal (ImageDataset Kept, ImageDataset SplitOff) SplitStratified(double share, long seed)
    {
        List<int> rest = [], part = [];
        foreach (var group in Enumerable.Range(0, Count).GroupBy(LabelOf))
        {
            var members = group.ToArray();
            new SeededRandom(seed, group.Key).Shuffle(members.AsSpan());
            var taken = members.Length < 2 ? 0 : Math.Clamp((int)Math.Round(members.Length * share), 1, members.Length - 1);
            part.AddRange(members[..taken]);
            rest.AddRange(members[taken..]);
        }

        rest.Sort();
        part.Sort();
        return (Subset(rest), Subset(part));
    }

    private sealed class Part(ImageDataset whole, int[] indices) : ImageDataset(whole.Labels)
    {
        public override int Count => indices.Length;

        public override int LabelOf(int index) => whole.LabelOf(indices[index]);

        public override string NameOf(int index) => whole.NameOf(indices[index]);

        internal override ImageReader OpenReader(bool applyOrientation) => new PartReader(whole.OpenReader(applyOrientation), indices);
    }

    private sealed class PartReader(ImageReader whole, int[] indices) : ImageReader
    {
        public override PixelBuffer Read(int index) => whole.Read(indices[index]);

        public override PixelBuffer Read(int index, RegionChooser choose) => whole.Read(indices[index], choose);
    }
}
