using System.Globalization;
using Microsoft.ML;

namespace ResNet.Tests;

/// <summary>A run learns, can be repeated, stopped and resumed, and leaves a model file that ML.NET uses.</summary>
[TestClass]
public sealed class TrainingLoopTests
{
    [TestMethod]
    public void A_network_learns_and_its_model_file_is_as_accurate_in_ML_NET()
    {
        using var folders = new ClassFolders();
        SmallRun.Reports reports = [];
        var result = ResNetTraining.Run(Options(folders, epochs: 4), reports);
        Assert.IsGreaterThan(0.9, result.Validation!.Top1);
        Assert.AreEqual(12, result.Validation.Confusion.Cast<int>().Sum());
        Assert.IsLessThan(result.History[0].TrainingLoss, result.History[^1].TrainingLoss);
        Assert.HasCount(4, reports.FindAll(report => report.Completed is not null));
        Assert.IsTrue(reports.TrueForAll(report => report.Fraction is >= 0 and <= 1));

        var context = new MLContext();
        var images = folders.Open().Validation;
        var rows = Enumerable.Range(0, images.Count).Select(images.NameOf).Select(RowOf).ToList();
        var data = context.Data.LoadFromEnumerable(rows);
        var apply = context.Transforms.ApplyResNet("Score", null, result.ModelFile, ResNetOutput.Probabilities, "PredictedLabel");
        var pipeline = context.Transforms.MapResNetLabels(result.ModelFile).Append(apply);
        var scored = pipeline.Fit(data).Transform(data);
        Assert.AreEqual(result.Validation.Top1, context.MulticlassClassification.Evaluate(scored).MicroAccuracy, 1e-9);

        using var model = ResNetModel.Open(result.ModelFile);
        Assert.AreEqual(result.Validation.Top1, model.Card.Metrics!["top1"]);
        var lines = File.ReadAllLines(Path.Combine(folders.Output, "metrics.csv"));
        Assert.HasCount(5, lines);
        Assert.AreEqual(result.History[^1].Top1!.Value, double.Parse(lines[^1].Split(',')[5], CultureInfo.InvariantCulture), 1e-6);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bits_whatever_the_workers()
    {
        using var folders = new ClassFolders();
        var options = Options(folders, epochs: 2);
        var first = Hash(ResNetTraining.Run(options));
        Assert.AreEqual(first, Hash(ResNetTraining.Run(options with { Workers = 7 })));
        Assert.AreNotEqual(first, Hash(ResNetTraining.Run(options with { Recipe = options.Recipe! with { Seed = 1 } })));
    }

    [TestMethod]
    public void A_folder_that_holds_a_run_is_not_overwritten_by_accident_nor_resumed_as_another_run()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = Options(folders, epochs: 1) with { IfExists = ExistingRun.Refuse };
        var hash = Hash(ResNetTraining.Run(options));
        StringAssert.Contains(Assert.ThrowsExactly<RunFolderException>(() => ResNetTraining.Run(options)).Message, folders.Output);
        var other = options with { IfExists = ExistingRun.Resume, Recipe = options.Recipe! with { LearningRate = 0.5 } };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Run(other)).Message, "another run");
        Assert.AreEqual(hash, Hash(ResNetTraining.Run(options with { IfExists = ExistingRun.Resume })));
    }

    [TestMethod]
    public void A_loss_that_is_no_number_stops_with_advice_and_leaves_no_model()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var options = Options(folders, epochs: 3);
        var wild = options with { Recipe = options.Recipe! with { LearningRate = 1e30 } };
        var problem = Assert.ThrowsExactly<TrainingDivergedException>(() => ResNetTraining.Run(wild));
        StringAssert.Contains(problem.Message, "lower learning rate");
        Assert.IsFalse(File.Exists(Path.Combine(folders.Output, "model.onnx")));
    }

    [TestMethod]
    public void Bad_images_are_told_once_and_left_out_and_only_bad_images_are_an_error()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        File.WriteAllText(folders.PathOf("red", "zzz.png"), "no image");
        SmallRun.Reports reports = [];
        ResNetTraining.Run(Options(folders, epochs: 2) with { Data = folders.Open(0) }, reports);
        Assert.HasCount(1, reports.Where(report => report.Message?.Contains("zzz.png", StringComparison.Ordinal) == true));
        folders.SpoilAll();
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Run(Options(folders, epochs: 1)));
        StringAssert.Contains(problem.Message, "Not one of the images");
    }

    [TestMethod]
    public void Batches_of_which_no_image_can_be_read_are_passed_over_wherever_they_are()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var options = Options(folders, epochs: 6) with { Data = folders.Open(0) };
        // A batch an image, in another order every epoch, so that the bad one is the last of some epoch.
        File.WriteAllText(folders.PathOf("red", "000.png"), "no image");
        var result = ResNetTraining.Run(options with { Recipe = options.Recipe! with { BatchSize = 1 } });
        Assert.HasCount(6, result.History);
        foreach (var epoch in result.History) Assert.IsTrue(double.IsFinite(epoch.ImagesPerSecond) && epoch.TrainingLoss > 0);
    }

    [TestMethod]
    [DataRow("gpu", "auto, cpu, cuda")]
    [DataRow("cuda:x", "auto, cpu, cuda")]
    [DataRow("cuda:99", "no device 'cuda:99'")]
    public void A_device_that_is_none_is_named(string device, string expected)
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var options = Options(folders, epochs: 1) with { Device = device };
        var problem = Assert.ThrowsExactly<ArgumentException>(() => ResNetTraining.Run(options));
        StringAssert.Contains(problem.Message, device);
        StringAssert.Contains(problem.Message, expected);
    }

    private static TrainingOptions Options(ClassFolders folders, int epochs) => SmallRun.Options(folders, SmallRun.Recipe(epochs));

    private static ImageRow RowOf(string path) => new() { ImagePath = path, Label = Path.GetFileName(Path.GetDirectoryName(path))! };

    private static string Hash(TrainingResult result) => SmallRun.Hash(result);
}
