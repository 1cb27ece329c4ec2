using System.Text;

namespace ResNet.Tests;

/// <summary>What a table says becomes classes and images; what is wrong with it is named with its line.</summary>
[TestClass]
public sealed class TableImagesTests
{
    [TestMethod]
    public void Columns_are_found_by_their_usual_names_and_paths_start_from_the_tables_folder()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        const string Text = "id,Image_Path,Class\r\n1,red/000.png,red\r\n2,blue/000.png,blue\r\n\r\n3,blue/001.jpg,blue\r\n";
        var table = Write(folders, "data.csv", Text);
        var images = ImageDataset.FromTable(table);
        CollectionAssert.AreEqual(new[] { "blue", "red" }, images.Labels.ToList());
        CollectionAssert.AreEqual(new[] { 1, 0, 0 }, Labels(images));
        CollectionAssert.AreEqual(new[] { 2, 1 }, images.ClassCounts.ToList());
        Assert.AreEqual(folders.PathOf("blue", "001.jpg"), images.NameOf(2));
        Assert.IsNull(images.SplitOf(0));
        var expected = ImageDataset.FromFolder(folders.Folder).OpenReader(true).Read(0).Bytes.ToArray();
        CollectionAssert.AreEqual(expected, images.OpenReader(true).Read(1).Bytes.ToArray());
        CollectionAssert.AreEqual(new[] { 0, 2, 2 }, Labels(ImageDataset.FromTable(table, labels: ["red", "green", "blue"])));
        CollectionAssert.AreEqual(new[] { "1", "2", "3" }, ImageDataset.FromTable(table, labelColumn: "id").Labels.ToList());
    }

    [TestMethod]
    [DataRow("x.csv", "path,label\n\"a, b.png\",\"the \"\"one\"\"\"\n\"new\nline.png\",two")]
    [DataRow("x.csv", "path;label\n\"a, b.png\";\"the \"\"one\"\"\"\n\"new\nline.png\";two\n")]
    [DataRow("x.tsv", "\ufeffpath\tlabel\na, b.png\t\"the \"\"one\"\"\"\n\"new\nline.png\"\ttwo\n")]
    public void Separators_quotes_and_line_ends_in_fields_are_read_as_RFC_4180_says(string name, string text)
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var images = ImageDataset.FromTable(Write(folders, name, text));
        CollectionAssert.AreEqual(new[] { "the \"one\"", "two" }, images.Labels.ToList());
        Assert.AreEqual(folders.PathOf("a, b.png"), images.NameOf(0));
        Assert.AreEqual(folders.PathOf("new\nline.png"), images.NameOf(1));
    }

    [TestMethod]
    [DataRow("", "is empty")]
    [DataRow("path,label\n", "no images")]
    [DataRow(
        "picture,label\nred/000.png,red",
        "line 1: there is no column of paths (path, imagepath, image, file, filename). Columns are: picture, label.")]
    [DataRow("path,kind\nred/000.png,red", "line 1: there is no column of classes")]
    [DataRow("path,label,label\nred/000.png,red,red", "several columns 'label'")]
    [DataRow("path,label\n\nred/000.png,red\n,red", "line 4: the column 'path' is empty")]
    [DataRow("path,label\nred/000.png,\"\"", "line 2: the column 'label' is empty")]
    [DataRow("path,label\nred/000.png,red,1", "line 2: 3 fields, but the header has 2")]
    [DataRow("path,label\nred/000.png,\"red", "line 2: the closing quote of a field is missing")]
    [DataRow("path,label\n\"a\nb\"x,red", "line 3: there is text behind the closing quote")]
    [DataRow("path,label,split\na.png,red,train\nb.png,red,later", "line 3: the column 'split' says 'later'")]
    public void What_is_wrong_with_a_table_is_named_with_its_line(string text, string reason)
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var table = Write(folders, "data.csv", text);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ImageDataset.FromTable(table));
        StringAssert.Contains(problem.Message, reason);
        StringAssert.Contains(problem.Message, $"'{table}'");
    }

    [TestMethod]
    public void A_class_that_is_not_to_be_trained_on_a_named_column_that_is_missing_and_another_encoding_are_refused()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var table = Write(folders, "data.csv", "path,label\nred/000.png,red\nblue/000.png,blue");
        Throws("line 3: the class 'blue' is not among those to train on: red.", () => ImageDataset.FromTable(table, labels: ["red"]));
        Throws("no column of paths 'where'", () => ImageDataset.FromTable(table, pathColumn: "where"));
        Throws("no column of splits 'part'", () => ImageDataset.FromTable(table, splitColumn: "part"));
        File.WriteAllBytes(table, Encoding.Latin1.GetBytes("path,label\nrøed.png,red"));
        Throws("is not text in UTF-8", () => ImageDataset.FromTable(table));
        Assert.ThrowsExactly<FileNotFoundException>(() => TrainingData.Open(folders.PathOf("none.csv")));
    }

    [TestMethod]
    public void The_split_column_says_what_is_for_training_and_what_for_validation()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var three = OpenWith("valid");
        CollectionAssert.AreEqual(new[] { 1, 0 }, Labels(three.Training));
        Assert.AreEqual(folders.PathOf("red", "001.jpg"), three.Validation.NameOf(0));
        Assert.AreEqual(1, three.Validation.Count);
        StringAssert.Contains(three.Notes.Single(), "1 image of the split test is left out");
        var two = OpenWith("test");
        CollectionAssert.AreEqual(new[] { 1, 0 }, Labels(two.Validation));
        const string NoSplit = "path,label\nred/000.png,red\nred/001.jpg,red\nblue/000.png,blue\nblue/001.jpg,blue\n";
        var none = TrainingData.Open(Write(folders, "none.csv", NoSplit), validationShare: 0.5);
        Assert.AreEqual((2, 2), (none.Training.Count, none.Validation.Count));
        var bad = Write(folders, "bad.csv", "path,label,split\na.png,a,test\nb.png,b,val");
        Throws("no images whose split is train", () => TrainingData.Open(bad));

        TrainingData OpenWith(string split) => TrainingData.Open(Write(
            folders,
            $"{split}.csv",
            $"path,label,split\nred/000.png,red,train\nblue/000.png,blue,Training\nred/001.jpg,red,{split}\nblue/001.jpg,blue,test\n"));
    }

    [TestMethod]
    public void An_image_that_is_missing_is_seen_when_it_is_read()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var images = ImageDataset.FromTable(Write(folders, "data.csv", "file,category\nnowhere.png,red\nblue/000.png,blue"));
        var reader = images.OpenReader(true);
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => reader.Read(0));
        StringAssert.Contains(problem.Message, $"'{folders.PathOf("nowhere.png")}': There is no such file.");
        Assert.AreEqual(12, reader.Read(1).Width);
    }

    private static void Throws(string message, Action action) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(action).Message, message);

    private static string Write(ClassFolders folders, string name, string text)
    {
        File.WriteAllText(folders.PathOf(name), text);
        return folders.PathOf(name);
    }

    private static List<int> Labels(ImageDataset source) => [.. Enumerable.Range(0, source.Count).Select(source.LabelOf)];
}
