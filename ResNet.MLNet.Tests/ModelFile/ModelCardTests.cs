namespace ResNet.Tests;

/// <summary>A model card can be read without the network, ignores what it does not know, and refuses a schema that is too new.</summary>
[TestClass]
public sealed class ModelCardTests
{
    [TestMethod]
    public void A_newer_schema_version_is_refused_with_what_to_do()
    {
        var json = RandomWeights.Card(ResNetArchitecture.CifarResNet(8)).ToJson();
        var newer = json.Replace("\"schemaVersion\": 1", "\"schemaVersion\": 2", StringComparison.Ordinal);
        Assert.AreNotEqual(json, newer);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ModelCard.FromJson(newer));
        StringAssert.Contains(problem.Message, "schema version 2");
        StringAssert.Contains(problem.Message, "up to 1");
        StringAssert.Contains(problem.Message, "Update the package");
    }

    [TestMethod]
    public void Entries_that_this_version_does_not_know_are_ignored()
    {
        var card = RandomWeights.Card(ResNetArchitecture.CifarResNet(8)) with { Labels = ["cat", "dog"] };
        var json = card.ToJson().Replace("\"schemaVersion\"", "\"entryOfTheFuture\": [1, 2], \"schemaVersion\"", StringComparison.Ordinal);
        var read = ModelCard.FromJson(json);
        Assert.AreEqual(card.Architecture, read.Architecture);
        CollectionAssert.AreEqual(new[] { "cat", "dog" }, read.Labels!.ToArray());
    }

    [TestMethod]
    public void Entries_that_are_not_there_have_their_defaults()
    {
        var read = ModelCard.FromJson("""{"architecture": "cifar-resnet8", "preprocessing": {"crop": 32}}""");
        Assert.AreEqual(new ModelCard { Architecture = "cifar-resnet8", Preprocessing = new() { Crop = 32 } }, read);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ModelCard.FromJson("""{"architecture": "cifar-resnet8"}"""));
        StringAssert.Contains(problem.Message, "preprocessing");
    }

    [TestMethod]
    public void Images_that_keep_their_size_keep_it_when_the_card_is_read()
    {
        var card = RandomWeights.Card(ResNetArchitecture.CifarResNet(8), new() { Resize = null });
        Assert.IsNull(ModelCard.FromJson(card.ToJson()).Preprocessing.Resize);
    }

    [TestMethod]
    public void The_greatest_sizes_are_allowed_and_greater_ones_are_not()
    {
        var greatest = new ImagePreprocessing { Resize = 16384, Crop = 4096 };
        Assert.AreEqual((16384, 4096), (greatest.Resize!.Value, greatest.Crop));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => greatest with { Resize = 16385 });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => greatest with { Crop = 4097 });
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(20000)]
    public void Entries_that_are_out_of_range_are_refused_with_their_range(int crop)
    {
        var json = $$"""{"architecture": "cifar-resnet8", "preprocessing": {"crop": {{crop}} } }""";
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelCard.FromJson(json)).Message, "1 to 4096 pixels");
    }

    [TestMethod]
    [DataRow(""" "preprocessing": null """, "preprocessing")]
    [DataRow(""" "architecture": null """, "architecture")]
    [DataRow(""" "architecture": " " """, "architecture")]
    [DataRow(""" "labels": ["a", null] """, "label")]
    [DataRow(""" "thresholds": [0.5, 1.5] """, "thresholds")]
    [DataRow(""" "thresholds": [-1] """, "thresholds")]
    [DataRow(""" "scoreFunction": 7 """, "score function")]
    [DataRow(""" "scoreFunction": "Guess" """, "scoreFunction")]
    [DataRow(""" "preprocessing": {"std": {"r": 0, "g": 1, "b": 1}} """, "Std must be above 0")]
    [DataRow(""" "preprocessing": {"std": {"r": -1, "g": 1, "b": 1}} """, "Std must be above 0")]
    [DataRow(""" "preprocessing": {"std": {"r": 1}} """, "Std must be above 0")]
    [DataRow(""" "preprocessing": {"std": {"r": 1, "g": 1e39, "b": 1}} """, "Std must be above 0")]
    [DataRow(""" "preprocessing": {"std": {"r": 1e-40, "g": 1, "b": 1}} """, "Std must be above 0")]
    [DataRow(""" "preprocessing": {"mean": {"r": 1e39, "g": 0, "b": 0}} """, "Mean must be finite")]
    [DataRow(""" "preprocessing": {"mean": null} """, "mean")]
    [DataRow(""" "preprocessing": {"interpolation": 9} """, "Interpolation must be one of Bilinear, Bicubic, Box")]
    [DataRow(""" "preprocessing": {"channelOrder": 2} """, "ChannelOrder must be one of Rgb, Bgr")]
    [DataRow(""" "preprocessing": {"resize": -1} """, "Resize must be 1 to 16384")]
    public void Values_that_no_card_can_have_are_refused_when_it_is_read(string entry, string problem)
    {
        // Of two entries of one name the later one counts.
        var json = $$"""{"architecture": "cifar-resnet8", "preprocessing": {"crop": 32}, {{entry}} }""";
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelCard.FromJson(json)).Message, problem);
    }

    [TestMethod]
    public void What_a_model_file_is_given_is_what_it_says()
    {
        using var folder = new TemporaryFolder();
        var architecture = ResNetArchitecture.CifarResNet(8);
        var file = folder.PathOf("model.onnx");
        var card = RandomWeights.Card(architecture) with { License = "MIT", Metrics = new Dictionary<string, double> { ["top1"] = 0.75 } };
        ModelFile.Write(file, architecture, RandomWeights.For(architecture), card);
        Assert.AreEqual(card.ToJson(), ModelCard.Read(file)!.ToJson());
    }

    [TestMethod]
    public void A_file_that_is_not_a_model_is_named()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("notes.onnx");
        Assert.ThrowsExactly<FileNotFoundException>(() => ModelCard.Read(file));
        File.WriteAllText(file, "This is not a model.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelCard.Read(file)).Message, "notes.onnx");
    }

    [TestMethod]
    public void An_ONNX_file_from_elsewhere_has_no_card() =>
        Assert.IsNull(ModelCard.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "foreign", "scores.onnx")));
}
