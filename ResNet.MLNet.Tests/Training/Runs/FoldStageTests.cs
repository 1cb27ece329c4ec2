using TorchSharp;

namespace ResNet.Tests;

/// <summary>Held-out folds of the training images decide how much of the fine-tuned weights a run gives.</summary>
[TestClass]
public sealed class FoldStageTests
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe(2) with
    {
        FineTuning = new() { HeadCrops = 1 },
        LearningRate = 0.002,
        ClipNorm = 5,
        Keep = KeptEpoch.Last,
    };

    [TestMethod]
    [DataRow(new[] { 70L, 72, 74, 73, 71 }, new[] { 50.0, 45, 40, 41, 60 }, 0.5)]
    [DataRow(new[] { 70L, 69, 69, 69, 69 }, new[] { 50.0, 45, 40, 41, 42 }, 0.0)]
    [DataRow(new[] { 70L, 70, 74, 75, 76 }, new[] { 50.0, 51, 52, 53, 54 }, 0.0)]
    [DataRow(new[] { 70L, 70, 72, 75, 76 }, new[] { 50.0, 45, 40, 35, 30 }, 1.0)]
    public void The_lowest_loss_wins_among_those_that_lose_no_image_to_the_head(long[] correct, double[] losses, double expected)
    {
        List<FoldScore> scores = [.. correct.Select((count, i) => new FoldScore(i / 4.0, 100, count, losses[i]))];
        Assert.AreEqual(expected, FoldStage.Best(scores).Share);
    }

    [TestMethod]
    [DataRow(74L, 40.0, "helped on 100 held-out training images (74.0 % against the new head's 70.0 %): the network gets the")]
    [DataRow(70L, 40.0, "helped on 100 held-out training images (70.0 % as the new head, with a lower loss): the network gets")]
    [DataRow(69L, 40.0, "did not help on 100 held-out training images (69.0 % against the new head's 70.0 %), so the new")]
    public void The_decision_says_what_was_gained(long correct, double loss, string expected) => StringAssert.Contains(
        FoldStage.Describe([new(0, 100, 70, 50), new(1, 100, correct, loss)]), expected);

    [TestMethod]
    public void A_rate_that_ruins_the_network_leaves_the_new_head_and_says_so()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        SmallRun.Reports reports = [];
        var ruinous = Recipe with { LearningRate = 3, ClipNorm = null };
        var result = ResNetTraining.Run(Options(folders, world) with { Recipe = ruinous }, reports);
        Assert.HasCount(1, result.History);
        Assert.IsTrue(reports.Exists(report => report.Message?.Contains("the new head alone is kept", StringComparison.Ordinal) == true));
        StringAssert.Contains(ModelCard.Read(result.ModelFile)!.Source, "the new head alone is kept");
        Assert.IsTrue(reports.Exists(report => report.Phase == TrainingPhase.TryingFolds));
    }

    [TestMethod]
    public void Of_training_that_diverged_nothing_is_left_in_the_head_alone()
    {
        using var network = new ResNetModule(ResNetArchitecture.Parse("cifar-resnet8:width=4"));
        using var parameters = new FlatParameters(network);
        using var average = new StartAverage(parameters) { TrainedShare = 0 };
        using var start = parameters.Weights.clone();
        using var infinity = double.PositiveInfinity.ToScalar();
        using (TorchSharp.torch.no_grad()) parameters.Weights.fill_(infinity);
        average.Exchange();
        Assert.IsTrue(parameters.Weights.eq(start).all().item<bool>());
        average.Exchange();
        Assert.IsFalse(parameters.Weights.isfinite().any().item<bool>());
    }

    [TestMethod]
    public void Of_many_images_some_are_enough()
    {
        HashSet<int> images = [.. Enumerable.Range(10, 1000)];
        Assert.HasCount(300, FoldStage.Some(images, 300));
        Assert.IsTrue(FoldStage.Some(images, 300).IsSubsetOf(images));
        Assert.AreSame(images, FoldStage.Some(images, 1000));
    }

    [TestMethod]
    public void The_network_is_the_average_of_its_start_and_its_end()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        var half = Recipe with { FineTuning = Recipe.FineTuning! with { TrainedShare = 0.25 } };
        var result = ResNetTraining.Run(Options(folders, world) with { Recipe = half });
        Assert.HasCount(3, result.History);
        var (stored, _) = WeightFile.ReadStored(Path.Combine(folders.Output, "last.safetensors"));
        var network = StartingPoint.Open(Path.Combine(folders.Output, "last.safetensors")).Weights;
        var changed = 0;
        foreach (var (name, start) in stored.Where(pair => pair.Key.StartsWith("optimizer.start.", StringComparison.Ordinal)))
        {
            var own = name["optimizer.start.".Length..];
            var (trained, given) = (stored[own].Values, network[own].Values);
            for (var i = 0; i < given.Length; i++)
                Assert.AreEqual(0.75 * start.Values[i] + 0.25 * trained[i], given[i], 1e-5, own);
            if (!trained.SequenceEqual(start.Values)) changed++;
        }

        Assert.IsGreaterThan(10, changed);
        // A checkpoint is exported as the same network.
        var exported = Path.Combine(folders.Output, "again.onnx");
        ResNetTraining.Export(folders.Output, exported, Path.Combine(folders.Output, "again.html"));
        CollectionAssert.AreEqual(StartingPoint.Open(result.ModelFile).Weights["layer1.0.conv1.weight"].Values,
            StartingPoint.Open(exported).Weights["layer1.0.conv1.weight"].Values);
    }

    [TestMethod]
    [DataRow(110)]
    [DataRow(200)]
    public void A_run_that_is_stopped_in_the_first_fold_or_the_last_ends_with_the_same_bits(int image)
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        var options = Options(folders, world) with { Workers = 1 };
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        Directory.Delete(folders.Output, recursive: true);
        Stop(options, image);
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume })));
        Assert.IsFalse(Directory.Exists(Path.Combine(folders.Output, ".resnet-features")));
    }

    [TestMethod]
    public void A_run_that_is_stopped_in_a_fold_has_its_new_head_and_goes_on_within_the_fold()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        var options = Options(folders, world) with { Workers = 1 };
        Stop(options, image: 110);
        Assert.IsTrue(ResNetTraining.HoldsRun(folders.Output));
        Assert.IsTrue(File.Exists(Path.Combine(folders.Output, ".resnet-features", "fold-0.safetensors")));
        var (model, report) = (Path.Combine(folders.Output, "head.onnx"), Path.Combine(folders.Output, "head.html"));
        var exported = ResNetTraining.Export(folders.Output, model, report);
        Assert.IsNotNull(exported.Card.ClassMeans);
        StringAssert.StartsWith(File.ReadAllLines(Path.Combine(folders.Output, "metrics.csv"))[^1], "0,");

        SmallRun.Reports reports = [];
        ResNetTraining.Run(options with { IfExists = ExistingRun.Resume }, reports);
        Assert.IsFalse(reports.Exists(report => report.Phase == TrainingPhase.TrainingHead));
        Assert.IsGreaterThan(1, reports.First(report => report.Phase == TrainingPhase.TryingFolds).Batch);
        Assert.IsFalse(Directory.Exists(Path.Combine(folders.Output, ".resnet-features")));
    }

    [TestMethod]
    public void Progress_counts_head_and_folds_and_never_goes_back()
    {
        using var world = new TwoColorNetwork();
        using var folders = new ClassFolders();
        SmallRun.Reports reports = [];
        ResNetTraining.Run(Options(folders, world), reports);
        var ofFolds = reports.Where(report => report.Phase == TrainingPhase.TryingFolds).ToList();
        Assert.IsGreaterThan(0, ofFolds[0].Fraction);
        StringAssert.StartsWith(ofFolds[0].Activity, "trying on folds");
        foreach (var (before, after) in reports.Zip(reports.Skip(1))) Assert.IsGreaterThanOrEqualTo(before.Fraction, after.Fraction);
        Assert.AreEqual(1, reports[^1].Fraction);
    }

    private static void Stop(TrainingOptions options, int image)
    {
        using var cancel = new CancellationTokenSource();
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, image, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping, null, cancel.Token));
    }

    private static TrainingOptions Options(ClassFolders folders, TwoColorNetwork start) =>
        SmallRun.Options(folders, Recipe) with { StartFrom = StartingPoint.Open(start.Checkpoint) };
}
