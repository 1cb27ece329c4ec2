namespace ResNet.Tests;

/// <summary>A search tries recipes on folds of the training images, can be resumed, and keeps the standard recipe unless another is
/// clearly better.</summary>
[TestClass]
public sealed class TuningTests
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe(2) with
    {
        FineTuning = new() { HeadCrops = 1 },
        LearningRate = 0.002,
        ClipNorm = 5,
        Keep = KeptEpoch.Last,
    };

    [TestMethod]
    public void A_search_ranks_recipes_and_writes_one_that_a_run_takes()
    {
        using World world = new();
        Reports reports = [];
        var result = ResNetTraining.Tune(world.Options, reports);
        Assert.IsTrue(result.Standard.IsStandard);
        Assert.AreEqual(3, result.Standard.Round);
        Assert.HasCount(4, result.Trials);
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 4 }, result.Trials.Select(trial => trial.Rank).ToList());
        // All but the standard recipe are tried on one fold, one of them on two and three.
        CollectionAssert.AreEqual(new[] { 1, 1, 3, 3 }, result.Trials.Select(trial => trial.Round).Order().ToList());
        Assert.AreEqual(36, result.Standard.Images);
        Assert.AreEqual(8, File.ReadLines(world.PathOf("trials.jsonl")).Count() - 1);
        Assert.HasCount(5, File.ReadAllLines(world.PathOf("trials.csv")));
        Assert.IsFalse(Directory.EnumerateFileSystemEntries(world.Folder, ".resnet-features*").Any());
        Assert.IsTrue(reports.Exists(report => report.Completed is { Round: 2 }));
        var recipe = TrainingRecipe.Read(result.RecipeFile);
        Assert.AreEqual(result.Winner.Decided.ToJson(), recipe.ToJson());
        var run = ResNetTraining.Run(world.Options.Training with { Recipe = recipe, OutputFolder = world.PathOf("run") });
        Assert.HasCount(1 + recipe.Epochs, run.History);
    }

    [TestMethod]
    public void A_search_that_was_stopped_goes_on_and_ends_with_the_same_figures()
    {
        using World world = new();
        var expected = Figures(ResNetTraining.Tune(world.Options));
        using CancellationTokenSource cancel = new();
        var stopping = world.Options with
        {
            Training = world.Options.Training with { IfExists = ExistingRun.Overwrite },
        };
        StopsAfter two = new(trials: 2, cancel);
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Tune(stopping, two, cancel.Token));
        var done = File.ReadAllLines(world.PathOf("trials.jsonl"));
        Assert.IsFalse(File.Exists(world.PathOf("recipe.json")));
        var resumed = ResNetTraining.Tune(world.Resumed);
        Assert.AreEqual(expected, Figures(resumed));
        CollectionAssert.AreEqual(done, File.ReadLines(world.PathOf("trials.jsonl")).Take(done.Length).ToArray());
        // A search that is over has nothing more to do.
        Assert.AreEqual(expected, Figures(ResNetTraining.Tune(world.Resumed)));
    }

    [TestMethod]
    public void Without_time_the_standard_recipe_is_tried_alone()
    {
        using World world = new();
        var result = ResNetTraining.Tune(world.Options with { Time = TimeSpan.FromMilliseconds(1) });
        Assert.HasCount(1, result.Trials);
        Assert.AreSame(result.Standard, result.Winner);
        StringAssert.Contains(result.Message, "no time to compare");
    }

    [TestMethod]
    public void A_folder_of_another_search_or_of_a_run_is_refused()
    {
        using World world = new();
        var short_ = world.Options with { Time = TimeSpan.FromMilliseconds(1) };
        ResNetTraining.Tune(short_);
        var held = Assert.ThrowsExactly<RunFolderException>(() => ResNetTraining.Tune(short_));
        Assert.IsTrue(held.HoldsRun);
        var other = world.Resumed with { Training = world.Resumed.Training with { Recipe = Recipe with { WeightDecay = 0.1 } } };
        Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Tune(other));
        File.AppendAllText(world.PathOf("trials.jsonl"), "{\"start\":");
        var damaged = Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Tune(world.Resumed));
        StringAssert.Contains(damaged.Message, "Line 5 of");
        File.Delete(world.PathOf("trials.jsonl"));
        var foreign = Assert.ThrowsExactly<RunFolderException>(() => ResNetTraining.Tune(world.Resumed));
        StringAssert.Contains(foreign.Message, "trials.csv");
    }

    [TestMethod]
    public void What_cannot_be_tuned_is_said()
    {
        using World world = new();
        Refuses(world.Options.Training with { StartFrom = null, Recipe = null }, "needs a network to start from");
        Refuses(world.Options.Training with { Recipe = Recipe with { Epochs = 0 } }, "for some epochs");

        void Refuses(TrainingOptions training, string why) => StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => ResNetTraining.Tune(world.Options with { Training = training })).Message, why);
    }

    private static string Figures(TuningResult result) => string.Join('\n', result.Trials.Select(trial =>
        $"{trial.Recipe.ToJson()} {trial.Round} {trial.Accuracy} {trial.Loss} {trial.TrainedShare}"));

    private sealed class Reports : List<TuningProgress>, IProgress<TuningProgress>
    {
        public void Report(TuningProgress value) => Add(value);
    }

    /// <summary>Stops a search when so many recipes were tried in a round.</summary>
    private sealed class StopsAfter(int trials, CancellationTokenSource cancel) : IProgress<TuningProgress>
    {
        private int _done;

        public void Report(TuningProgress value)
        {
            if (value.Completed is not null && ++_done == trials) cancel.Cancel();
        }
    }

    /// <summary>Images of three colors, and a network that tells two of them apart.</summary>
    private sealed class World : IDisposable
    {
        private readonly TwoColorNetwork _known = new();
        private readonly ClassFolders _folders = new();

        public World()
        {
            Options = new()
            {
                Training = SmallRun.Options(_folders, Recipe) with
                {
                    StartFrom = StartingPoint.Open(_known.Checkpoint),
                    IfExists = ExistingRun.Refuse,
                },
                Time = TimeSpan.FromHours(1),
                Candidates = 4,
            };
        }

        public TuningOptions Options { get; }

        public TuningOptions Resumed => Options with { Training = Options.Training with { IfExists = ExistingRun.Resume } };

        public string Folder => _folders.Output;

        public string PathOf(string name) => Path.Combine(Folder, name);

        public void Dispose()
        {
            _known.Dispose();
            _folders.Dispose();
        }
    }
}
