namespace ResNet.Tests;

/// <summary>Folders as Hugging Face's hub gives them: shards with an index, and files that say how images are prepared.</summary>
[TestClass]
public sealed class WeightFolderTests
{
    private static readonly StateDict Weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=2", classes: 3));

    [TestMethod]
    [DataRow("model", ".safetensors", "model.safetensors")]
    [DataRow("pytorch_model", ".bin", "pytorch_model.bin")]
    public void Shards_are_read_as_one_by_their_index_or_their_folder(string name, string ending, string index)
    {
        using var folder = new TemporaryFolder();
        index = folder.PathOf(index + ".index.json");
        WriteShards(folder, name, ending, index);
        foreach (var path in new[] { index, folder.Path })
        {
            var read = WeightFile.Read(path);
            CollectionAssert.AreEqual(Weights.Keys.ToList(), read.Keys.ToList());
            foreach (var (key, tensor) in Weights) CollectionAssert.AreEqual(tensor.Values, read[key].Values);
        }

        Assert.HasCount(Weights.Count, StartingPoint.Open(folder.Path).Weights);
        var other = folder.PathOf($"{name}-2{ending}");
        Assert.ThrowsExactly<ArgumentException>(() => ResNetImporter.Import(folder.Path, other));
        File.Delete(other);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.Read(index)).Message, $"'{name}-2{ending}'");
    }

    [TestMethod]
    [DataRow("""{"weight_map": {"conv1.weight": "../w.safetensors"}}""", "beside the index")]
    [DataRow("""{"weight_map": {"conv1.weight": "w.index.json"}}""", "beside the index")]
    [DataRow("""{"weights": {}}""", "weight_map")]
    [DataRow("[", "weight_map")]
    public void An_index_that_leads_elsewhere_or_is_none_is_refused(string index, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("w.index.json"), index);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.Read(folder.PathOf("w.index.json")));
        StringAssert.Contains(problem.Message, expected);
    }

    [TestMethod]
    public void What_timm_says_beside_the_weights_goes_into_the_card()
    {
        const string Config = """
            {"architecture": "resnet8", "label_names": ["ant", "bee", "cat"], "pretrained_cfg": {"input_size": [3, 176, 176],
             "crop_pct": 0.95, "interpolation": "bicubic", "crop_mode": "squash", "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}}
            """;
        var (card, notes) = Import(("config.json", Config));
        CollectionAssert.AreEqual(new[] { "ant", "bee", "cat" }, card.Labels!.ToList());
        Assert.AreEqual(
            new()
            {
                Resize = 185,
                Squash = true,
                Crop = 176,
                Interpolation = Interpolation.Bicubic,
                Mean = new(0.5f, 0.4f, 0.3f),
                Std = new(0.2f, 0.3f, 0.4f),
            },
            card.Preprocessing);
        Assert.Contains("'config.json' beside the weights: the names of 3 classes and the preparation of images.", notes.Single());
    }

    [TestMethod]
    [DataRow("""{"size": 224, "crop_pct": 0.875, "resample": 3, "feature_extractor_type": "ConvNextFeatureExtractor"}""", 256, 224, false)]
    [DataRow("""{"size": {"shortest_edge": 384}, "resample": 3, "image_processor_type": "ConvNextImageProcessor"}""", 384, 384, true)]
    [DataRow("""{"size": {"shortest_edge": 232}, "crop_size": {"height": 200, "width": 200}, "resample": 3}""", 232, 200, false)]
    public void What_transformers_says_beside_the_weights_goes_into_the_card(string preprocessor, int resize, int crop, bool squash)
    {
        const string Config = """{"model_type": "resnet", "id2label": {"1": "bee", "0": "ant", "2": "cat"}}""";
        var (card, notes) = Import(("config.json", Config), ("preprocessor_config.json", preprocessor));
        CollectionAssert.AreEqual(new[] { "ant", "bee", "cat" }, card.Labels!.ToList());
        Assert.AreEqual(new() { Resize = resize, Crop = crop, Squash = squash, Interpolation = Interpolation.Bicubic }, card.Preprocessing);
        Assert.HasCount(2, notes);
    }

    [TestMethod]
    [DataRow("""{"id2label": {"0": "ant", "1": "bee"}}""", "names 2 classes")]
    [DataRow("""{"pretrained_cfg": {"input_size": [1, 28, 28]}}""", "input_size")]
    [DataRow("""{"pretrained_cfg": {"interpolation": "hermite"}}""", "hermite")]
    [DataRow("""{"id2label": """, "cannot be read")]
    [DataRow("""{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}}""", null)]
    [DataRow("""{"batch_size": 32}""", null)]
    public void What_does_not_fit_is_not_used_and_that_is_said(string config, string? expected)
    {
        var (card, notes) = Import(("config.json", config));
        Assert.IsNull(card.Labels);
        if (expected is null) Assert.IsEmpty(notes);
        else Assert.IsTrue(notes.Exists(note => note.Contains(expected)));
    }

    [TestMethod]
    [DataRow("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull")]
    [DataRow("\n<!DOCTYPE html><html>", "HTML")]
    [DataRow("\u001f\u008b\u0008", "Unpack")]
    [DataRow("PK\u0003\u0004cut off", "cut off")]
    [DataRow("", "empty")]
    public void Files_that_are_taken_for_weights_say_what_they_are_and_what_to_do(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("w.pth");
        File.WriteAllText(file, content, System.Text.Encoding.Latin1);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.Read(file)).Message, expected);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => StartingPoint.Open(file)).Message, expected);
    }

    private static (ModelCard Card, List<string> Notes) Import(params (string Name, string Content)[] files)
    {
        using var folder = new TemporaryFolder();
        WeightFile.Write(folder.PathOf("model.safetensors"), Weights);
        foreach (var (name, content) in files) File.WriteAllText(folder.PathOf(name), content);
        List<string> notes = [];
        var card = ResNetImporter.Import(folder.Path, folder.PathOf("m.onnx"), note: notes.Add);
        return (card, notes);
    }

    private static void WriteShards(TemporaryFolder folder, string name, string ending, string index)
    {
        List<string> map = [];
        foreach (var (number, shard) in Weights.Chunk(Weights.Count / 2 + 1).Index())
        {
            var file = $"{name}-{number + 1}{ending}";
            var part = new StateDict();
            foreach (var (key, tensor) in shard)
            {
                part.Add(key, tensor);
                map.Add($"\"{key}\": \"{file}\"");
            }

            if (ending == ".bin") TorchFile.Save(folder.PathOf(file), part);
            else WeightFile.Write(folder.PathOf(file), part);
        }

        File.WriteAllText(index, $"{{\"metadata\": {{}}, \"weight_map\": {{{string.Join(", ", map)}}}}}");
    }
}
