using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>Rows of an IDataView become images and classes, whatever the columns' types.</summary>
[TestClass]
public sealed class DataViewImagesTests
{
    private static readonly MLContext Context = new(seed: 1);

    [TestMethod]
    public void Paths_bytes_and_MLImages_give_the_same_pixels()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        string[] paths = [folders.PathOf("red", "000.png"), folders.PathOf("blue", "000.png")];
        var rows = Context.Data.LoadFromEnumerable(paths.Select(path => new EncodedRow
        {
            ImagePath = path,
            ImageBytes = File.ReadAllBytes(path),
            Label = Path.GetFileName(Path.GetDirectoryName(path)!),
        }));
        var loaded = Context.Transforms.LoadImages("Image", "", "ImagePath").Fit(rows).Transform(rows);
        var expected = Pixels(ImageDataset.FromFolder(folders.Folder, ["red", "blue", "green"]), 2, 0);
        foreach (var column in new[] { "ImagePath", "ImageBytes", "Image" })
        {
            var images = ImageDataset.FromDataView(loaded, "Label", column);
            CollectionAssert.AreEqual(new[] { "blue", "red" }, images.Labels.ToList());
            CollectionAssert.AreEqual(new[] { 1, 0 }, Labels(images));
            CollectionAssert.AreEqual(expected, Pixels(images, 0, 1), column);
            Assert.AreEqual(column == "ImagePath" ? paths[1] : "row 1", images.NameOf(1));
        }
    }

    [TestMethod]
    public void Relative_paths_start_from_the_image_folder()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var images = ImageDataset.FromDataView(Rows(("red/000.png", "red"), ("blue/000.png", "blue")), imageFolder: folders.Folder);
        Assert.AreEqual(folders.PathOf("red", "000.png"), images.NameOf(0));
        Assert.AreEqual(12, images.OpenReader(true).Read(0).Width);
    }

    [TestMethod]
    public void The_classes_are_the_keys_values_in_their_order_also_those_that_no_row_has()
    {
        var rows = Rows(("a", "red"), ("b", "blue"), ("c", "green"));
        var keyed = Context.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        var images = ImageDataset.FromDataView(Context.Data.SkipRows(keyed, 1));
        CollectionAssert.AreEqual(new[] { "red", "blue", "green" }, images.Labels.ToList());
        CollectionAssert.AreEqual(new[] { 1, 2 }, Labels(images));
        CollectionAssert.AreEqual(new[] { 0, 1, 1 }, images.ClassCounts.ToList());
        var reordered = ImageDataset.FromDataView(Context.Data.SkipRows(keyed, 1), labels: ["blue", "red", "green"]);
        CollectionAssert.AreEqual(new[] { 0, 2 }, Labels(reordered));
        var unknown = Assert.ThrowsExactly<InvalidDataException>(() => ImageDataset.FromDataView(keyed, labels: ["red", "green"]));
        StringAssert.Contains(unknown.Message, "The column 'Label': the class 'blue' is not among those to train on: red, green.");
    }

    [TestMethod]
    public void Keys_of_numbers_and_keys_without_values_have_their_numbers_as_names()
    {
        var rows = Rows(("a", "x"), ("b", "y"), ("c", "z"));
        var numbers = Context.Transforms.Conversion.MapValueToKey("Label", "Number").Fit(rows).Transform(rows);
        CollectionAssert.AreEqual(new[] { "0", "1.5", "3" }, ImageDataset.FromDataView(numbers).Labels.ToList());
        var bare = Context.Data.LoadFromEnumerable(new uint[] { 3, 1, 4 }.Select(label => new BareKeyRow { Label = label }));
        // ML.NET gives rows the key of their number, counted from 0; beyond the last it is missing.
        var images = ImageDataset.FromDataView(bare);
        CollectionAssert.AreEqual(new[] { "0", "1", "2", "3" }, images.Labels.ToList());
        CollectionAssert.AreEqual(new[] { 3, 1 }, Labels(images));
    }

    [TestMethod]
    public void Rows_without_a_label_are_left_out_with_a_note()
    {
        List<string> notes = [];
        var rows = Rows(("a", "red"), ("b", ""), ("c", "blue"), ("d", ""));
        Assert.AreEqual(2, ImageDataset.FromDataView(rows, note: notes.Add).Count);
        var keyed = Context.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        CollectionAssert.AreEqual(new[] { 0, 1 }, Labels(ImageDataset.FromDataView(keyed, note: notes.Add)));
        CollectionAssert.AreEqual(Enumerable.Repeat("2 rows have no label in the column 'Label' and are left out.", 2).ToList(), notes);
    }

    [TestMethod]
    public void A_row_without_an_image_or_with_a_bad_one_is_named_when_it_is_read()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var rows = Context.Data.LoadFromEnumerable(
        [
            new EncodedRow { Label = "a" },
            new EncodedRow { Label = "b", ImageBytes = [1, 2, 3] },
        ]);
        var reader = ImageDataset.FromDataView(rows, inputColumnName: "ImageBytes").OpenReader(true);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => reader.Read(0)).Message, "'row 0': There is no image.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => reader.Read(1)).Message, "'row 1': ");
        var paths = ImageDataset.FromDataView(Rows(("", "a"), ("nowhere.png", "b"))).OpenReader(true);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => paths.Read(0)).Message, "'row 0': There is no image.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => paths.Read(1)).Message, "nowhere.png");
    }

    [TestMethod]
    public void A_column_that_is_missing_or_of_another_type_is_named()
    {
        var rows = Rows(("a", "x"));
        Throws("There is no column 'Class' with the classes. Columns are: ImagePath, Label, Number.", rows, "Class");
        Throws(
            "The column 'Number' is Single, but the classes are a key or text: " +
            "put mlContext.Transforms.Conversion.MapValueToKey(\"Number\") in front.",
            rows,
            "Number");
        Throws("There is no column 'Picture' with images", rows, input: "Picture");
        var withoutPath = Context.Transforms.DropColumns("ImagePath").Fit(rows).Transform(rows);
        Throws("There is no column ImagePath, Image or ImageBytes with images", withoutPath);
        var several = Context.Data.LoadFromEnumerable([new EncodedRow()]);
        Throws("There are several columns (ImagePath, ImageBytes) with images", several);

        static void Throws(string message, IDataView rows, string label = "Label", string? input = null)
        {
            var problem = Assert.ThrowsExactly<ArgumentException>(() => ImageDataset.FromDataView(rows, label, input));
            StringAssert.Contains(problem.Message, message);
        }
    }

    private static IDataView Rows(params (string Path, string Label)[] rows) => Context.Data.LoadFromEnumerable(
        rows.Select((row, index) => new ImageRow { ImagePath = row.Path, Label = row.Label, Number = 1.5f * index }));

    private static List<int> Labels(ImageDataset source) => [.. Enumerable.Range(0, source.Count).Select(source.LabelOf)];

    private static List<byte> Pixels(ImageDataset source, params int[] indices)
    {
        var reader = source.OpenReader(true);
        return [.. indices.SelectMany(index => reader.Read(index).Bytes.ToArray())];
    }

    private sealed class EncodedRow
    {
        public string ImagePath { get; set; } = "";

        public byte[] ImageBytes { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class BareKeyRow
    {
        public string ImagePath { get; set; } = "";

        [KeyType(4)]
        public uint Label { get; set; } = 1;
    }
}
