using TorchSharp;

namespace ResNet.Tests;

/// <summary>
/// A run that was stopped or killed at any moment ends, resumed, with the bits of one that was not, whatever its recipe remembers.
/// </summary>
[TestClass]
public sealed class ResumeTests
{
    [TestMethod]
    [DataRow("sgd", 4)]
    [DataRow("sgd", 28)]
    [DataRow("sgd", 36)]
    [DataRow("sgd", 80)]
    [DataRow("everything", 20)]
    [DataRow("everything", 50)]
    [DataRow("everything", 101)]
    [DataRow("rare classes", 50)]
    public void A_run_that_is_stopped_at_any_step_and_resumed_ends_with_the_bits_of_one_that_was_not(string recipe, int image)
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, Recipes[recipe]);
        var whole = ResNetTraining.Run(options);
        var expected = SmallRun.Hash(whole);
        using var cancel = new CancellationTokenSource();
        // Canceled while that image is read, one of the 108 that the three epochs read: the run stops within a few steps.
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, image, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping with { Workers = 1 }, null, cancel.Token));
        var resumed = ResNetTraining.Run(options with { IfExists = ExistingRun.Resume });
        Assert.AreEqual(expected, SmallRun.Hash(resumed));
        Assert.AreEqual(whole.History[^1].TrainingLoss, resumed.History[^1].TrainingLoss, 1e-12);
        Assert.HasCount(3, resumed.History);
    }

    [TestMethod]
    public void A_run_that_is_stopped_while_it_is_judged_trains_nothing_again()
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, Recipes["everything"]);
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        using var cancel = new CancellationTokenSource();
        var stopping = options with
        {
            Data = options.Data with { Validation = new SmallRun.StopsAt(options.Data.Validation, 15, cancel) },
            Workers = 1,
        };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping, null, cancel.Token));
        SmallRun.Reports reports = [];
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume }, reports)));
        // The first that is heard of it is the end of the epoch's training.
        var first = reports.First(report => report.Message is null);
        Assert.AreEqual((TrainingPhase.Training, first.Batches), (first.Phase, first.Batch));
    }

    [TestMethod]
    [TestCategory("EndToEnd")]
    public void A_process_that_is_killed_again_and_again_ends_with_the_same_bits()
    {
        using var folders = new ClassFolders();
        string[] network = ["--architecture", "cifar-resnet8:width=4", "--size", "12", "--device", "cpu", "--precision", "float32"];
        string[] train = ["train", "--data", folders.Folder, .. network, "--epochs", "30", "--checkpoint-every", "0.01"];
        using var whole = new TemporaryFolder();
        Assert.AreEqual(0, Command.Resnet([.. train, "--output", whole.Path]).ExitCode);

        // kill -9 at moments that differ each time: before the first checkpoint, and somewhere behind the lines of some epochs, of which
        // the last leaves epochs to do.
        var random = new Random(6);
        foreach (var sign in new[] { "cifar-resnet8", "epoch   2 of", "epoch   5 of", "epoch   9 of" })
        {
            var delay = TimeSpan.FromMilliseconds(random.Next(60));
            string[] resume = [.. train, "--output", folders.Output, "--resume"];
            Assert.IsTrue(Command.ResnetKilledAt(line => line.StartsWith(sign, StringComparison.Ordinal), delay, resume));
            if (!Directory.Exists(folders.Output)) continue;
            foreach (var file in Directory.GetFiles(folders.Output, "*.safetensors")) WeightFile.ReadStored(file);
        }

        var last = Command.Resnet([.. train, "--output", folders.Output, "--resume"]);
        Assert.AreEqual(0, last.ExitCode, last.Errors);
        Assert.AreEqual(SmallRun.Hash(whole.Path), SmallRun.Hash(folders.Output));
    }

    [TestMethod]
    public void Steps_checkpoints_and_epochs_leave_no_tensors_behind()
    {
        using var folders = new ClassFolders(imagesPerClass: 6);
        Dictionary<int, long> alive = [];
        var options = SmallRun.Options(folders, Recipes["everything"] with { Epochs = 6 }) with { CheckpointInterval = TimeSpan.Zero };
        ResNetTraining.Run(options, new Watch(epoch => alive[epoch] = DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        Assert.AreEqual(alive[2], alive[6]);
    }

    [TestMethod]
    public void What_a_killed_run_left_half_written_goes_and_metrics_come_back()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        ResNetTraining.Run(options);
        var metrics = Path.Combine(folders.Output, "metrics.csv");
        var text = File.ReadAllText(metrics);
        File.Delete(metrics);
        ResNetTraining.Run(options with { IfExists = ExistingRun.Resume });
        Assert.AreEqual(text, File.ReadAllText(metrics));
        foreach (var existing in new[] { ExistingRun.Resume, ExistingRun.Overwrite })
        {
            foreach (var name in new[] { "last.safetensors", "model.onnx", "run.json" })
                File.WriteAllText(Path.Combine(folders.Output, $"{name}.{Guid.NewGuid():N}.tmp"), "half");
            ResNetTraining.Run(options with { IfExists = existing });
            Assert.IsEmpty(Directory.GetFiles(folders.Output, "*.tmp"));
        }
    }

    [TestMethod]
    public void A_checkpoint_that_cannot_be_written_leaves_the_one_that_is_there()
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, SmallRun.Recipe(2));
        ResNetTraining.Run(options);
        var file = Path.Combine(folders.Output, "last.safetensors");
        var before = File.ReadAllBytes(file);
        // As on a full disk: the writer fails in the middle.
        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(file, stream =>
        {
            stream.Write(before.AsSpan(0, before.Length / 2));
            throw new IOException("No space left on device");
        }));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(file));
        Assert.IsEmpty(Directory.GetFiles(folders.Output, "*.tmp"));

        // A folder that is not a folder is reported before anything is trained.
        var nowhere = Path.Combine(file, "run");
        SmallRun.Reports reports = [];
        var problem = Assert.Throws<IOException>(() => ResNetTraining.Run(options with { OutputFolder = nowhere }, reports));
        StringAssert.Contains(problem.Message, nowhere);
        Assert.IsEmpty(reports);
    }

    private sealed class Watch(Action<int> completed) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Completed is { } epoch) completed(epoch.Epoch);
        }
    }

    private static readonly Dictionary<string, TrainingRecipe> Recipes = new()
    {
        ["sgd"] = SmallRun.Recipe(3),
        ["rare classes"] = SmallRun.Recipe(3) with { Sampling = Sampling.Balanced, Loss = LossFunction.BinaryCrossEntropy },
        ["everything"] = SmallRun.Recipe(3) with
        {
            Optimizer = new Optimizer.AdamW(),
            LearningRate = 0.01,
            DecayNormAndBias = false,
            EmaDecay = 0.9,
            GradientAccumulation = 2,
            ClipNorm = 1,
            LabelSmoothing = 0.1,
            ClassWeighting = ClassWeighting.Balanced,
            Mixing = new() { MixUp = 0.2, CutMix = 1 },
            Schedule = new LearningRateSchedule.Plateau { Patience = 1 },
            Keep = KeptEpoch.Last,
        },
    };
}
