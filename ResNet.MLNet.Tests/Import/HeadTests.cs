namespace ResNet.Tests;

/// <summary>What stands behind a network's features is its classifier if it is one linear layer, and left out if not.</summary>
[TestClass]
public sealed class HeadTests
{
    private const int Features = 8, Size = 16;

    private static readonly StateDict Weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=2", classes: 5));

    [TestMethod]
    [DataRow("", "fc.", 0)]
    [DataRow("module.", "module.fc.1.", 0)]
    [DataRow("", "fc.0.", 1)]
    [DataRow("", "last_linear.", 0)]
    [DataRow("model.backbone.", "model.head.fc.", 0)]
    [DataRow("backbone.", "classifier.1.", 0)]
    [DataRow("net.", "somewhere.out.", 1)]
    public void The_one_matrix_from_the_features_is_the_classifier_whatever_its_name(string prefix, string head, int notes)
    {
        (string, WeightTensor)[] tensors = [(head + "weight", Weights["fc.weight"]), (head + "bias", Weights["fc.bias"])];
        var found = NetworkSearch.Find(Renamed(prefix, name => name, tensors));
        Assert.AreSame(Weights["fc.weight"].Values, found.Weights["fc.weight"].Values);
        Assert.AreSame(Weights["fc.bias"].Values, found.Weights["fc.bias"].Values);
        Assert.HasCount(Weights.Count, found.Weights);
        Assert.HasCount(notes, found.Notes);
    }

    [TestMethod]
    public void A_classifier_may_be_a_convolution_and_may_lack_a_bias()
    {
        var found = NetworkSearch.Find(Renamed("", name => name, ("fc.weight", new([5, Features, 1, 1], Weights["fc.weight"].Values))));
        CollectionAssert.AreEqual(new[] { 5, Features }, found.Weights["fc.weight"].Shape.ToArray());
        CollectionAssert.AreEqual(new float[5], found.Weights["fc.bias"].Values);
        Assert.Contains("no bias", found.Notes.Single());
    }

    [TestMethod]
    [DataRow("fc.0.weight [4,8]; fc.0.bias [4]; fc.2.weight [5,4]; fc.2.bias [5]", "several layers")]
    [DataRow("fc1.weight [4,8]; fc2.weight [5,4]", "several layers")]
    [DataRow("head.0.running_mean [8]; head.1.weight [5,8]", "several layers")]
    [DataRow("one.weight [5,8]; two.weight [3,8]", "not known which")]
    [DataRow("fc.weight [5,128]", "'fc.weight' takes 128")]
    [DataRow("", "no classifier")]
    public void Other_heads_are_left_out_with_the_reason(string head, string reason)
    {
        (string, WeightTensor)[] tensors =
        [
            .. head.Split("; ", StringSplitOptions.RemoveEmptyEntries).Select(each =>
            {
                int[] shape = [.. each.Split(' ')[1].Trim('[', ']').Split(',').Select(int.Parse)];
                return (each.Split(' ')[0], new WeightTensor(shape, new float[shape.Aggregate(1, (product, size) => product * size)]));
            }),
        ];
        var found = NetworkSearch.Find(Renamed("", name => name, tensors));
        Assert.HasCount(Weights.Count - 2, found.Weights);
        Assert.Contains(reason, found.Notes[0]);
        Assert.Contains("features only", found.Notes[0]);
    }

    [TestMethod]
    [DataRow("", "9.", true)]
    [DataRow("encoder.", "classifier.", true)]
    [DataRow("0.", "1.8.", false)]
    public void The_positions_of_a_sequential_network_are_known(string prefix, string head, bool isClassifier)
    {
        (string, WeightTensor)[] tensors = [(head + "weight", Weights["fc.weight"]), (head + "bias", Weights["fc.bias"])];
        // fastai's head: batch norm and hidden layer.
        (string, WeightTensor)[] hidden = [("1.2.running_mean", new([16], new float[16])), ("1.4.weight", new([8, 16], new float[128]))];
        if (!isClassifier) tensors = [.. hidden, .. tensors];
        var found = NetworkSearch.Find(Renamed(prefix, Position, tensors));
        CollectionAssert.AreEqual(
            Weights.Keys.Where(name => isClassifier || !name.StartsWith("fc.", StringComparison.Ordinal)).ToList(),
            found.Weights.Keys.ToList());

        static string Position(string name)
        {
            var dot = name.IndexOf('.');
            return Array.IndexOf(["conv1", "bn1", "", "", "layer1", "layer2", "layer3"], name[..dot]) + name[dot..];
        }
    }

    [TestMethod]
    public void Weights_without_a_classifier_give_features_and_start_a_training()
    {
        using var folders = new ClassFolders();
        using var folder = new TemporaryFolder();
        var (file, model) = (folder.PathOf("backbone.safetensors"), folder.PathOf("features.onnx"));
        WeightFile.Write(file, Renamed("", name => name));
        List<string> notes = [];
        ResNetImporter.Import(file, model, note: notes.Add);
        Assert.Contains("no classifier", notes.Single());
        using (var session = new OnnxSession(File.ReadAllBytes(model)))
            Assert.AreEqual("features", session.Outputs.Single());

        var start = StartingPoint.Open(file);
        Assert.AreEqual(0, start.Architecture.Classes);
        Assert.Contains("no classifier", start.Notes.Single());
        var recipe = SmallRun.Recipe(0) with { FineTuning = new() { HeadCrops = 1, TrainedShare = 1 } };
        var run = ResNetTraining.Run(SmallRun.Options(folders, recipe) with { StartFrom = start, Architecture = null });
        Assert.HasCount(3, ModelCard.Read(run.ModelFile)!.Labels!);
    }

    [TestMethod]
    public void One_logit_becomes_two_classes_with_the_sigmoids_probabilities()
    {
        using var folder = new TemporaryFolder();
        float[] row = [.. Weights["fc.weight"].Values.Take(Features)];
        (string, WeightTensor)[] head = [("fc.weight", new([1, Features], row)), ("fc.bias", new([1], [0.25f]))];
        WeightFile.Write(folder.PathOf("w.safetensors"), Renamed("", name => name, head));
        List<string> notes = [];
        var card = ResNetImporter.Import(folder.PathOf("w.safetensors"), folder.PathOf("m.onnx"), note: notes.Add);
        CollectionAssert.AreEqual(new[] { "0", "1" }, card.Labels!.ToList());
        Assert.Contains("BCEWithLogitsLoss", notes.Single());
        using var session = new OnnxSession(File.ReadAllBytes(folder.PathOf("m.onnx")));
        float[] pixels = [.. Enumerable.Range(0, 3 * Size * Size).Select(index => index * 7919f % 256)];
        var features = session.Run("features", pixels, 1, 3, Size, Size);
        var probabilities = session.Run("probabilities", pixels, 1, 3, Size, Size);
        var logit = 0.25 + features.Zip(row, (feature, weight) => (double)feature * weight).Sum();
        Assert.AreEqual(1 / (1 + Math.Exp(-logit)), probabilities[1], 1e-5);
    }

    /// <summary>The network's body by other names, and another head.</summary>
    private static StateDict Renamed(string prefix, Func<string, string> rename, params (string Name, WeightTensor Tensor)[] head)
    {
        var renamed = new StateDict();
        foreach (var (name, tensor) in Weights.Where(each => !each.Key.StartsWith("fc.", StringComparison.Ordinal)))
            renamed.Add(prefix + rename(name), tensor);
        foreach (var (name, tensor) in head) renamed.Add(name, tensor);
        return renamed;
    }
}
