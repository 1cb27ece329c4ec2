using System.Text.Json;

namespace ResNet.Tests;

/// <summary>Weights of every common form become model files that compute what PyTorch computes (see Fixtures/Weights).</summary>
[TestClass]
public sealed class ImportTests
{
    /// <summary>PyTorch's figures are of float64, ours of float32: the greatest difference relative to the greatest value.</summary>
    private const double Tolerance = 1e-5;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights");

    private static IEnumerable<object[]> Files() => Directory.EnumerateFiles(Folder, "*.json").Select(path => new object[] { Path.GetFileNameWithoutExtension(path) });

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Features_and_logits_are_those_of_PyTorch(string file)
    {
        using var folder = new TemporaryFolder();
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file + ".json")));
        var expected = json.RootElement;
        var card = ResNetImporter.Import(Path.Combine(Folder, file), folder.PathOf("model.onnx"));
        Assert.AreEqual(expected.GetProperty("architecture").GetString(), card.Architecture);
        using var session = new OnnxSession(File.ReadAllBytes(folder.PathOf("model.onnx")));
        var size = expected.GetProperty("size").GetInt32();
        var pixels = Enumerable.Range(0, 2 * 3 * size * size).Select(index => (float)(index * 7919L % 256)).ToArray();
        foreach (var output in new[] { "features", "logits" })
        {
            var want = expected.GetProperty(output).EnumerateArray().Select(value => value.GetDouble()).ToArray();
            var got = session.Run(output, pixels, 2, 3, size, size);
            Assert.HasCount(want.Length, got);
            var difference = want.Zip(got, (left, right) => Math.Abs(left - right)).Max() / want.Max(Math.Abs);
            Assert.IsLessThan(Tolerance, difference, output);
        }
    }

    [TestMethod]
    public void What_is_said_overrides_what_is_recognized_and_goes_into_the_card()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(Folder, "half50.pth");
        var options = new ImportOptions
        {
            Architecture = ResNetArchitecture.Parse("resnet50:v1,width=2"),
            Labels = ["a", "b", "c", "d"],
            Preprocessing = new() { Resize = 48, Crop = 40 },
            License = "none",
        };
        ResNetImporter.Import(file, folder.PathOf("model.onnx"), options);
        using var model = ResNetModel.Open(folder.PathOf("model.onnx"));
        Assert.AreEqual("resnet50:v1,width=2", model.Card.Architecture);
        Assert.AreEqual(40, model.Preprocessing.Crop);
        CollectionAssert.AreEqual(options.Labels.ToList(), model.Labels!.ToList());
        Assert.Contains("half50.pth", model.Card.Source!);
        var problem = Assert.ThrowsExactly<ArgumentException>(() => ResNetImporter.Import(file, folder.PathOf("model.onnx"), options with { Labels = ["a"] }));
        StringAssert.Contains(problem.Message, "4 classes");
    }

    [TestMethod]
    public void Tensors_that_do_not_fit_are_listed_by_name()
    {
        using var folder = new TemporaryFolder();
        var weights = WeightFile.Read(Path.Combine(Folder, "torchvision18.pth"));
        var changed = new StateDict();
        foreach (var (name, tensor) in weights)
        {
            if (name == "layer2.0.bn1.bias") continue;
            changed.Add(name, name == "layer3.1.conv2.weight" ? new([4, 2, 3, 3], new float[72]) : tensor);
        }

        changed.Add("layer9.extra", new([1], [1]));
        WeightFile.Write(folder.PathOf("w.safetensors"), changed);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetImporter.Import(folder.PathOf("w.safetensors"), folder.PathOf("model.onnx"), new() { Architecture = ResNetArchitecture.Parse("resnet18:width=2") }));
        foreach (var expected in new[] { "w.safetensors", "1 missing: layer2.0.bn1.bias", "1 surplus: layer9.extra", "layer3.1.conv2.weight is [4, 2, 3, 3] instead of [8, 8, 3, 3]" })
            StringAssert.Contains(problem.Message, expected);
        Assert.IsFalse(File.Exists(folder.PathOf("model.onnx")));
    }

    [TestMethod]
    [DataRow("cifar-resnet8:C,width=2")]
    [DataRow("cifar-resnet20:B,width=3")]
    [DataRow("cifar-resnet32:width=2")]
    [DataRow("resnet18:C,width=2")]
    [DataRow("resnet34:A,width=2")]
    [DataRow("resnet50:C,width=2")]
    [DataRow("resnet101:width=1")]
    [DataRow("resnet152:A,width=1")]
    public void Every_architecture_is_recognized_from_its_weights(string name)
    {
        var architecture = ResNetArchitecture.Parse(name, classes: 7);
        Assert.AreEqual(architecture, ArchitectureRecognition.Recognize(RandomWeights.For(architecture)));
    }

    [TestMethod]
    [DataRow("module.", "fc.")]
    [DataRow("model.backbone.", "fc.")]
    [DataRow("_orig_mod.module.", "linear.")]
    [DataRow("", "head.fc.")]
    public void Prefixes_and_other_heads_are_known(string prefix, string head)
    {
        var weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet20:B,width=2"));
        var renamed = new StateDict();
        foreach (var (name, tensor) in weights)
            renamed.Add(prefix + (name.StartsWith("fc.", StringComparison.Ordinal) ? head + name[3..] : name.Replace(".downsample.", ".shortcut.")), tensor);
        CollectionAssert.AreEqual(weights.Keys.ToList(), WeightNames.ToTorchvision(renamed).Keys.ToList());
    }

    [TestMethod]
    public void A_checkpoint_of_this_projects_training_is_imported()
    {
        using var folder = new TemporaryFolder();
        var architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4");
        var weights = RandomWeights.For(architecture);
        weights.Add("optimizer.velocity.conv1.weight", weights["conv1.weight"]);
        WeightFile.Write(folder.PathOf("last.safetensors"), weights);
        Assert.AreEqual(architecture.Name, ResNetImporter.Import(folder.PathOf("last.safetensors"), folder.PathOf("model.onnx")).Architecture);
    }

    [TestMethod]
    public void Files_that_are_none_say_so()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("text.pth"), "This is a text.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.Read(folder.PathOf("text.pth"))).Message, "text.pth");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => WeightFile.Read(folder.Path)).Message, "folder");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => WeightFile.Read(folder.PathOf("none.pth"))).Message, "none.pth");
        WeightFile.Write(folder.PathOf("w.safetensors"), new StateDict { { "encoder.0.weight", new([1], [1]) } });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ResNetImporter.Import(folder.PathOf("w.safetensors"), folder.PathOf("m.onnx"))).Message, "encoder.0.weight");
    }
}
