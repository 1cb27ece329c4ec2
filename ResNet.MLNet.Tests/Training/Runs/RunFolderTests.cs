namespace ResNet.Tests;

/// <summary>A run replaces and deletes what it made, and nothing else; and one run works in a folder at a time.</summary>
[TestClass]
public sealed class RunFolderTests
{
    [TestMethod]
    [DataRow("model.onnx")]
    [DataRow("report.html")]
    [DataRow("metrics.csv")]
    [DataRow("recipe.json")]
    [DataRow("run.json")]
    [DataRow("run.lock")]
    [DataRow("best.safetensors")]
    [DataRow("last.safetensors")]
    [DataRow("tensorboard/mine.txt")]
    [DataRow(".resnet-features/000000.safetensors")]
    public void A_folder_with_a_file_of_a_runs_name_that_no_run_made_is_refused_untouched(string name)
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var file = Write(folders, name, "precious");
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        foreach (var existing in Enum.GetValues<ExistingRun>())
        {
            var run = () => ResNetTraining.Run(options with { IfExists = existing });
            var message = Assert.ThrowsExactly<RunFolderException>(run).Message;
            StringAssert.Contains(message, folders.Output);
            StringAssert.Contains(message, name.Split('/')[0]);
        }

        Assert.AreEqual("precious", File.ReadAllText(file));
        Assert.HasCount(1, Directory.GetFiles(folders.Output, "*", SearchOption.AllDirectories));
    }

    [TestMethod]
    [DataRow("run.json")]
    [DataRow("run.lock")]
    [DataRow("last.safetensors")]
    [DataRow("model.onnx")]
    public void A_named_pipe_of_a_runs_name_is_refused_without_waiting(string name)
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("There are no named pipes among files.");
        using var folders = new ClassFolders(imagesPerClass: 2);
        Directory.CreateDirectory(folders.Output);
        SpecialFile.CreateFifo(Path.Combine(folders.Output, name));
        var options = SmallRun.Options(folders, SmallRun.Recipe(1)) with { IfExists = ExistingRun.Resume };
        var run = () => SpecialFile.EndsInTime(() => ResNetTraining.Run(options));
        StringAssert.Contains(Assert.ThrowsExactly<RunFolderException>(run).Message, name);
    }

    [TestMethod]
    public void Other_files_stay_whatever_the_run_does()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        string[] names =
        [
            "thesis.tmp",
            "last.safetensors.tmp",
            "model.onnx.0123.tmp",
            "features/deep/mine.csv",
            "features/000000.safetensors",
            "notes.txt",
        ];
        var files = Array.ConvertAll(names, name => Write(folders, name, name));
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        ResNetTraining.Run(options with { IfExists = ExistingRun.Refuse });
        ResNetTraining.Run(options with { IfExists = ExistingRun.Resume });
        ResNetTraining.Run(options with { IfExists = ExistingRun.Overwrite });
        foreach (var (name, file) in names.Zip(files)) Assert.AreEqual(name, File.ReadAllText(file));
    }

    [TestMethod]
    public void A_file_that_is_put_in_the_place_of_a_later_one_is_not_replaced_when_the_run_goes_on()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(3));
        Stop(options);
        var file = Write(folders, "model.onnx", "precious");
        var resume = options with { IfExists = ExistingRun.Resume };
        StringAssert.Contains(Assert.ThrowsExactly<RunFolderException>(() => ResNetTraining.Run(resume)).Message, "'model.onnx'");
        Assert.AreEqual("precious", File.ReadAllText(file));
        File.Delete(file);
        ResNetTraining.Run(resume);
        // Now it is the run's.
        ResNetTraining.Run(options);
    }

    [TestMethod]
    public void A_second_run_in_a_folder_is_refused_at_once_and_a_lock_that_was_left_behind_is_no_obstacle()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        using (RunFolder.Open(folders.Output, ExistingRun.Refuse))
        {
            foreach (var existing in Enum.GetValues<ExistingRun>())
            {
                var run = () => ResNetTraining.Run(options with { IfExists = existing });
                StringAssert.Contains(Assert.ThrowsExactly<RunFolderException>(run).Message, $"process {Environment.ProcessId}");
            }
        }

        Assert.IsTrue(File.Exists(Path.Combine(folders.Output, "run.lock")));
        ResNetTraining.Run(options with { IfExists = ExistingRun.Refuse });
    }

    [TestMethod]
    public void What_is_left_of_a_run_without_its_checkpoint_is_not_replaced_by_accident()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        var model = ResNetTraining.Run(options).ModelFile;
        var before = File.ReadAllBytes(model);
        File.Delete(Path.Combine(folders.Output, "last.safetensors"));
        foreach (var existing in new[] { ExistingRun.Refuse, ExistingRun.Resume })
        {
            var run = () => ResNetTraining.Run(options with { IfExists = existing });
            Assert.ThrowsExactly<RunFolderException>(run);
            CollectionAssert.AreEqual(before, File.ReadAllBytes(model));
        }

        ResNetTraining.Run(options with { IfExists = ExistingRun.Overwrite });
    }

    [TestMethod]
    public void A_run_of_an_earlier_version_which_listed_no_files_is_resumed_and_replaced()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(3));
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        Stop(options);
        Forget();
        var refuses = () => ResNetTraining.Run(options with { IfExists = ExistingRun.Refuse });
        Assert.IsTrue(Assert.ThrowsExactly<RunFolderException>(refuses).HoldsRun);
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume })));
        Forget();
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Overwrite })));

        void Forget()
        {
            foreach (var name in new[] { "run.json", "run.lock" }) File.Delete(Path.Combine(folders.Output, name));
        }
    }

    [TestMethod]
    public void A_run_does_not_delete_the_network_that_it_starts_from()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        var model = ResNetTraining.Run(options).ModelFile;
        var again = options with { StartFrom = StartingPoint.Open(model), IfExists = ExistingRun.Overwrite };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ResNetTraining.Run(again)).Message, model);
        Assert.IsTrue(File.Exists(model));
    }

    [TestMethod]
    [DataRow("missing")]
    [DataRow("cut")]
    [DataRow("other")]
    public void Without_the_best_epochs_file_a_run_ends_with_its_last_epoch_and_says_so(string state)
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(2));
        ResNetTraining.Run(options);
        var last = Path.Combine(folders.Output, "last.safetensors");
        var checkpoint = Checkpoint.Read(last);
        // As if the first epoch had been the better one.
        EpochMetrics[] history = [checkpoint.State!.History[0] with { Top1 = 1, ValidationLoss = 0 }, checkpoint.State.History[1]];
        (checkpoint with { State = checkpoint.State with { History = history } }).Write(last);
        var best = Path.Combine(folders.Output, "best.safetensors");
        var bytes = File.ReadAllBytes(best);
        File.Delete(best);
        if (state == "cut") File.WriteAllBytes(best, bytes[..^8]);
        if (state == "other") (checkpoint with { Identity = "another", State = null }).Write(best);
        SmallRun.Reports reports = [];
        var result = ResNetTraining.Run(options with { IfExists = ExistingRun.Resume }, reports);
        Assert.AreEqual(2, result.Kept.Epoch);
        const string word = "The network of the best epoch (1) cannot be read";
        Assert.AreEqual(1, reports.Count(report => report.Message?.StartsWith(word, StringComparison.Ordinal) == true));
        StringAssert.Contains(File.ReadAllText(Path.Combine(folders.Output, "report.html")), word);
        StringAssert.Contains(ModelCard.Read(result.ModelFile)!.Source, word);
    }

    [TestMethod]
    public void A_resumed_run_goes_on_without_event_files_where_they_cannot_be_written()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var options = SmallRun.Options(folders, SmallRun.Recipe(2));
        Stop(options);
        var events = Path.Combine(folders.Output, "tensorboard");
        Directory.Delete(events, recursive: true);
        // As good as a full disk.
        File.WriteAllText(events, "");
        SmallRun.Reports reports = [];
        ResNetTraining.Run(options with { IfExists = ExistingRun.Resume }, reports);
        Assert.AreEqual(1, reports.Count(report => report.Message?.StartsWith("TensorBoard", StringComparison.Ordinal) == true));
    }

    [TestMethod]
    public void A_run_that_is_resumed_with_other_options_names_only_those_that_differ()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        ResNetTraining.Run(options);
        var resume = options with { IfExists = ExistingRun.Resume };
        var recipe = options.Recipe!;
        Differs(resume with { Recipe = recipe with { Epochs = 3 } }, "epochs: 1 in the checkpoint, 3 now.");
        Differs(
            resume with { Recipe = recipe with { Preprocessing = ImagePreprocessing.Small(16), ClipNorm = 1.5 } },
            "clipNorm: null in the checkpoint, 1.5 now; preprocessing.resize: 12 in the checkpoint, 16 now; " +
            "preprocessing.crop: 12 in the checkpoint, 16 now.");
        Differs(
            resume with { Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=8") },
            "architecture: cifar-resnet8:width=4 in the checkpoint, cifar-resnet8:width=8 now.");
        var best = StartingPoint.Open(Path.Combine(folders.Output, "best.safetensors"));
        Differs(
            resume with { StartFrom = best },
            $"starting point: random weights in the checkpoint, best.safetensors ({best.Fingerprint}) now.");
        Differs(
            resume with { Data = folders.Open(0.5) },
            $"data: {options.Data.Identity} in the checkpoint, {folders.Open(0.5).Identity} now.");

        static void Differs(TrainingOptions options, string expected)
        {
            var message = Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Run(options)).Message;
            StringAssert.EndsWith(message, $"so this one cannot go on from it. {expected}");
        }
    }

    /// <summary>A run that is stopped after its first epoch.</summary>
    private static void Stop(TrainingOptions options)
    {
        using var cancel = new CancellationTokenSource();
        var stopping = new TrainerRun.Collector([], value =>
        {
            if (value.Completed is not null) cancel.Cancel();
        });
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(options, stopping, cancel.Token));
    }

    private static string Write(ClassFolders folders, string name, string text)
    {
        var file = Path.Combine(folders.Output, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }
}
