namespace ResNet.Tests;

/// <summary>Whatever opens files of users opens regular files only, and says what else lies there.</summary>
[TestClass]
[OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
public sealed class RegularFileTests
{
    /// <summary>All that reads a file that a user names.</summary>
    private static readonly Dictionary<string, Action<string>> Readers = new()
    {
        ["image"] = path => new ImagePreparer(ImagePreprocessing.Small(28)).Crop(new(path)),
        ["model file"] = path => ResNetModel.Open(path),
        ["foreign model file"] = path => ResNetModel.Open(path, ImagePreprocessing.ImageNet),
        ["card"] = path => ModelCard.Read(path),
        ["weights"] = path => WeightFile.Read(path),
        ["import"] = path => ResNetImporter.Import(path, path + ".onnx"),
        ["quantize"] = path => ResNetQuantizer.Quantize(path, [path], path + ".onnx"),
        ["start of a training"] = path => StartingPoint.Open(path),
        ["recipe"] = path => TrainingRecipe.Read(path),
        ["labels"] = path => LabelFile.Read(path),
        ["table"] = path => ImageDataset.FromTable(path),
        ["IDX"] = path => ImageDataset.FromIdx(path, path),
        ["CIFAR"] = path => ImageDataset.FromCifar([path]),
    };

    public static IEnumerable<object[]> Names => Readers.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void What_is_not_a_regular_file_is_refused_by_what_it_is_and_never_waited_for(string reader)
    {
        using var folder = new TemporaryFolder();
        SpecialFile.CreateFifo(folder.PathOf("fifo"));
        File.CreateSymbolicLink(folder.PathOf("link"), "fifo");
        using var socket = SpecialFile.CreateSocket(folder.PathOf("socket"));
        (string Path, string Told)[] cases =
        [
            (folder.PathOf("fifo"), "a FIFO (named pipe)"),
            (folder.PathOf("link"), "a FIFO (named pipe)"),
            (folder.PathOf("socket"), "a socket"),
            ("/dev/zero", "a device"),
        ];
        foreach (var (path, told) in cases)
        {
            var problem = Assert.Throws<Exception>(() => SpecialFile.EndsInTime(() => Readers[reader](path)));
            StringAssert.Contains(problem.Message, path);
            StringAssert.Contains(problem.Message, told);
        }
    }

    [TestMethod]
    public void Links_to_regular_files_are_opened_and_a_file_that_is_too_long_is_not_read()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("file"), "text");
        File.CreateSymbolicLink(folder.PathOf("link"), "file");
        Assert.AreEqual("text", RegularFile.ReadAllText(folder.PathOf("link")));
        Assert.Throws<FileNotFoundException>(() => RegularFile.ReadAllText(folder.PathOf("nothing")));
        using (var sparse = File.Create(folder.PathOf("sparse"))) sparse.SetLength(RegularFile.LongestText + 1);
        var problem = Assert.Throws<IOException>(() => RegularFile.ReadAllText(folder.PathOf("sparse")));
        StringAssert.Contains(problem.Message, folder.PathOf("sparse"));
    }

    [TestMethod]
    public void The_names_of_one_file_have_one_identity()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("file"), "");
        File.WriteAllText(folder.PathOf("other"), "");
        File.CreateSymbolicLink(folder.PathOf("link"), "file");
        File.CreateSymbolicLink(folder.PathOf("circle"), "circle");
        SpecialFile.CreateHardLink(folder.PathOf("hard"), of: folder.PathOf("file"));
        var file = FileStatus.Of(folder.PathOf("file"));
        Assert.AreEqual(FileKind.Regular, file.Kind);
        Assert.AreEqual(file, FileStatus.Of(folder.PathOf("link")));
        Assert.AreEqual(file, FileStatus.Of(folder.PathOf("hard")));
        Assert.AreNotEqual(file.Identity, FileStatus.Of(folder.PathOf("other")).Identity);
        Assert.AreEqual(FileKind.Folder, FileStatus.Of(folder.Path).Kind);
        Assert.AreEqual(FileKind.None, FileStatus.Of(folder.PathOf("nothing")).Kind);
        Assert.AreEqual(FileKind.None, FileStatus.Of(folder.PathOf("circle")).Kind);
        Assert.IsTrue(FileStatus.IsLink(folder.PathOf("circle")) && !FileStatus.IsLink(folder.PathOf("hard")));
    }
}
