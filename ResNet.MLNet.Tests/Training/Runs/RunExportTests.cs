namespace ResNet.Tests;

/// <summary>A run that was stopped gives a model file and a report without being resumed, and without its images.</summary>
[TestClass]
public sealed class RunExportTests
{
    [TestMethod]
    [DataRow(KeptEpoch.Best, null)]
    [DataRow(KeptEpoch.Last, null)]
    [DataRow(KeptEpoch.Last, 0.9)]
    public void What_a_run_with_all_its_epochs_exports_is_the_model_file_that_it_would_have_written(KeptEpoch keep, double? decay)
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(3) with { Keep = keep, EmaDecay = decay });
        var model = ResNetTraining.Run(options).ModelFile;
        var expected = File.ReadAllBytes(model);
        File.Delete(model);
        var report = File.ReadAllText(Path.Combine(folders.Output, "report.html"));
        var exported = ResNetTraining.Export(folders.Output);
        Assert.AreEqual(model, exported.ModelFile);
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(model));
        // The run's own report says more than an export could.
        Assert.AreEqual(report, File.ReadAllText(exported.ReportFile!));
        StringAssert.Contains(exported.Notes.Single(), $"The report '{exported.ReportFile}' stays as the run wrote it");
        StringAssert.Contains(Assert.ThrowsExactly<RunFolderException>(() => ResNetTraining.Export(folders.Output)).Message, "ended");
    }

    [TestMethod]
    public void A_stopped_run_gives_its_best_epoch_and_a_report_and_can_still_be_resumed()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(4));
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        Stop(options, atImage: 25);
        var exported = ResNetTraining.Export(folders.Output);
        using (var network = ResNetModel.Open(exported.ModelFile))
        {
            CollectionAssert.AreEqual(new[] { "blue", "green", "red" }, network.Labels!.ToList());
            Assert.AreEqual(12, network.Preprocessing.Crop);
            Assert.IsTrue(network.Card.Metrics!.ContainsKey("top1"));
            StringAssert.Contains(network.Card.Source, "of 4");
        }

        var page = File.ReadAllText(exported.ReportFile!);
        StringAssert.Contains(page, "made from a checkpoint, without the images");
        StringAssert.Contains(page, "Top-1 accuracy");
        Assert.DoesNotContain("no validation images", page);
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume })));
        Assert.DoesNotContain("without the images", File.ReadAllText(exported.ReportFile!));
    }

    [TestMethod]
    public void A_run_that_was_stopped_in_its_first_epoch_gives_the_network_of_its_checkpoint_and_says_so()
    {
        using var folders = new ClassFolders(imagesPerClass: 8);
        var options = SmallRun.Options(folders, SmallRun.Recipe(2));
        Stop(options, atImage: 4);
        var exported = ResNetTraining.Export(folders.Output);
        StringAssert.Contains(exported.Notes.Single(), "steps of epoch 1");
        StringAssert.Contains(exported.Card.Source, "steps of epoch 1");
        Assert.IsTrue(File.Exists(exported.ReportFile));
    }

    [TestMethod]
    public void A_run_that_goes_on_is_exported_to_other_places_only()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(3));
        Stop(options, atImage: 25);
        using (RunFolder.Open(folders.Output, ExistingRun.Resume))
        {
            Assert.ThrowsExactly<RunFolderException>(() => ResNetTraining.Export(folders.Output));
            var exported = ResNetTraining.Export(folders.Output, folders.PathOf("m.onnx"), folders.PathOf("r.html"));
            Assert.IsTrue(File.Exists(exported.ModelFile) && File.Exists(exported.ReportFile));
        }

        Assert.IsFalse(File.Exists(Path.Combine(folders.Output, "model.onnx")));
    }

    [TestMethod]
    public void Whichever_checkpoint_cannot_be_read_the_other_is_taken_with_a_word()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = SmallRun.Options(folders, SmallRun.Recipe(3));
        Stop(options, atImage: 25);
        var last = Path.Combine(folders.Output, "last.safetensors");
        var best = Path.Combine(folders.Output, "best.safetensors");
        var bytes = File.ReadAllBytes(last);
        File.WriteAllBytes(last, bytes[..^4]);
        var fromBest = ResNetTraining.Export(folders.Output);
        Assert.IsNull(fromBest.ReportFile);
        StringAssert.Contains(fromBest.Notes[0], "last.safetensors");
        File.WriteAllBytes(last, bytes);
        File.Delete(best);
        StringAssert.Contains(ResNetTraining.Export(folders.Output).Notes[0], "best.safetensors");
        File.WriteAllBytes(last, bytes[..^4]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Export(folders.Output)).Message, last);
        File.Delete(last);
        Assert.ThrowsExactly<FileNotFoundException>(() => ResNetTraining.Export(folders.Output));
        var onto = () => ResNetTraining.Export(folders.Output, last, folders.PathOf("r.html"));
        File.WriteAllBytes(last, bytes);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(onto).Message, "input");
    }

    /// <summary>A run that is stopped while it reads one of its training images.</summary>
    private static void Stop(TrainingOptions options, int atImage)
    {
        using var cancel = new CancellationTokenSource();
        var images = new SmallRun.StopsAt(options.Data.Training, atImage, cancel);
        var stopping = options with { Data = options.Data with { Training = images }, Workers = 1 };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping, null, cancel.Token));
    }
}
