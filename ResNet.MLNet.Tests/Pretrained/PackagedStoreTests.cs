using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>What the store does with the files of a package: here two small graphs in place of ML.NET's ResNet-50.</summary>
[TestClass]
public sealed class PackagedStoreTests
{
    private const int Size = 224;

    private static readonly PretrainedResNet Entry = PretrainedResNet.Find("resnet50-mlnet")!;
    private static readonly ResNetArchitecture Small = ResNetArchitecture.Parse("resnet50:width=2", classes: 0);

    [TestMethod]
    public void A_model_file_is_made_once_names_the_digests_of_its_files_and_is_used_without_them()
    {
        using var folder = new TemporaryFolder();
        WritePackage(folder, Small);
        Collector notes = new();
        var model = Store(folder).Get(Entry, notes);
        Assert.AreEqual(folder.PathOf("store", "resnet50-mlnet.onnx"), model);
        var card = ModelCard.Read(model)!;
        foreach (var file in new[] { Entry.Package!.GraphFile, Entry.Package.PreprocessingFile })
        {
            var hash = Downloader.HashOf(folder.PathOf(file));
            Assert.Contains(hash, card.Source!);
            // No digest of these is known, which is said.
            Assert.IsTrue(notes.Texts.Exists(note => note.Contains(hash) && note.Contains("None is known")));
        }

        Assert.AreEqual((256, Size), (card.Preprocessing.Resize!.Value, card.Preprocessing.Crop));
        Assert.IsNotNull(card.Preprocessing.MeanImage);
        var made = File.GetLastWriteTimeUtc(model);
        Directory.Delete(folder.PathOf("DnnImageModels"), recursive: true);
        Assert.AreEqual(model, Store(folder).Get(Entry));
        Assert.AreEqual(made, File.GetLastWriteTimeUtc(model));
    }

    [TestMethod]
    public void The_name_of_an_architecture_means_what_is_here_and_a_note_says_which()
    {
        using var folder = new TemporaryFolder();
        WritePackage(folder, Small);
        var store = Store(folder);
        Collector notes = new();
        var packaged = store.Find("ResNet50", notes);
        Assert.AreEqual("resnet50-mlnet.onnx", Path.GetFileName(packaged));
        Assert.Contains("The weights are resnet50-mlnet, ML.NET's", notes.Texts[0]);
        Assert.Contains("resnet50-imagenet-v1 is not", notes.Texts[0]);

        var problem = Assert.ThrowsExactly<IOException>(() => store.FindClassifier("resnet50"));
        string[] told = ["resnet50-imagenet-v1", "http://127.0.0.1:9/resnet50-0676ba61.pth (103 MB)", packaged, "features only"];
        foreach (var expected in told) Assert.Contains(expected, problem.Message);
        // By its own name it is what it is.
        Assert.AreEqual(packaged, store.FindClassifier("resnet50-mlnet"));

        var standard = PretrainedResNet.Find("resnet50")!;
        var network = ResNetArchitecture.Parse("resnet50:width=2", classes: 7);
        var card = RandomWeights.Card(network) with { Source = standard.ToCard().Source };
        ModelFile.Write(folder.PathOf("store", "resnet50-imagenet-v1.onnx"), network, RandomWeights.For(network), card);
        Assert.AreEqual(store.Locate(standard), store.Find("resnet50", notes));
        Assert.AreEqual(store.Locate(standard), store.FindClassifier("resnet50"));
        Assert.Contains("The weights are resnet50-imagenet-v1, torchvision's", notes.Texts[^1]);
    }

    [TestMethod]
    public void Where_the_store_cannot_be_written_the_temporary_folder_keeps_it_and_a_note_says_so()
    {
        using var folder = new TemporaryFolder();
        WritePackage(folder, Small);
        File.WriteAllText(folder.PathOf("file"), "");
        // A folder cannot be made below a file.
        var store = new ModelStore(folder.PathOf("file", "store"), null, new())
        {
            PackageFolders = [folder.Path],
            TemporaryFolder = folder.PathOf("temporary"),
        };
        Collector notes = new();
        var model = store.Get(Entry, notes);
        Assert.AreEqual(folder.PathOf("temporary", "resnet50-mlnet.onnx"), model);
        Assert.Contains($"It is kept in '{folder.PathOf("temporary")}' for now.", notes.Texts[0]);
        var made = File.GetLastWriteTimeUtc(model);
        Assert.AreEqual(model, store.Get(Entry));
        Assert.AreEqual(made, File.GetLastWriteTimeUtc(model));
    }

    [TestMethod]
    public void Another_network_under_its_name_is_refused()
    {
        using var folder = new TemporaryFolder();
        WritePackage(folder, ResNetArchitecture.Parse("resnet18:width=2", classes: 0));
        var problem = Assert.ThrowsExactly<IOException>(() => Store(folder).Get(Entry));
        Assert.Contains("is a resnet18:width=2, not a resnet50", problem.Message);
        Assert.IsFalse(File.Exists(folder.PathOf("store", "resnet50-mlnet.onnx")));
    }

    private static ModelStore Store(TemporaryFolder folder) => new(folder.PathOf("store"), "http://127.0.0.1:9/", new() { Pauses = [] })
    {
        PackageFolders = [folder.Path],
        TemporaryFolder = folder.PathOf("temporary"),
    };

    /// <summary>Writes a network as a graph that says nothing of itself, and one that swaps channels and subtracts an image.</summary>
    private static void WritePackage(TemporaryFolder folder, ResNetArchitecture network)
    {
        var card = ModelCard.For(network) with { Preprocessing = ImagePreprocessing.ImageNet with { Mean = default } };
        var graph = ModelProto.Parser.ParseFrom(ModelFile.ToBytes(network, RandomWeights.For(network), card));
        graph.MetadataProps.Clear();
        Write(folder.PathOf(Entry.Package!.GraphFile), graph);

        var preparation = new OnnxGraph("prepare");
        preparation.Input("x", 1, 3, Size, Size);
        float[] image = [.. Enumerable.Range(0, 3 * Size * Size).Select(index => 60f + index % 50)];
        var (order, mean) = (preparation.Constant("order", 2L, 1L, 0L), preparation.Constant("image", image, 1, 3, Size, Size));
        var swapped = preparation.Node("Gather", "swapped", ["x", order], OnnxGraph.Attribute("axis", 1));
        preparation.Output(preparation.Node("Sub", "y", [swapped, mean]), 1, 3, Size, Size);
        var model = new ModelProto { IrVersion = 8, Graph = preparation.Graph, OpsetImport = { new OperatorSetIdProto { Version = 13 } } };
        Write(folder.PathOf(Entry.Package.PreprocessingFile), model);
    }

    private static void Write(string path, ModelProto model)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, model.ToByteArray());
    }

    private sealed class Collector : IProgress<DownloadProgress>
    {
        public List<string> Texts { get; } = [];

        public void Report(DownloadProgress value)
        {
            if (value.Note is { } note) Texts.Add(note);
        }
    }
}
