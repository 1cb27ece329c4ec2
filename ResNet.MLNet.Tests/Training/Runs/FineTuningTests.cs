using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>A trained network is fine-tuned for other classes, whatever file it comes in.</summary>
[TestClass]
public sealed class FineTuningTests
{
    private static readonly TrainingRecipe HeadOnly = SmallRun.Recipe(0) with { FineTuning = new() { HeadCrops = 1, TrainedShare = 1 } };

    [TestMethod]
    public void A_head_alone_learns_new_classes_in_a_moment_and_leaves_the_rest_as_it_was()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        var start = StartingPoint.Open(world.Checkpoint);
        SmallRun.Reports reports = [];
        var result = ResNetTraining.Run(SmallRun.Options(folders, HeadOnly) with { StartFrom = start }, reports);
        Assert.IsGreaterThan(0.9, result.Validation!.Top1);
        Assert.AreEqual(0, result.Kept.Epoch);
        Assert.HasCount(1, result.History);
        foreach (var phase in new[] { TrainingPhase.Featurizing, TrainingPhase.Validating })
            Assert.IsTrue(reports.Exists(report => report.Phase == phase));
        Assert.IsFalse(Directory.Exists(Path.Combine(folders.Output, ".resnet-features")));
        var learned = StartingPoint.Open(Path.Combine(folders.Output, "last.safetensors"));
        CollectionAssert.AreEqual(new[] { "blue", "green", "red" }, learned.Labels!.ToList());
        foreach (var (name, tensor) in start.Weights.Where(pair => !pair.Key.StartsWith("fc.", StringComparison.Ordinal)))
            CollectionAssert.AreEqual(tensor.Values, learned.Weights[name].Values, name);
    }

    [TestMethod]
    public void Stages_are_released_from_the_last_to_the_first_and_statistics_stay()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        var start = StartingPoint.Open(world.Checkpoint);
        // Epoch 1 trains stage 3 and the head, epoch 2 stage 2 as well.
        var recipe = SmallRun.Recipe(2) with
        {
            FineTuning = new() { HeadCrops = 1, TrainedShare = 1, EpochsPerStage = 1 },
            LearningRate = 0.01,
            Keep = KeptEpoch.Last,
        };
        ResNetTraining.Run(SmallRun.Options(folders, recipe) with { StartFrom = start });
        var learned = StartingPoint.Open(Path.Combine(folders.Output, "last.safetensors")).Weights;
        foreach (var (name, tensor) in start.Weights)
        {
            if (IsOf("fc.")) continue;
            var isTrained = (IsOf("layer2.") || IsOf("layer3.")) && !name.Contains("running_", StringComparison.Ordinal);
            Assert.AreEqual(isTrained, !tensor.Values.SequenceEqual(learned[name].Values), name);

            bool IsOf(string part) => name.StartsWith(part, StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Earlier_stages_learn_at_smaller_rates()
    {
        using var network = new ResNetModule(ResNetArchitecture.Parse("cifar-resnet8:width=4"));
        using var parameters = new FlatParameters(network, network.StageOf);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4 }, parameters.Groups.Select(group => group.Stage).ToList());
        Assert.AreEqual(network.Architecture.ParameterCount, parameters.Groups.Sum(group => group.Count));
        using var optimizer = new Optimizer.Sgd().Start(parameters, weightDecay: 0);
        using var before = parameters.Weights.clone();
        using (no_grad()) parameters.Gradients.copy_(ones_like(parameters.Gradients));
        optimizer.Step(1, group => group.Stage == 0 ? 0 : Math.Pow(0.5, 4 - group.Stage));
        using var moved = before.sub(parameters.Weights);
        foreach (var group in parameters.Groups)
        {
            var values = moved.narrow(0, group.Start, group.Count).data<float>().ToArray();
            Assert.AreEqual(group.Stage == 0 ? 0 : Math.Pow(0.5, 4 - group.Stage), values.Average(), 1e-5);
        }
    }

    [TestMethod]
    public void A_model_file_is_as_good_a_start_as_the_checkpoint_that_it_was_made_of()
    {
        using var world = new TwoColorNetwork();
        var (fromCheckpoint, fromModel) = (StartingPoint.Open(world.Checkpoint), StartingPoint.Open(world.Model));
        Assert.IsTrue(fromModel.IsFolded && !fromCheckpoint.IsFolded);
        Assert.AreEqual(fromCheckpoint.Architecture, fromModel.Architecture);
        Assert.AreEqual(fromCheckpoint.Preprocessing, fromModel.Preprocessing);
        using var scope = NewDisposeScope();
        using var original = new ResNetModule(fromCheckpoint.Architecture);
        using var restored = new ResNetModule(fromModel.Architecture);
        original.Load(fromCheckpoint.Weights);
        restored.Load(fromModel.Weights);
        using var generator = new Generator(3);
        var images = randn([64, 3, 12, 12], generator: generator);
        original.eval();
        restored.eval();
        using var _ = no_grad();
        AssertClose(original.forward(images), restored.forward(images), 1e-4);

        // With statistics measured on images, it is the same function still, and in training, where batches' own statistics count, nearly
        // the original's, too.
        restored.Unfold([images.alias()]);
        AssertClose(original.forward(images), restored.forward(images), 1e-4);
        var evaluated = restored.forward(images);
        restored.EnterTraining(keepStatistics: false);
        AssertClose(evaluated, restored.forward(images), 1e-3);
    }

    [TestMethod]
    public void A_new_head_is_in_the_average_too_and_a_run_that_resumes_after_it_ends_with_the_same_bits()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        var tuning = new FineTuning { HeadCrops = 1, TrainedShare = 1 };
        var recipe = SmallRun.Recipe(2) with { FineTuning = tuning, LearningRate = 1e-4, EmaDecay = 0.99 };
        var options = SmallRun.Options(folders, recipe) with { StartFrom = StartingPoint.Open(world.Checkpoint), Workers = 1 };
        var whole = ResNetTraining.Run(options);
        foreach (var epoch in whole.History) Assert.IsGreaterThan(0.7, epoch.Top1!.Value);
        var expected = SmallRun.Hash(whole);
        using var cancel = new CancellationTokenSource();
        // The features take 36 images; these are those of the first epoch.
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, 40, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping, null, cancel.Token));
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume })));
    }

    [TestMethod]
    public void Statistics_that_were_folded_away_are_measured_on_images_of_all_classes()
    {
        using var world = new TwoColorNetwork();
        // More of the first class than are measured, so that the folder's order would show no other.
        using var folders = new ClassFolders(imagesPerClass: 200);
        // Everything is trained, at a rate near zero: what is evaluated is the start.
        var recipe = SmallRun.Recipe(1) with { LearningRate = 1e-9, WeightDecay = 0, Augmentation = Augmentation.None };
        var data = TrainingData.Open(folders.Folder, 0.25, seed: 1);
        var headOnly = recipe with { FineTuning = new() { HeadCrops = 1, TrainedShare = 1 }, Epochs = 0 };
        var before = ResNetTraining.Run(SmallRun.Options(folders, headOnly) with
        {
            StartFrom = StartingPoint.Open(world.Model),
            Data = data,
        });
        using var second = new TemporaryFolder();
        var after = ResNetTraining.Run(SmallRun.Options(folders, recipe) with
        {
            StartFrom = StartingPoint.Open(before.ModelFile),
            Data = data,
            OutputFolder = second.Path,
        });
        // Batches' own statistics are like those that were measured, if these are of all classes.
        Assert.IsGreaterThan(before.Validation!.Top1 - 0.15, after.History[0].TrainingAccuracy);
    }

    [TestMethod]
    public void AdamW_begins_with_a_stage_when_it_is_released()
    {
        using var network = new ResNetModule(ResNetArchitecture.Parse("cifar-resnet8:width=4"));
        using var parameters = new FlatParameters(network, network.StageOf);
        using var optimizer = new Optimizer.AdamW().Start(parameters, weightDecay: 0);
        using var before = parameters.Weights.clone();
        for (var step = 1; step <= 20; step++)
        {
            using (no_grad()) parameters.Gradients.copy_(ones_like(parameters.Gradients));
            optimizer.Step(step, group => group.Stage == 4 || step > 15 ? 0.01 : 0, group => group.Stage == 4 ? 0 : 15);
        }

        using var moved = before.sub(parameters.Weights);
        // A gradient that is always the same moves a weight by the rate at each step.
        foreach (var group in parameters.Groups)
        {
            var distances = moved.narrow(0, group.Start, group.Count).data<float>().ToArray();
            Assert.AreEqual(group.Stage == 4 ? 0.2 : 0.05, distances.Average(), 1e-4);
        }
    }

    [TestMethod]
    [DataRow("whole", 0)]
    [DataRow("cut", 1)]
    [DataRow("emptied", 1)]
    public void A_run_that_is_stopped_among_the_features_goes_on_with_those_that_it_has(string state, int words)
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders(imagesPerClass: 40);
        var recipe = HeadOnly with { Epochs = 1, BatchSize = 2, LearningRate = 0.01 };
        var options = SmallRun.Options(folders, recipe) with { StartFrom = StartingPoint.Open(world.Checkpoint), Workers = 1 };
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        Directory.Delete(folders.Output, recursive: true);
        using var cancel = new CancellationTokenSource();
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, 80, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping, null, cancel.Token));
        var file = Directory.GetFiles(Path.Combine(folders.Output, ".resnet-features")).Single();
        if (state == "cut") File.WriteAllBytes(file, File.ReadAllBytes(file)[..^4]);
        if (state == "emptied") WeightFile.Write(file, [], WeightFile.ReadStored(file).Metadata);
        var mine = Path.Combine(folders.Output, ".resnet-features", "mine.csv");
        File.WriteAllText(mine, "precious");
        SmallRun.Reports reports = [];
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume }, reports)));
        Assert.AreEqual(words, reports.Count(report => report.Message?.Contains("computed again", StringComparison.Ordinal) == true));
        Assert.IsTrue(File.Exists(mine) && !File.Exists(file));
    }

    [TestMethod]
    public void What_cannot_be_a_start_says_why()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders(imagesPerClass: 1);
        var start = StartingPoint.Open(world.Checkpoint);
        var options = SmallRun.Options(folders, HeadOnly);
        Refuses(options, "needs a network to start from");
        var other = options with { StartFrom = start, Architecture = ResNetArchitecture.ResNet18 };
        Refuses(other, "resnet18 cannot start from it");
        var nothing = options with { StartFrom = start, Recipe = SmallRun.Recipe(0) };
        Refuses(nothing, "trains nothing");
        var known = StartingPoint.Open(ResNetTraining.Run(SmallRun.Options(folders, SmallRun.Recipe(1))).ModelFile);
        Refuses(options with { StartFrom = known }, "was trained on just these classes");
        var junk = folders.PathOf("junk.onnx");
        File.WriteAllText(junk, "no model at all");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => StartingPoint.Open(junk)).Message, "junk.onnx");
        Assert.ThrowsExactly<FileNotFoundException>(() => StartingPoint.Open("resnet19"));

        static void Refuses(TrainingOptions options, string why) =>
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ResNetTraining.Run(options)).Message, why);
    }

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        using var difference = expected.sub(actual).abs().max();
        using var scale = expected.abs().max();
        Assert.IsLessThan(tolerance * scale.item<float>(), difference.item<float>());
    }
}
