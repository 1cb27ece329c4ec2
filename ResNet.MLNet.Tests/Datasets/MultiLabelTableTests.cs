namespace ResNet.Tests;

/// <summary>A table with several labels a line.</summary>
[TestClass]
public sealed class MultiLabelTableTests
{
    [TestMethod]
    public void Labels_are_separated_trimmed_and_each_taken_once()
    {
        using var folder = new TemporaryFolder();
        var table = Write(folder, "path,labels\na.png,sea; sun|sea\nb.png,\nc.png,sun\n");
        var images = ImageDataset.FromMultiLabelTable(table);
        Assert.IsTrue(images.IsMultiLabel);
        CollectionAssert.AreEqual(new[] { "sea", "sun" }, images.Labels.ToList());
        CollectionAssert.AreEqual(new[] { "0,1", "", "1" }, Sets(images));
        CollectionAssert.AreEqual(new[] { 1, 2 }, images.ClassCounts.ToList());
        CollectionAssert.AreEqual(new[] { "1", "0,1" }, Sets(images.Subset([2, 0])));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => images.LabelOf(0)).Message, "LabelsOf");
        var given = ImageDataset.FromMultiLabelTable(table, labels: ["sun", "moon", "sea"]);
        CollectionAssert.AreEqual(new[] { "0,2", "", "0" }, Sets(given));
    }

    [TestMethod]
    [DataRow(" ", "path\ttags\na.png\tsea sun\n", "sea,sun")]
    [DataRow(";", "path;label\na.png;\"sea;sun\"\n", "sea,sun")]
    [DataRow(";", "path,Categories\na.png,sea|sun;moon\n", "moon,sea|sun")]
    public void Separators_and_the_column_are_the_users(string separators, string text, string labels)
    {
        using var folder = new TemporaryFolder();
        Assert.AreEqual(labels, string.Join(',', ImageDataset.FromMultiLabelTable(Write(folder, text), separators).Labels));
    }

    [TestMethod]
    public void What_is_wrong_is_said()
    {
        using var folder = new TemporaryFolder();
        var table = Write(folder, "path,labels\na.png,sea\nb.png,\n");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => ImageDataset.FromMultiLabelTable(table, labels: ["sun"])).Message,
            "line 2: the class 'sea' is not among those to train on");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => ImageDataset.FromMultiLabelTable(table, "a;")).Message, "letters and digits");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => TrainingData.OpenMultiLabel(folder.Path)).Message, "is not a table");
        var data = TrainingData.OpenMultiLabel(table, validationShare: 0);
        StringAssert.Contains(data.Notes[0], "1 image has no label and counts as being of none");
        StringAssert.Contains(data.Notes[1], "no image has more than one label. Labels are separated by: ; |");
        File.WriteAllText(table, "path,labels\na.png,\n");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => ImageDataset.FromMultiLabelTable(table)).Message, "no image has a label");
    }

    [TestMethod]
    public void A_share_is_split_off_of_every_label_the_rare_ones_included()
    {
        using var folder = new TemporaryFolder();
        var lines = Enumerable.Range(0, 40).Select(index => $"{index:00}.png,{(index % 10 == 0 ? "sea;sun" : "sun")}");
        var table = Write(folder, string.Join('\n', ["path,labels", .. lines]));
        var data = TrainingData.OpenMultiLabel(table, validationShare: 0.25);
        CollectionAssert.AreEqual(new[] { 1, 10 }, data.Validation.ClassCounts.ToList());
        CollectionAssert.AreEqual(new[] { 3, 30 }, data.Training.ClassCounts.ToList());
        Assert.IsTrue(data.Validation.IsMultiLabel);
        Assert.AreEqual(data.Identity, TrainingData.OpenMultiLabel(table, validationShare: 0.25).Identity);
        // The labels are part of what a run is.
        File.WriteAllText(table, File.ReadAllText(table).Replace("01.png,sun", "01.png,sea"));
        Assert.AreNotEqual(data.Identity, TrainingData.OpenMultiLabel(table, validationShare: 0.25).Identity);
    }

    private static string Write(TemporaryFolder folder, string text)
    {
        var path = folder.PathOf("images.csv");
        File.WriteAllText(path, text);
        return path;
    }

    private static List<string> Sets(ImageDataset images) =>
        [.. Enumerable.Range(0, images.Count).Select(index => string.Join(',', images.LabelsOf(index)))];
}
