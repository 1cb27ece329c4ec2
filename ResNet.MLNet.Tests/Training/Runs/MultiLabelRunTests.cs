namespace ResNet.Tests;

/// <summary>Training on several labels an image, from the table to the labels that the model file gives.</summary>
[TestClass]
public sealed class MultiLabelRunTests
{
    private static TrainingRecipe Recipe => SmallRun.Recipe(10) with { Mixing = new() { MixUp = 0.2 }, LearningRate = 0.2 };

    [TestMethod]
    public void A_network_learns_labels_and_its_file_gives_those_above_their_thresholds()
    {
        using var table = new LabeledTable(images: 96);
        var options = table.Options(Recipe with { Epochs = 16 });
        Assert.AreEqual(LossFunction.BinaryCrossEntropy, options.Resolve().Recipe.Loss);
        var result = ResNetTraining.Run(options);
        Assert.IsNull(result.Validation);
        var figures = result.MultiLabelValidation!;
        Assert.IsGreaterThan(0.9, figures.MeanAveragePrecision!.Value);
        Assert.AreEqual(figures.MeanAveragePrecision, result.Kept.MeanAveragePrecision);
        Assert.IsNull(result.Kept.Top1);

        using var model = ResNetModel.Open(result.ModelFile);
        Assert.AreEqual(ScoreFunction.Sigmoid, model.Card.ScoreFunction);
        CollectionAssert.AreEqual(figures.PerLabel.Select(each => each.Threshold).ToList(), model.Card.Thresholds!.ToList());
        Assert.AreEqual(figures.MeanAveragePrecision!.Value, model.Card.Metrics!["mAP"], 1e-12);
        // What ONNX Runtime gives, measured anew, has the figures that libtorch's had.
        var validation = options.Data.Validation;
        var images = Enumerable.Range(0, validation.Count).ToList();
        float[] scores = [.. images.SelectMany(index => model.Run(validation.NameOf(index)))];
        var labels = ImageTargets.Of(validation, images);
        var anew = MultiLabelMetrics.Measure(scores, labels, classes: 3, loss: 0);
        Assert.AreEqual(figures.MeanAveragePrecision!.Value, anew.MeanAveragePrecision!.Value, 1e-9);
        // And the labels that it gives are those that were counted.
        var given = images.Sum(index => model.Classify(validation.NameOf(index)).Count);
        Assert.AreEqual(figures.PerLabel.Sum(each => each.AtThreshold.Predicted), given);
        var names = images.ConvertAll(validation.NameOf);
        var right = names.Count(name => Given(model, name).SequenceEqual(LabeledTable.LabelsOf(NumberOf(name))));
        Assert.IsGreaterThan(0.6 * images.Count, right);

        // An integer network keeps thresholds and sigmoids.
        var integer = Path.Combine(table.Output, "int8.onnx");
        ResNetQuantizer.Quantize(result.ModelFile, [.. images.Select(validation.NameOf)], integer);
        using var quantized = ResNetModel.Open(integer);
        CollectionAssert.AreEqual(model.Card.Thresholds!.ToList(), quantized.Card.Thresholds!.ToList());
        Assert.IsLessThan(0.2, model.Run(validation.NameOf(0)).Zip(quantized.Run(validation.NameOf(0)), (a, b) => Math.Abs(a - b)).Max());

        var page = File.ReadAllText(Path.Combine(table.Output, "report.html"));
        StringAssert.Contains(page, "Mean average precision");
        StringAssert.Contains(page, "Threshold");
        StringAssert.Contains(File.ReadAllText(Path.Combine(table.Output, "metrics.csv")), ",mean_average_precision,");
    }

    [TestMethod]
    [DataRow(20)]
    [DataRow(61)]
    public void A_run_that_is_stopped_and_resumed_ends_with_the_bits_of_one_that_was_not(int image)
    {
        using var table = new LabeledTable();
        var options = table.Options(Recipe with { Epochs = 3, EmaDecay = 0.9, GradientAccumulation = 2, LabelSmoothing = 0.1 });
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        using var cancel = new CancellationTokenSource();
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, image, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping with { Workers = 1 }, null, cancel.Token));
        Assert.HasCount(3, ResNetTraining.Export(table.Output).Card.Thresholds!);
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume })));
    }

    [TestMethod]
    public void A_network_of_classes_gets_a_new_head_for_labels_and_a_run_s_file_is_exported_with_its_thresholds()
    {
        using var folders = new ClassFolders();
        var start = StartingPoint.Open(ResNetTraining.Run(SmallRun.Options(folders, SmallRun.Recipe(6))).ModelFile);
        using var table = new LabeledTable(images: 64);
        File.WriteAllText(table.Path, File.ReadAllText(table.Path).Replace("red", "crimson"));
        var recipe = SmallRun.Recipe(0) with { FineTuning = new() { HeadCrops = 1, TrainedShare = 1, HeadLearningRateFactor = 1 } };
        var result = ResNetTraining.Run(table.Options(recipe) with { Architecture = null, StartFrom = start });
        Assert.IsGreaterThan(0.8, result.MultiLabelValidation!.MeanAveragePrecision!.Value);
        var expected = File.ReadAllBytes(result.ModelFile);
        File.Delete(result.ModelFile);
        ResNetTraining.Export(table.Output);
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(result.ModelFile));
    }

    [TestMethod]
    public void Without_validation_images_the_thresholds_are_one_half()
    {
        using var table = new LabeledTable(images: 16);
        var options = table.Options(Recipe with { Epochs = 1 });
        options = options with { Data = TrainingData.OpenMultiLabel(table.Path, validationShare: 0) };
        var result = ResNetTraining.Run(options);
        CollectionAssert.AreEqual(new[] { 0.5f, 0.5f, 0.5f }, ModelCard.Read(result.ModelFile)!.Thresholds!.ToList());
        Assert.IsNull(result.MultiLabelValidation);
    }

    [TestMethod]
    public void What_is_for_one_class_an_image_is_refused()
    {
        using var table = new LabeledTable(images: 16);
        using var folders = new ClassFolders(imagesPerClass: 2);
        var options = table.Options(Recipe with { Sampling = Sampling.Balanced });
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => options.Resolve()).Message, "several labels");
        var mixed = table.Options(Recipe) with { Data = new(table.Open().Training, folders.Open(0).Training) };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => mixed.Resolve()).Message, "one class each");
        var card = ModelCard.For(ResNetArchitecture.Parse("cifar-resnet8:width=4", 3)) with { Thresholds = [0.5f] };
        var weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=4", 3));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(
                () => ModelFile.ToBytes(ResNetArchitecture.Parse("cifar-resnet8:width=4", 3), weights, card)).Message,
            "threshold for each");
    }

    private static IEnumerable<string> Given(ResNetModel model, string image) => model.Classify(image).Select(each => each.Label).Order();

    private static int NumberOf(string name) => int.Parse(Path.GetFileNameWithoutExtension(name));
}
