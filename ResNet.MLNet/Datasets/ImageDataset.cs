namespace ResNet.MLNet;

/// <summary>
/// Labeled images, not yet decoded: what a network is trained on and evaluated with. Instances do not change and may be used from many
/// threads.
/// </summary>
/// <remarks>
/// The class is closed on purpose: its images are decoded part by part, without allocations and in parallel, which is not for others to
/// implement. Images from elsewhere come in through an <see cref="Microsoft.ML.IDataView"/> (<see cref="FromDataView"/>).
/// </remarks>
public abstract partial class ImageDataset
{
    private protected ImageDataset(IReadOnlyList<string> labels) => Labels = labels;

    /// <summary>The names of the classes, in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The number of images.</summary>
    public abstract int Count { get; }

    /// <summary>Whether an image may have several classes, or none: <see cref="LabelsOf"/> then gives them.</summary>
    public virtual bool IsMultiLabel => false;

    /// <summary>The number of images of each class, in the order of <see cref="Labels"/>.</summary>
    public IReadOnlyList<int> ClassCounts
    {
        get
        {
            var counts = new int[Labels.Count];
            for (var i = 0; i < Count; i++)
            {
                if (!IsMultiLabel) counts[LabelOf(i)]++;
                else foreach (var label in LabelsOf(i)) counts[label]++;
            }

            return counts;
        }
    }

    /// <summary>The class of an image.</summary>
    /// <param name="index">The image, from 0.</param>
    /// <returns>An index into <see cref="Labels"/>.</returns>
    /// <exception cref="InvalidOperationException">Images may have several classes (<see cref="IsMultiLabel"/>).</exception>
    public abstract int LabelOf(int index);

    /// <summary>All classes of an image, in ascending order: one, unless <see cref="IsMultiLabel"/>.</summary>
    /// <param name="index">The image, from 0.</param>
    /// <returns>Indices into <see cref="Labels"/>.</returns>
    public virtual IReadOnlyList<int> LabelsOf(int index) => [LabelOf(index)];

    /// <summary>What an image is called in messages: its path, or its place in its file or table.</summary>
    /// <param name="index">The image, from 0.</param>
    public abstract string NameOf(int index);

    /// <summary>What an image is for, where a table has a column of splits (see <see cref="FromTable"/>).</summary>
    /// <param name="index">The image, from 0.</param>
    /// <returns><c>train</c>, <c>val</c> or <c>test</c>; null if the data does not say.</returns>
    public virtual string? SplitOf(int index) => null;

    /// <summary>An image as the content of a PNG file, with the size that it has in the data.</summary>
    /// <param name="index">The image, from 0.</param>
    /// <exception cref="InvalidImageException">The image cannot be read; the message names it.</exception>
    public byte[] ToPng(int index)
    {
        var reader = OpenReader();
        try
        {
            return EncodedImage.Png(reader.Read(index)).Data;
        }
        finally
        {
            reader.LetGo();
        }
    }

    /// <summary>Some of the images, in the order given; the classes stay the same.</summary>
    /// <param name="indices">The images, from 0.</param>
    public ImageDataset Subset(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return new SubsetImages(this, [.. indices]);
    }

    /// <summary>Opens a reader that decodes images for one thread.</summary>
    /// <param name="applyOrientation">Whether the orientation in the files (EXIF) is applied.</param>
    /// <param name="limits">What an image may cost; null for the usual limits.</param>
    internal abstract ImageReader OpenReader(bool applyOrientation = true, ImageLimits? limits = null);

    /// <summary>
    /// Splits off a share of each class, chosen by a seed: at least one image of each class that has two, at most all but one. An image of
    /// several classes counts as one of its rarest.
    /// </summary>
    internal (ImageDataset Kept, ImageDataset SplitOff) SplitStratified(double share, long seed)
    {
        List<int> rest = [], part = [];
        foreach (var group in Enumerable.Range(0, Count).GroupBy(StratumOf()))
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

    private Func<int, int> StratumOf()
    {
        if (!IsMultiLabel) return LabelOf;
        var counts = ClassCounts;
        return index => LabelsOf(index) is { Count: > 0 } labels ? labels.MinBy(label => counts[label]) : -1;
    }
}
