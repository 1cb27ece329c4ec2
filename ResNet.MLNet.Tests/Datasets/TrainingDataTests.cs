namespace ResNet.Tests;

/// <summary>What lies in a folder becomes classes and images; what does not belong there is named.</summary>
[TestClass]
public sealed class TrainingDataTests
{
    [TestMethod]
    public void Class_folders_are_split_by_class_and_seed()
    {
        using var folders = new ClassFolders(imagesPerClass: 8);
        var data = folders.Open(0.25);
        CollectionAssert.AreEqual(new[] { "blue", "green", "red" }, data.Training.Labels.ToList());
        var (training, validation) = (Names(data.Training), Names(data.Validation));
        Assert.HasCount(18, training);
        var labels = Enumerable.Range(0, data.Validation.Count).Select(data.Validation.LabelOf).ToList();
        CollectionAssert.AreEqual(new[] { 0, 0, 1, 1, 2, 2 }, labels);
        Assert.IsEmpty(training.Intersect(validation));
        CollectionAssert.AreEqual(validation, Names(folders.Open(0.25).Validation));
        CollectionAssert.AreNotEqual(validation, Names(TrainingData.Open(folders.Folder, 0.25, seed: 2).Validation));
    }

    [TestMethod]
    public void Train_and_val_folders_are_taken_as_they_are()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        foreach (var part in new[] { "train", "val" })
        {
            for (var label = 0; label < 2; label++)
                ClassFolders.Write(folders.PathOf("split", part, $"class{label}", "1.png"), label, 4, seed: label);
        }

        var data = TrainingData.Open(folders.PathOf("split"));
        Assert.AreEqual(2, data.Training.Count);
        Assert.AreEqual(folders.PathOf("split", "val", "class1", "1.png"), data.Validation.NameOf(1));
        ClassFolders.Write(folders.PathOf("split", "val", "stranger", "1.png"), 0, 4, seed: 1);
        Throws("stranger", () => TrainingData.Open(folders.PathOf("split")));
    }

    [TestMethod]
    public void Junk_is_left_out_and_named()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        File.WriteAllText(folders.PathOf("red", "notes.txt"), "no image");
        File.WriteAllText(folders.PathOf("README.md"), "no class");
        File.WriteAllText(folders.PathOf("red", ".hidden.jpg"), "hidden");
        Directory.CreateDirectory(folders.PathOf(".git", "objects"));
        Directory.CreateDirectory(folders.PathOf("empty"));
        var data = folders.Open(0.5);
        Assert.AreEqual(6, data.Training.Count + data.Validation.Count);
        Assert.AreEqual(3, data.Training.Labels.Count);
        Assert.HasCount(2, data.Notes);
        StringAssert.Contains(string.Concat(data.Notes), "notes.txt");
        StringAssert.Contains(string.Concat(data.Notes), "empty");
    }

    [TestMethod]
    public void A_folder_that_holds_no_classes_says_what_it_should_hold()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        Throws("class folders", () => TrainingData.Open(folders.PathOf("red")));
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => TrainingData.Open(folders.PathOf("nowhere")));
        var outer = Outer(folders);
        Throws($"Did you mean '{Path.Combine(outer, "inner")}'?", () => TrainingData.Open(outer));
        Directory.Delete(folders.PathOf("red"), recursive: true);
        Directory.Delete(folders.PathOf("blue"), recursive: true);
        Throws("only one class, 'green'", () => folders.Open());
    }

    [TestMethod]
    [DataRow("-images-idx3-ubyte", "-labels-idx1-ubyte", false)]
    [DataRow("-images.idx3-ubyte", "-labels.idx1-ubyte", false)]
    [DataRow("-images-idx3-ubyte.gz", "-labels-idx1-ubyte.gz", true)]
    public void Idx_files_are_read_plain_and_gzipped(string images, string labels, bool zip)
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        foreach (var (part, count) in new[] { ("train", 7), ("t10k", 3) })
        {
            var pixelBytes = Enumerable.Range(0, count * 6).Select(value => (byte)value);
            var labelBytes = Enumerable.Range(0, count).Select(value => (byte)(value % 3));
            IdxFile.Write(folders.PathOf("idx", part + images), zip, [count, 2, 3], [.. pixelBytes]);
            IdxFile.Write(folders.PathOf("idx", part + labels), zip, [count], [.. labelBytes]);
        }

        var data = TrainingData.Open(folders.PathOf("idx"));
        Assert.AreEqual((7, 3), (data.Training.Count, data.Validation.Count));
        CollectionAssert.AreEqual(new[] { "0", "1", "2" }, data.Training.Labels.ToList());
        var pixels = data.Training.OpenReader().Read(4);
        Assert.AreEqual((3, 2), (pixels.Width, pixels.Height));
        Assert.AreEqual(0xff1d1d1du, pixels.Pixels[5]);
        Assert.AreEqual(1, data.Training.LabelOf(4));
        File.WriteAllLines(folders.PathOf("idx", "labels.txt"), ["shirt", "shoe", "bag"]);
        CollectionAssert.AreEqual(new[] { "shirt", "shoe", "bag" }, TrainingData.Open(folders.PathOf("idx")).Validation.Labels.ToList());
    }

    [TestMethod]
    public void Damaged_idx_files_are_named()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        string images = folders.PathOf("idx", "train-images-idx3-ubyte"), labels = folders.PathOf("idx", "train-labels-idx1-ubyte");
        IdxFile.Write(images, false, [2, 2, 2], new byte[8]);
        Throws("train-labels-idx1-ubyte", Open);
        IdxFile.Write(labels, false, [3], [0, 1, 2]);
        Throws("2 images", Open);
        IdxFile.Write(images, false, [3, 2, 2], new byte[11]);
        Throws("11 bytes of data instead of 12", Open);
        IdxFile.Write(images, false, [int.MaxValue, int.MaxValue, 2], []);
        Throws(images, Open);
        File.WriteAllBytes(images, [0x1f, 0x8b, 8, 0, 1, 2]);
        Throws(images, Open);
        File.WriteAllText(images, "This is a text and no IDX file at all.");
        Throws("is not an IDX file", Open);

        void Open() => TrainingData.Open(folders.PathOf("idx"));
    }

    private static void Throws(string message, Action action) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(action).Message, message);

    private static string Outer(ClassFolders folders)
    {
        foreach (var label in new[] { 0, 1 })
            ClassFolders.Write(folders.PathOf(".outer", "inner", $"class{label}", "1.png"), label, 4, seed: label);
        return folders.PathOf(".outer");
    }

    private static List<string> Names(ImageDataset source) => [.. Enumerable.Range(0, source.Count).Select(source.NameOf)];
}
