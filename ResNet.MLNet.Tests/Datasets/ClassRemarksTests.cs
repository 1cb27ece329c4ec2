using Microsoft.ML;

namespace ResNet.Tests;

/// <summary>Classes that were hardly meant, or that cannot be learned, are named, wherever the data comes from.</summary>
[TestClass]
public sealed class ClassRemarksTests
{
    [TestMethod]
    public void Spaces_around_fields_are_not_part_of_labels_and_paths()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        const string Spaced = "path , label, split\nred/000.png, red , train\n blue/000.png,\t\"blue\" ,val\nred/001.jpg,red, train\n";
        var table = Write(folders, Spaced);
        var images = ImageDataset.FromTable(table);
        CollectionAssert.AreEqual(new[] { "blue", "red" }, images.Labels.ToArray());
        Assert.AreEqual(folders.PathOf("blue", "000.png"), images.NameOf(1));
        Assert.AreEqual("val", images.SplitOf(1));
        var quoted = ImageDataset.FromTable(Write(folders, "path,label\n\" a.png\", \" ant\"\nb.png,bee"));
        CollectionAssert.AreEqual(new[] { " ant", "bee" }, quoted.Labels.ToArray());
        Assert.AreEqual(folders.PathOf(" a.png"), quoted.NameOf(0));
    }

    [TestMethod]
    public void Classes_that_differ_only_in_case_or_spaces_are_named()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        const string Text = "path,label\nred/000.png,Red\nred/001.jpg,red\nblue/000.png,\"blue \"\nblue/001.jpg,blue\n";
        var notes = TrainingData.Open(Write(folders, Text), validationShare: 0).Notes;
        Assert.HasCount(2, notes);
        StringAssert.Contains(string.Concat(notes), "'Red', 'red' differ only in case");
        StringAssert.Contains(string.Concat(notes), "'blue', 'blue '");
        Directory.Move(folders.PathOf("green"), folders.PathOf("RED"));
        StringAssert.Contains(folders.Open().Notes.Single(), "'RED', 'red'");
    }

    [TestMethod]
    public void Classes_that_are_all_called_as_parts_of_a_split_are_named()
    {
        using var folder = new TemporaryFolder();
        foreach (var part in new[] { "Testing", "Training" })
            ClassFolders.Write(folder.PathOf(part, "bus", "0.png"), channel: 0, size: 4, seed: 0);
        var images = ImageDataset.FromFolder(folder.Path);
        StringAssert.Contains(new TrainingData(images, images.Subset([])).Notes.Single(), "parts of a split are: 'Testing', 'Training'");
    }

    [TestMethod]
    public void A_class_that_only_validation_images_have_is_named_for_tables()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        const string Text = "path,label,split\nred/000.png,red,train\nblue/000.png,blue,train\ngreen/000.png,green,val\n";
        StringAssert.Contains(TrainingData.Open(Write(folders, Text)).Notes.Single(), "the class 'green'");
        var several = Write(folders, Text.Replace(",blue,", ",red;blue,", StringComparison.Ordinal));
        StringAssert.Contains(TrainingData.OpenMultiLabel(several).Notes.Single(), "the class 'green'");
    }

    [TestMethod]
    public void A_class_that_only_validation_images_have_is_named_for_rows()
    {
        var context = new MLContext();
        Row[] rows = [new("a.png", "ant"), new("b.png", "bee"), new("c.png", "cat")];
        string[] labels = ["ant", "bee", "cat"];
        var training = ImageDataset.FromDataView(context.Data.LoadFromEnumerable(rows[..2]), labels: labels);
        var validation = ImageDataset.FromDataView(context.Data.LoadFromEnumerable(rows[1..]), labels: labels);
        StringAssert.Contains(new TrainingData(training, validation).Notes.Single(), "the class 'cat'");
        Assert.IsEmpty(new TrainingData(validation, training.Subset([1])).Notes);
        // What the network knows already, it need not be taught.
        Assert.IsEmpty(new TrainingData(training, validation).Among(["cat"], ["ant", "bee"]).Notes);
    }

    [TestMethod]
    public void Paths_with_backslashes_are_used_where_they_name_files_and_else_explained()
    {
        if (Path.DirectorySeparatorChar != '/') Assert.Inconclusive("Backslashes separate folders here.");
        using var folders = new ClassFolders(imagesPerClass: 2);
        File.Copy(folders.PathOf("red", "000.png"), folders.PathOf("red\\000.png"));
        List<string> notes = [];
        var table = Write(folders, "path,label\nred\\000.png,red\nblue\\000.png,blue\nblue\\nowhere.png,blue\n");
        var images = ImageDataset.FromTable(table, note: notes.Add);
        Assert.AreEqual(folders.PathOf("red\\000.png"), images.NameOf(0));
        Assert.AreEqual(folders.PathOf("blue", "000.png"), images.NameOf(1));
        StringAssert.Contains(notes.Single(), "in 1 path backslashes are read as /");
        StringAssert.Contains(notes.Single(), "'blue\\000.png'");
        StringAssert.Contains(TrainingData.Open(table).Notes.Single(), "backslashes");
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => images.OpenReader().Read(2));
        StringAssert.Contains(problem.Message, "There is no such file. Its path has backslashes, as on Windows");
    }

    private static string Write(ClassFolders folders, string text)
    {
        File.WriteAllText(folders.PathOf("data.csv"), text);
        return folders.PathOf("data.csv");
    }

    private sealed record Row(string ImagePath, string Label);
}
