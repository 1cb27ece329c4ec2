using System.Text.Json;

namespace ResNet.Tests;

/// <summary>Weights of every common form become model files that compute what PyTorch computes (see Fixtures/Weights).</summary>
[TestClass]
public sealed class ImportTests
{
    /// <summary>PyTorch's figures are of float64, ours of float32: the greatest difference relative to the greatest value.</summary>
    private const double Tolerance = 1e-5;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights");

    private static IEnumerable<object[]> Files() =>
        Directory.EnumerateFiles(Folder, "*.json").Select(path => new object[] { Path.GetFileNameWithoutExtension(path) });

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
            var hasOutput = expected.TryGetProperty(output, out var values);
            Assert.AreEqual(hasOutput, session.Outputs.Contains(output), output);
            if (!hasOutput) continue;
            var want = values.EnumerateArray().Select(value => value.GetDouble()).ToArray();
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
        var architecture = ResNetArchitecture.Parse("resnet50:v1,width=2");
        string[] labels = ["a", "b", "c", "d"];
        ResNetImporter.Import(file, folder.PathOf("model.onnx"), architecture, known => known with
        {
            Labels = labels,
            Preprocessing = new() { Resize = 48, Crop = 40 },
            License = "none",
        });
        using var model = ResNetModel.Open(folder.PathOf("model.onnx"));
        Assert.AreEqual("resnet50:v1,width=2", model.Card.Architecture);
        Assert.AreEqual(40, model.Preprocessing.Crop);
        CollectionAssert.AreEqual(labels, model.Labels!.ToList());
        Assert.AreEqual("none", model.Card.License);
        Assert.Contains("half50.pth", model.Card.Source!);
        Action withOneLabel = () => ResNetImporter.Import(
            file, folder.PathOf("model.onnx"), architecture, known => known with { Labels = ["a"] });
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(withOneLabel).Message, "4 classes");
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
        Action import = () => ResNetImporter.Import(
            folder.PathOf("w.safetensors"), folder.PathOf("model.onnx"), ResNetArchitecture.Parse("resnet18:width=2"));
        var message = Assert.ThrowsExactly<InvalidDataException>(import).Message;
        StringAssert.Contains(message, "w.safetensors");
        StringAssert.Contains(message, "1 missing: layer2.0.bn1.bias");
        StringAssert.Contains(message, "1 surplus: layer9.extra");
        StringAssert.Contains(message, "layer3.1.conv2.weight is [4, 2, 3, 3] instead of [8, 8, 3, 3]");
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
        {
            var isHead = name.StartsWith("fc.", StringComparison.Ordinal);
            renamed.Add(prefix + (isHead ? head + name[3..] : name.Replace(".downsample.", ".shortcut.")), tensor);
        }

        CollectionAssert.AreEqual(weights.Keys.ToList(), NetworkSearch.Find(renamed).Weights.Keys.ToList());
    }

    [TestMethod]
    public void A_checkpoint_of_this_projects_training_is_imported()
    {
        using var folder = new TemporaryFolder();
        var architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4");
        var weights = RandomWeights.For(architecture);
        weights.Add("optimizer.velocity.conv1.weight", weights["conv1.weight"]);
        WeightFile.Write(folder.PathOf("last.safetensors"), weights);
        var card = ResNetImporter.Import(folder.PathOf("last.safetensors"), folder.PathOf("model.onnx"));
        Assert.AreEqual(architecture.Name, card.Architecture);
    }

    [TestMethod]
    public void A_checkpoint_keeps_its_card_and_its_averaged_weights()
    {
        using var folder = new TemporaryFolder();
        // Names and shapes do not tell that it has no shortcuts.
        var architecture = ResNetArchitecture.Parse("cifar-plain8:width=4", classes: 2);
        var (weights, averages) = (RandomWeights.For(architecture), RandomWeights.For(architecture, seed: 2));
        var own = RandomWeights.Card(architecture, ImagePreprocessing.Small(64) with { ApplyExifOrientation = false });
        var metadata = new Dictionary<string, string> { [ModelCard.MetadataKey] = own.ToJson() };
        foreach (var (name, average) in averages) weights.Add(WeightFile.AveragePrefix + name, average);
        WeightFile.Write(folder.PathOf("last.safetensors"), weights, metadata);
        var card = ResNetImporter.Import(folder.PathOf("last.safetensors"), folder.PathOf("model.onnx"));
        Assert.AreEqual(own.ToJson(), card.ToJson());
        CollectionAssert.AreEqual(ModelFile.ToBytes(architecture, averages, own), File.ReadAllBytes(folder.PathOf("model.onnx")));
        // What is said overrides it.
        var changed = ResNetImporter.Import(
            folder.PathOf("last.safetensors"), folder.PathOf("model.onnx"), card: known => known with { Labels = ["a", "b"] });
        CollectionAssert.AreEqual(new[] { "a", "b" }, changed.Labels!.ToList());
        Assert.AreEqual(own.Preprocessing, changed.Preprocessing);
    }

    [TestMethod]
    public void What_is_not_a_file_of_weights_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("text.pth"), "This is a text.");
        StringAssert.Contains(Refusal<InvalidDataException>(folder.PathOf("text.pth")), "text.pth");
        StringAssert.Contains(Refusal<FileNotFoundException>(folder.Path), "folder");
        StringAssert.Contains(Refusal<FileNotFoundException>(folder.PathOf("none.pth")), "none.pth");
        WeightFile.Write(folder.PathOf("w.safetensors"), new StateDict { { "encoder.0.weight", new([1], [1]) } });
        StringAssert.Contains(Refusal<InvalidDataException>(folder.PathOf("w.safetensors")), "encoder.0.weight");
        Action import = () => ResNetImporter.Import(folder.PathOf("w.safetensors"), folder.PathOf("m.onnx"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(import).Message, "encoder.0.weight");

        static string Refusal<T>(string path)
            where T : Exception => Assert.ThrowsExactly<T>(() => WeightFile.Read(path)).Message;
    }
}
