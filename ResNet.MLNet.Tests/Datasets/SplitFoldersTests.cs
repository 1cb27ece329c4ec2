namespace ResNet.Tests;

/// <summary>
/// Folders are parts of split data or classes by what lies in them and beside them; where that does not tell, they are refused by name.
/// </summary>
[TestClass]
public sealed class SplitFoldersTests
{
    [TestMethod]
    [DataRow("Training", "Testing")]
    [DataRow("Train", "Val")]
    [DataRow("TRAIN", "validation")]
    [DataRow("train", "Valid")]
    [DataRow("training", "test")]
    public void Parts_are_known_in_any_case_and_spelling(string training, string validation)
    {
        using var folder = new TemporaryFolder();
        Fill(folder, $"{training}/bus", $"{training}/car", $"{validation}/bus", $"{validation}/car");
        var data = TrainingData.Open(folder.Path);
        CollectionAssert.AreEqual(new[] { "bus", "car" }, data.Training.Labels.ToArray());
        Assert.AreEqual(folder.PathOf(training, "bus", "0.png"), data.Training.NameOf(0));
        Assert.AreEqual(folder.PathOf(validation, "bus", "0.png"), data.Validation.NameOf(0));
        Assert.IsEmpty(data.Notes);
    }

    [TestMethod]
    public void A_class_that_is_called_train_is_one_of_the_classes()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, "bus", "car", "train");
        var data = TrainingData.Open(folder.Path);
        CollectionAssert.AreEqual(new[] { "bus", "car", "train" }, data.Training.Labels.ToArray());
        Assert.IsEmpty(data.Notes);
    }

    [TestMethod]
    public void A_class_train_of_several_folders_does_not_hide_the_classes_beside_it()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, "bus", "car", "train/steam", "train/diesel");
        var data = TrainingData.Open(folder.Path);
        CollectionAssert.AreEqual(new[] { "bus", "car", "train" }, data.Training.Labels.ToArray());
        StringAssert.Contains(data.Notes.Single(), "'train' counts as a class");
        StringAssert.Contains(data.Notes.Single(), "'bus', 'car'");
    }

    [TestMethod]
    public void What_lies_beside_the_parts_is_left_out_by_name()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, "train/bus", "train/car", "val/bus", "val/car", "test/bus", "more");
        Directory.CreateDirectory(folder.PathOf("papers"));
        var data = TrainingData.Open(folder.Path);
        Assert.AreEqual((4, 4), (data.Training.Count, data.Validation.Count));
        Assert.HasCount(2, data.Notes);
        StringAssert.Contains(data.Notes[0], $"'{folder.PathOf("test")}' is left out: 'val' is for validation");
        StringAssert.Contains(data.Notes[1], "'more' is left out");
    }

    [TestMethod]
    public void A_part_without_classes_is_not_for_validation()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, "train/bus", "train/car", "test");
        var data = TrainingData.Open(folder.Path, validationShare: 0.5);
        Assert.AreEqual((2, 2), (data.Training.Count, data.Validation.Count));
        StringAssert.Contains(data.Notes.Single(), "it holds images, but no class folders");
    }

    [TestMethod]
    [DataRow("'test', 'val'", "test/bus", "test/car", "val/bus", "val/car")]
    [DataRow("'test', 'train'", "train", "test")]
    [DataRow("'test', 'bus', 'car'", "bus", "car", "test/bus", "test/car")]
    [DataRow("'test', 'train', 'bus'", "bus", "train/steam", "train/diesel", "test")]
    public void What_may_be_classes_as_well_as_parts_is_refused_by_name(string names, params string[] folders)
    {
        using var folder = new TemporaryFolder();
        Fill(folder, folders);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => TrainingData.Open(folder.Path));
        StringAssert.Contains(problem.Message, $"'{folder.Path}': {names} may be classes or parts of a split");
    }

    [TestMethod]
    public void Two_parts_to_train_on_are_refused()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, "train/bus", "training/bus", "val/bus");
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => TrainingData.Open(folder.Path));
        StringAssert.Contains(problem.Message, "'train', 'training'");
    }

    [TestMethod]
    public void Empty_folders_that_are_called_as_parts_are_no_parts()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, "bus", "car");
        Directory.CreateDirectory(folder.PathOf("train", ".ipynb_checkpoints"));
        File.Copy(folder.PathOf("bus", "0.png"), folder.PathOf("train", ".ipynb_checkpoints", "0.png"));
        var data = TrainingData.Open(folder.Path);
        CollectionAssert.AreEqual(new[] { "bus", "car" }, data.Training.Labels.ToArray());
        StringAssert.Contains(data.Notes.Single(), $"'{folder.PathOf("train")}' has no images");
    }

    /// <summary>Puts two images into each folder.</summary>
    private static void Fill(TemporaryFolder root, params string[] folders)
    {
        foreach (var folder in folders)
            for (var i = 0; i < 2; i++) ClassFolders.Write(root.PathOf([.. folder.Split('/'), $"{i}.png"]), channel: i, size: 4, seed: i);
    }
}
