namespace ResNet.Tests;

/// <summary>A class is added to a trained network, which keeps what it knows.</summary>
[TestClass]
public sealed class AddedClassesTests
{
    private static readonly TrainingRecipe HeadOnly = SmallRun.Recipe(0) with { FineTuning = new() { HeadCrops = 1 } };

    [TestMethod]
    public void A_class_is_added_without_images_of_the_old_ones()
    {
        using var world = new TwoColors();
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, HeadOnly);
        Directory.Delete(folders.PathOf("blue"), recursive: true);
        Directory.Delete(folders.PathOf("green"), recursive: true);
        var start = StartingPoint.Open(world.Model);
        var data = TrainingData.Open(folders.Folder, 0.25, minimumClasses: 1);
        var added = ResNetTraining.Run(options with { StartFrom = start, AddClasses = true, Data = data });
        Assert.IsGreaterThan(0.9, added.Validation!.Top1);
        var network = StartingPoint.Open(added.ModelFile);
        CollectionAssert.AreEqual(new[] { "blue", "green", "red" }, network.Labels!.ToList());
        // The old rows are as they were, to the bit, and so are the other layers, but for the rounding of folding batch norm once more.
        foreach (var (name, tensor) in start.Weights)
        {
            var now = network.Weights[name].Values;
            var tolerance = name.StartsWith("fc.", StringComparison.Ordinal) ? 0 : 1e-6f * tensor.Values.Max(Math.Abs);
            for (var i = 0; i < tensor.Values.Length; i++) Assert.AreEqual(tensor.Values[i], now[i], tolerance, name);
        }

        using var model = ResNetModel.Open(added.ModelFile);
        using var old = new ClassFolders();
        foreach (var color in new[] { "blue", "green", "red" })
        {
            var files = Directory.GetFiles(old.PathOf(color));
            var right = files.Count(file => model.Classify(file)[0].Label == color);
            Assert.IsGreaterThan(0.8 * files.Length, right, color);
        }

        // And once more: the means of all three are remembered.
        Assert.IsFalse(ClassMeans.Parse(network.ClassMeans!, network.Architecture.FeatureCount, 3)!.Of(0).IsEmpty);
    }

    [TestMethod]
    public void Old_images_are_used_where_there_are_some_and_their_classes_keep_their_numbers()
    {
        using var world = new TwoColors();
        using var folders = new ClassFolders();
        // "azure" sorts before the old classes.
        Directory.Move(folders.PathOf("red"), folders.PathOf("azure"));
        var options = SmallRun.Options(folders, HeadOnly) with { StartFrom = StartingPoint.Open(world.Checkpoint), AddClasses = true };
        var added = ResNetTraining.Run(options);
        CollectionAssert.AreEqual(new[] { "blue", "green", "azure" }, ModelCard.Read(added.ModelFile)!.Labels!.ToList());
        Assert.IsGreaterThan(0.85, added.Validation!.Top1);
    }

    [TestMethod]
    public void What_cannot_be_added_says_why()
    {
        using var world = new TwoColors();
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, HeadOnly) with { AddClasses = true };
        Refuses(options, "needs a trained network");
        Refuses(options with { StartFrom = StartingPoint.Open(world.Model), Recipe = HeadOnly with { Epochs = 2 } }, "Epochs must be 0");
        var binary = HeadOnly with { Loss = LossFunction.BinaryCrossEntropy };
        Refuses(options with { StartFrom = StartingPoint.Open(world.Model), Recipe = binary }, "added with cross-entropy");
        Directory.Delete(folders.PathOf("blue"), recursive: true);
        Directory.Move(folders.PathOf("red"), folders.PathOf("crimson"));
        // A network from random weights does not remember its images, and there is none of "blue".
        Refuses(options with { Data = folders.Open(), StartFrom = StartingPoint.Open(world.FromScratch) }, "no images of 'blue'");
        Directory.Delete(folders.PathOf("crimson"), recursive: true);
        var known = options with { Data = TrainingData.Open(folders.Folder, minimumClasses: 1) };
        Refuses(known with { StartFrom = StartingPoint.Open(world.Model) }, "all classes of the data already (green)");

        static void Refuses(TrainingOptions options, string why) =>
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ResNetTraining.Run(options)).Message, why);
    }

    /// <summary>A network that tells blue from green, with a head that was fitted to a network's features.</summary>
    private sealed class TwoColors : IDisposable
    {
        private readonly ClassFolders _first = new(), _folders = new();

        public TwoColors()
        {
            ResNetTraining.Run(SmallRun.Options(_first, SmallRun.Recipe(3)));
            Directory.Delete(_folders.PathOf("red"), recursive: true);
            var start = StartingPoint.Open(Path.Combine(_first.Output, "best.safetensors"));
            ResNetTraining.Run(SmallRun.Options(_folders, HeadOnly) with { StartFrom = start });
        }

        public string Checkpoint => Path.Combine(_folders.Output, "last.safetensors");

        public string FromScratch => Path.Combine(_first.Output, "model.onnx");

        public string Model => Path.Combine(_folders.Output, "model.onnx");

        public void Dispose()
        {
            _first.Dispose();
            _folders.Dispose();
        }
    }
}
