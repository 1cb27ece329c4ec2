using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static ResNet.Tests.TrainerRun;

namespace ResNet.Tests;

/// <summary>
/// What happens around the ML.NET trainer's training: it is canceled, resumed and logged, bad images and options are named, and a pipeline
/// with it is evaluated and saved.
/// </summary>
[TestClass]
public sealed class ResNetTrainerRunTests
{
    [TestMethod]
    public void A_token_and_the_context_cancel_a_running_fit_and_nothing_is_left()
    {
        using var folders = new ClassFolders(imagesPerClass: 3);
        using var temporary = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        var context = new MLContext(seed: 1) { TempFilePath = temporary.Path };
        // More epochs than would end in the test's time.
        var options = Options with { Epochs = 1_000_000 };
        var byToken = options with { Cancellation = cancel.Token, Progress = new Collector([], _ => cancel.Cancel()) };
        Assert.Throws<OperationCanceledException>(() => Fit(Rows(folders), byToken, context));
        Assert.IsEmpty(Directory.GetFileSystemEntries(temporary.Path));
        var byContext = options with { Progress = new Collector([], _ => Cancel(context)) };
        var problem = Assert.Throws<OperationCanceledException>(() => Fit(Rows(folders), byContext, context));
        StringAssert.Contains(problem.Message, "context");
        Assert.IsEmpty(Directory.GetFileSystemEntries(temporary.Path));
        // While the rows are read.
        var other = new MLContext(seed: 1);
        var read = 0;
        var rows = Rows(folders).Select(row =>
        {
            if (++read == 2) Cancel(other);
            return row;
        });
        Assert.Throws<OperationCanceledException>(() => Fit(rows, options, other));
        Assert.IsLessThan(9, read);
    }

    [TestMethod]
    public void A_run_in_an_output_folder_is_resumed_to_the_bits_of_one_that_was_not_stopped()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        using var cancel = new CancellationTokenSource();
        var expected = Hash(Fit(Rows(folders), Options));
        var options = Options with { OutputFolder = folders.Output, IfExists = ExistingRun.Resume };
        var stopping = new Collector([], value =>
        {
            if (value.Completed is { Epoch: 2 }) cancel.Cancel();
        });
        var stopped = options with { Cancellation = cancel.Token, Progress = stopping };
        Assert.Throws<OperationCanceledException>(() => Fit(Rows(folders), stopped));
        List<TrainingProgress> reports = [];
        Assert.AreEqual(expected, Hash(Fit(Rows(folders), options with { Progress = new Collector(reports) })));
        Assert.AreEqual(2, reports.Count(report => report.Completed is not null));
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Fit(Rows(folders), options, new MLContext())).Message, "seed");
        var refuses = options with { IfExists = ExistingRun.Refuse };
        StringAssert.Contains(Assert.Throws<IOException>(() => Fit(Rows(folders), refuses)).Message, folders.Output);
    }

    [TestMethod]
    public void The_log_gets_a_line_an_epoch_and_warnings_of_what_was_left_out()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var context = new MLContext(seed: 1);
        List<(ChannelMessageKind Kind, string Text)> log = [];
        context.Log += (_, message) => log.Add((message.Kind, message.RawMessage));
        var missing = new ImageRow { ImagePath = folders.PathOf("nowhere {0}.png"), Label = "red" };
        var rows = Rows(folders).Append(missing).Append(new() { ImagePath = "unlabeled.png" });
        Fit(rows, Options with { ValidationShare = 0.25 }, context).Dispose();
        var epochs = log.FindAll(each => each.Kind == ChannelMessageKind.Info && each.Text.StartsWith("Epoch ", StringComparison.Ordinal));
        Assert.HasCount(4, epochs);
        StringAssert.StartsWith(epochs[^1].Text, "Epoch 4 of 4: training loss ");
        StringAssert.Contains(epochs[^1].Text, "validation loss");
        var warnings = log.FindAll(each => each.Kind == ChannelMessageKind.Warning).ConvertAll(each => each.Text);
        Assert.AreEqual(1, warnings.Count(each => each.Contains("nowhere {0}.png': There is no such file.", StringComparison.Ordinal)));
        Assert.AreEqual(1, warnings.Count(each => each.Contains("1 row has no label", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Training_can_end_with_the_first_bad_image()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var rows = Rows(folders).Append(new() { ImagePath = "nowhere.png", Label = "red" });
        var options = Options with { OnBadTrainingImage = BadTrainingImagePolicy.Throw };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => Fit(rows, options)).Message, "nowhere.png");
    }

    [TestMethod]
    public void Scoring_treats_bad_images_as_the_policy_says()
    {
        using var folders = new ClassFolders(imagesPerClass: 3);
        var context = new MLContext(seed: 1);
        var bad = context.Data.LoadFromEnumerable([new ImageRow { ImagePath = "nowhere.png" }]);
        using var throws = Fit(Rows(folders), Options with { Epochs = 1 });
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => throws.Transform(bad).GetColumn<float[]>("Score").ToList());
        StringAssert.Contains(problem.Message, "nowhere.png");
        using var marks = Fit(Rows(folders), Options with { Epochs = 1, OnBadImage = BadImagePolicy.Mark });
        Assert.AreEqual(0u, marks.Transform(bad).GetColumn<uint>("PredictedLabel").Single());
    }

    [TestMethod]
    public void What_is_wrong_with_the_columns_and_options_is_said_before_anything_is_trained()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var rows = Rows(folders).ToList();
        Throws<ArgumentException>("There is no column 'Class' with the classes", Options with { LabelColumnName = "Class" });
        var number = Options with { LabelColumnName = "Number" };
        Throws<ArgumentException>("The column 'Number' is Single, but the classes are a key or text", number);
        Throws<ArgumentException>("There is no column 'Picture' with images", Options with { InputColumnName = "Picture" });
        Throws<ArgumentException>("cannot both be in the column 'Score'", Options with { PredictedLabelColumnName = "Score" });
        Throws<ArgumentOutOfRangeException>("ValidationShare", Options with { ValidationShare = 1 });
        Throws<ArgumentOutOfRangeException>("Epochs", Options with { Epochs = -1 });
        Throws<ArgumentException>("epochs", Options with { Epochs = 0 });
        Throws<ArgumentException>("FromScratch", Options with { StartFrom = "resnet18", FromScratch = true });
        rows.RemoveAll(row => row.Label != "red");
        Throws<InvalidDataException>("The column 'Label' has 1 class, 'red'; a classifier needs two or more.", Options);
        rows.Clear();
        Throws<InvalidDataException>("no row has an image in the column 'ImagePath' and a class in the column 'Label'", Options);
        var context = new MLContext();
        var trainer = context.MulticlassClassification.Trainers.ResNet(labelColumnName: "Number");
        var chained = trainer.Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var data = context.Data.LoadFromEnumerable(Rows(folders));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => chained.Fit(data)).Message, "'Number' is Single");

        void Throws<T>(string message, ResNetTrainer.Options options)
            where T : Exception => StringAssert.Contains(Assert.ThrowsExactly<T>(() => Fit(rows, options)).Message, message);
    }

    [TestMethod]
    public void A_pipeline_is_trained_evaluated_and_saved()
    {
        using var folders = new ClassFolders();
        using var world = new ImageWorld(images: 1);
        var network = world.ModelFile;
        var rows = Rows(folders).ToList();
        var mlContext = new MLContext(seed: 1);
        var split = mlContext.Data.TrainTestSplit(mlContext.Data.LoadFromEnumerable(rows), testFraction: 0.2);

        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
            {
                StartFrom = network,
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel"));
        var model = pipeline.Fit(split.TrainSet);

        var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(split.TestSet));
        var saved = world.PathOf("photos.zip");
        mlContext.Model.Save(model, split.TrainSet.Schema, saved);
        Assert.IsTrue(File.Exists(saved));
        Assert.IsGreaterThan(0.8, metrics.MicroAccuracy);
    }

    [TestMethod]
    [TestCategory("EndToEnd")]
    public void Without_options_it_starts_from_the_network_that_is_here_and_the_saved_pipeline_scores_in_another_process()
    {
        using var folders = new ClassFolders(imagesPerClass: 3, size: 65);
        var context = new MLContext(seed: 1);
        List<string> log = [];
        context.Log += (_, message) => log.Add(message.RawMessage);
        var data = context.Data.LoadFromEnumerable(Rows(folders).ToList());
        // The head alone, as twenty epochs of a ResNet-18 take minutes.
        var model = context.MulticlassClassification.Trainers.ResNet(epochs: 0).Fit(data);
        Assert.IsTrue(log.Exists(line => line.StartsWith("The run starts from resnet18-mlnet, ", StringComparison.Ordinal)));
        Assert.IsTrue(log.Exists(line => line.Contains("95 % interval", StringComparison.Ordinal)));
        var saved = folders.PathOf("pipeline.zip");
        context.Model.Save(model, data.Schema, saved);
        var scores = model.Transform(data).GetColumn<float[]>("Score");
        var expected = scores.Select(score => Convert.ToHexString(MemoryMarshal.AsBytes<float>(score))).ToList();
        var result = Command.Run("SecondProcess.dll", [saved, "Score", .. Rows(folders).Select(row => row.ImagePath)]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        CollectionAssert.AreEqual(expected, result.Lines.ToList());
    }

    /// <summary>ML.NET keeps the method internal; hosts such as AutoML call it.</summary>
    private static void Cancel(MLContext context)
    {
        const BindingFlags any = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        typeof(MLContext).GetMethod("CancelExecution", any)!.Invoke(context, []);
    }
}
