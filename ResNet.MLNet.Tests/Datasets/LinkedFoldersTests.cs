namespace ResNet.Tests;

/// <summary>Links among images: each real folder is read once, whatever leads to it, and what is not a file is never opened.</summary>
[TestClass]
[OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
public sealed class LinkedFoldersTests
{
    [TestMethod]
    public void A_link_back_into_a_folder_adds_no_images()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        Directory.CreateSymbolicLink(folders.PathOf("red", "again"), ".");
        Directory.CreateSymbolicLink(folders.PathOf("red", "more"), ".");
        Directory.CreateSymbolicLink(folders.PathOf("blue", "up"), "..");
        Directory.CreateSymbolicLink(folders.PathOf("blue", "top"), "/");
        Directory.CreateSymbolicLink(folders.PathOf("green", "other"), folders.PathOf("red"));
        var data = folders.Open(0.25);
        Assert.AreEqual(12, data.Training.Count + data.Validation.Count);
        var note = data.Notes.Single();
        StringAssert.Contains(note, "5 folders are passed over");
        StringAssert.Contains(note, $"'{folders.PathOf("blue", "top")}'");
        Assert.HasCount(12, ImageFiles.Below(folders.Folder));
        Assert.HasCount(12, ImageFiles.Below(folders.Folder + Path.DirectorySeparatorChar));
    }

    [TestMethod]
    public void A_class_folder_may_be_a_link_to_a_folder_elsewhere_and_hold_links_to_files()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        Directory.CreateDirectory(folders.PathOf("set", "b"));
        Directory.CreateSymbolicLink(folders.PathOf("set", "a"), folders.PathOf("red"));
        File.CreateSymbolicLink(folders.PathOf("set", "b", "link.png"), folders.PathOf("blue", "000.png"));
        File.CreateSymbolicLink(folders.PathOf("set", "b", "broken.png"), folders.PathOf("nowhere.png"));
        File.CreateSymbolicLink(folders.PathOf("set", "b", "circle.png"), "circle.png");
        List<string> notes = [];
        var images = ImageDataset.FromFolder(folders.PathOf("set"), note: notes.Add);
        string[] expected = ["a/000.png", "a/001.jpg", "b/link.png"];
        CollectionAssert.AreEqual(expected, Enumerable.Range(0, images.Count).Select(Name).ToArray());
        StringAssert.Contains(notes.Single(), "2 entries are not regular files");
        StringAssert.Contains(notes.Single(), "broken.png");

        string Name(int index) => Path.GetRelativePath(folders.PathOf("set"), images.NameOf(index));
    }

    [TestMethod]
    public void A_folder_that_is_linked_into_the_other_part_of_a_split_is_read_once()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        foreach (var part in new[] { "train", "val" })
        {
            foreach (var (name, label) in new[] { ("x", 0), ("y", 1) })
                ClassFolders.Write(folders.PathOf("split", part, name, $"{part}.png"), label, 4, seed: label);
        }

        Directory.CreateSymbolicLink(folders.PathOf("split", "val", "x", "more"), folders.PathOf("split", "train", "x"));
        File.CreateSymbolicLink(folders.PathOf("split", "val", "y", "leak.png"), folders.PathOf("split", "train", "y", "train.png"));
        var data = TrainingData.Open(folders.PathOf("split"));
        Assert.AreEqual((2, 3), (data.Training.Count, data.Validation.Count));
        Assert.HasCount(2, data.Notes);
        StringAssert.Contains(data.Notes[0], "more");
        StringAssert.Contains(data.Notes[1], "1 image is there under another name too");
        StringAssert.Contains(data.Notes[1], "leak.png");
        // All of it: then there is nothing to validate with, and the message says why.
        Directory.Delete(folders.PathOf("split", "val"), recursive: true);
        Directory.CreateSymbolicLink(folders.PathOf("split", "val"), folders.PathOf("split", "train"));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => TrainingData.Open(folders.PathOf("split")));
        StringAssert.Contains(problem.Message, "passed over");
    }

    [TestMethod]
    public void Hard_links_count_each_time_and_are_told()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        SpecialFile.CreateHardLink(folders.PathOf("red", "twin.png"), of: folders.PathOf("blue", "000.png"));
        var data = folders.Open(0);
        Assert.AreEqual(7, data.Training.Count);
        StringAssert.Contains(data.Notes.Single(), "twin.png");
    }

    [TestMethod]
    public void A_FIFO_among_the_images_is_left_out_and_never_opened()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        SpecialFile.CreateFifo(folders.PathOf("red", "pipe.jpg"));
        using var socket = SpecialFile.CreateSocket(folders.PathOf("blue", "socket.jpg"));
        SpecialFile.EndsInTime(() =>
        {
            var data = folders.Open(0);
            Assert.AreEqual(6, data.Training.Count);
            StringAssert.Contains(data.Notes.Single(), "2 entries are not regular files");
            foreach (var index in Enumerable.Range(0, data.Training.Count)) data.Training.OpenReader().Read(index);
        });
    }

    [TestMethod]
    public void Hidden_folders_are_left_out()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        ClassFolders.Write(folders.PathOf("red", ".trash", "old.png"), 0, 4, seed: 1);
        Assert.HasCount(6, ImageFiles.Below(folders.Folder));
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => ImageFiles.Below(folders.PathOf("nowhere")));
    }
}
