using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// The images of an ML.NET <see cref="IDataView"/>, whose rows are read once. Paths are kept as they are, encoded images as their bytes and
/// an <see cref="MLImage"/> as a copy of its pixels.
/// </summary>
internal sealed class DataViewImages : ImageDataset
{
    private readonly ImageInput[] _images;
    private readonly ImageLabels _labels;

    private DataViewImages(IReadOnlyList<string> labels, ImageInput[] images, ImageLabels numbers)
        : base(labels) => (_images, _labels) = (images, numbers);

    public override int Count => _images.Length;

    /// <summary>
    /// Reads the rows. Those without a label (a missing key, an empty text) are left out, unless rows have any number of labels.
    /// </summary>
    /// <param name="data">The rows.</param>
    /// <param name="columns">What is read of them.</param>
    /// <param name="labels">The classes in their order; null for those of the column.</param>
    /// <param name="note">Receives a message about the rows that are left out.</param>
    /// <param name="beforeRow">Called before each row; it may throw to stop.</param>
    /// <inheritdoc cref="ImageDataset.FromDataView" path="/exception"/>
    public static DataViewImages Read(
        IDataView data, DataViewColumns columns, IReadOnlyList<string>? labels, Action<string>? note, Action? beforeRow = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        var input = ImageColumn.Find(data.Schema, columns.Input);
        var label = LabelColumn.Find(data.Schema, columns.Label);
        var keys = LabelColumn.KeyNames(label);
        List<ImageInput> images = [];
        var hasSets = LabelSetColumn.Is(label, columns.LabelSeparators);
        List<string[]> classes = [];
        var unlabeled = 0;
        using (var row = data.GetRowCursor([input, label]))
        {
            var readImage = ImageColumn.Reader(row, input, columns.ImageFolder);
            var readClasses = hasSets ? LabelSetColumn.Reader(row, label, columns.LabelSeparators) : OneClass(row, label, keys);
            var image = new RowImage();
            var decoder = new ImageDecoder(applyOrientation: false);
            beforeRow?.Invoke();
            for (; row.MoveNext(); beforeRow?.Invoke())
            {
                var names = readClasses();
                if (names.Length == 0)
                {
                    unlabeled++;
                    if (!hasSets) continue;
                }

                readImage(image);
                images.Add(Keep(image.Input, $"row {row.Position}", decoder));
                classes.Add(names);
            }
        }

        if (unlabeled > 0)
        {
            var have = Plural.Of(unlabeled, "row has", "rows have");
            var and = hasSets
                ? $"{Plural.Choose(unlabeled, "counts", "count")} as being of none of the classes"
                : $"{Plural.Choose(unlabeled, "is", "are")} left out";
            note?.Invoke($"{have} no label in the column '{columns.Label}' and {and}.");
        }

        labels ??= keys ?? [.. classes.SelectMany(names => names).Distinct().Order(StringComparer.Ordinal)];
        var numbers = new ClassNumbers(labels);
        string[] all = [.. classes.SelectMany(names => names)];
        var flat = numbers.GetAll(all, $"The column '{columns.Label}'");
        return new(labels, [.. images], hasSets ? ImageLabels.Several([.. classes.Select(Numbers)]) : ImageLabels.One(flat));

        int[] Numbers(string[] names) => [.. names.Select(name => numbers.Find(name)!.Value)];
    }

    public override bool IsMultiLabel => _labels.IsMultiLabel;

    public override int LabelOf(int index) => _labels.Of(index);

    public override IReadOnlyList<int> LabelsOf(int index) => _labels.AllOf(index);

    /// <summary>The path of an image, or the number of its row, from 0.</summary>
    public override string NameOf(int index) => _images[index].Name!;

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) =>
        new InputReader(index => _images[index], applyOrientation, limits);

    private static Func<string[]> OneClass(DataViewRow row, DataViewSchema.Column label, IReadOnlyList<string>? keys)
    {
        var read = LabelColumn.Reader(row, label, keys);
        return () => read() is { Length: > 0 } name ? [name] : [];
    }

    /// <summary>The image of a row, kept beyond the row: what is only valid for its time is copied.</summary>
    private static ImageInput Keep(ImageInput image, string row, ImageDecoder decoder)
    {
        if (image.Path is { } path) return path.Length > 0 ? image : ImageInput.None(row);
        if (image.Encoded is { } encoded) return new(encoded.ToArray(), row);
        if (image.Image is not { } mlImage) return ImageInput.None(row);
        var pixels = new PixelBuffer();
        pixels.CopyFrom(decoder.Decode(new(mlImage, row)));
        decoder.LetGo();
        return new(pixels, row);
    }
}

/// <summary>The columns that are read of an <see cref="IDataView"/>.</summary>
/// <param name="Label">The column of classes.</param>
/// <param name="Input">The column of images; null for the one with a usual name.</param>
/// <param name="ImageFolder">The folder that relative paths start from; null for the current folder.</param>
internal readonly record struct DataViewColumns(string Label, string? Input, string? ImageFolder)
{
    /// <summary>The letters that separate the labels of an image in a text; null where a text is one class.</summary>
    public string? LabelSeparators { get; init; }
}
