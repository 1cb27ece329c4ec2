using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

namespace ResNet.Tests;

/// <summary>The ML.NET trainer in the pipelines that ML.NET users write.</summary>
[TestClass]
public sealed class ResNetTrainerTests
{
    private static readonly ResNetArchitecture Tiny = ResNetArchitecture.Parse("cifar-resnet8:width=4");

    private static readonly TrainingRecipe Recipe = new()
    {
        Epochs = 4,
        BatchSize = 9,
        Preprocessing = ImagePreprocessing.Small(12),
        Augmentation = new Augmentation.PadCropFlip(2),
        Precision = TrainingPrecision.Float32,
    };

    private static ResNetTrainer.Options Options => new() { Architecture = Tiny, Recipe = Recipe, Device = "cpu" };

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_pipeline_learns_and_Evaluate_is_right_whatever_the_order_of_the_keys(bool reversed)
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var rows = reversed ? Rows(folders).Reverse() : Rows(folders);
        var split = context.Data.TrainTestSplit(context.Data.LoadFromEnumerable(rows.ToList()), testFraction: 0.25);
        var pipeline = Keys(context).Append(context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 10, ValidationShare = 0 }))
            .Append(context.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel"));
        var scored = pipeline.Fit(split.TrainSet).Transform(split.TestSet);
        var metrics = context.MulticlassClassification.Evaluate(scored);
        Assert.IsGreaterThan(0.8, metrics.MicroAccuracy);
        // The names say the same as the numbers.
        var labels = scored.GetColumn<string>("ImagePath").Select(ClassOf).ToList();
        Assert.AreEqual(metrics.MicroAccuracy, labels.Zip(scored.GetColumn<string>("Name"), (label, name) => label == name ? 1.0 : 0.0).Average(), 1e-9);
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["Score"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(reversed ? new[] { "red", "green", "blue" } : ["blue", "green", "red"], names.DenseValues().Select(name => name.ToString()).ToList());
        Assert.IsTrue(scored.GetColumn<float[]>("Score").All(score => Math.Abs(score.Sum() - 1) < 1e-5));
    }

    [TestMethod]
    public void Paths_bytes_and_MLImages_give_the_same_bits()
    {
        using var folders = new ClassFolders();
        // PNG only: ML.NET decodes JPEG with its own color conversion.
        var png = Rows(folders).Where(row => row.ImagePath.EndsWith("png", StringComparison.Ordinal)).ToList();
        var bytes = png.ConvertAll(row => new BytesRow { ImageBytes = File.ReadAllBytes(row.ImagePath), Label = row.Label });
        // Random parts, which readers of files decode alone.
        var options = Options with { Epochs = 1, Recipe = Recipe with { Augmentation = new Augmentation.RandomResizedCrop() } };
        var expected = Hash(Fit(png, options));
        Assert.AreEqual(expected, Hash(Fit(bytes, options)));
        var context = new MLContext(seed: 1);
        var loading = context.Transforms.LoadImages("Image", "", "ImagePath");
        Assert.AreEqual(expected, Hash(Fit(context, loading.Fit(context.Data.LoadFromEnumerable(png)).Transform(context.Data.LoadFromEnumerable(png)), options with { InputColumnName = "Image" })));
    }

    [TestMethod]
    public void The_seed_is_the_recipes_or_the_contexts_or_random()
    {
        using var folders = new ClassFolders(imagesPerClass: 3);
        var options = Options with { Epochs = 1 };
        var one = Hash(Fit(Rows(folders), options));
        Assert.AreEqual(one, Hash(Fit(Rows(folders), options)));
        Assert.AreNotEqual(one, Hash(Fit(Rows(folders), options, new MLContext(seed: 2))));
        Assert.AreNotEqual(Hash(Fit(Rows(folders), options, new MLContext())), Hash(Fit(Rows(folders), options, new MLContext())));
        var chosen = options with { Recipe = Recipe with { Seed = 5 } };
        Assert.AreEqual(Hash(Fit(Rows(folders), chosen, new MLContext(seed: 2))), Hash(Fit(Rows(folders), chosen, new MLContext())));
    }

    [TestMethod]
    public void Validation_rows_are_matched_by_name_whatever_their_keys()
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var rows = Rows(folders).ToList();
        List<TrainingProgress> reports = [];
        var trainer = context.MulticlassClassification.Trainers.ResNet(Options with { Progress = new Collector(reports) });
        var training = Keyed(context, rows.Where((_, index) => index % 4 != 0));
        using var model = trainer.Fit(training, Keyed(context, rows.Where((_, index) => index % 4 == 0).Reverse()));
        Assert.IsGreaterThan(0.9, reports.FindLast(report => report.Completed is not null)!.Completed!.Top1!.Value);
        var stranger = rows.Append(new() { ImagePath = rows[0].ImagePath, Label = "violet" });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => trainer.Fit(training, Keyed(context, stranger))).Message, "violet");
    }

    [TestMethod]
    public void CrossValidate_works()
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var pipeline = Keys(context).Append(context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 10, ValidationShare = 0 })).Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var results = context.MulticlassClassification.CrossValidate(context.Data.LoadFromEnumerable(Rows(folders).ToList()), pipeline, numberOfFolds: 3);
        Assert.HasCount(3, results);
        foreach (var result in results) Assert.IsGreaterThan(0.8, result.Metrics.MicroAccuracy);
    }

    [TestMethod]
    public void The_schema_is_known_before_there_is_data()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var context = new MLContext(seed: 1);
        var data = context.Data.LoadFromEnumerable(Rows(folders).ToList());
        var pipeline = Keys(context).Append(context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 1 }));
        var shape = pipeline.GetOutputSchema(new(MLNetInternals.ShapeOf(data.Schema)));
        var real = MLNetInternals.ShapeOf(pipeline.Fit(data).Transform(data).Schema).ToList();
        foreach (var name in new[] { "Score", "PredictedLabel" })
        {
            var (expected, found) = (shape.Single(column => column.Name == name), real.Find(column => column.Name == name));
            Assert.AreEqual((found.Kind, found.ItemType, found.IsKey), (expected.Kind, expected.ItemType, expected.IsKey), name);
            CollectionAssert.AreEquivalent(found.Annotations.Select(each => each.Name).ToList(), expected.Annotations.Select(each => each.Name).ToList(), name);
        }
    }

    [TestMethod]
    public void A_saved_pipeline_scores_equally_in_a_process_without_the_training_library()
    {
        using var folders = new ClassFolders(imagesPerClass: 3);
        var context = new MLContext(seed: 1);
        var data = context.Data.LoadFromEnumerable(Rows(folders).ToList());
        var model = context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 1 }).Fit(data);
        var saved = folders.PathOf("pipeline.zip");
        context.Model.Save(model, data.Schema, saved);
        var expected = model.Transform(data).GetColumn<float[]>("Score").Select(score => Convert.ToHexString(MemoryMarshal.AsBytes<float>(score))).ToList();
        var result = Command.Run("SecondProcess.dll", [saved, "Score", .. Rows(folders).Select(row => row.ImagePath)]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        CollectionAssert.AreEqual(expected, result.Lines.ToList());
    }

    [TestMethod]
    public void A_token_and_the_context_cancel_a_running_fit_and_nothing_is_left()
    {
        using var folders = new ClassFolders(imagesPerClass: 3);
        using var temporary = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        var context = new MLContext(seed: 1) { TempFilePath = temporary.Path };
        // More epochs than would end in the test's time.
        var options = Options with { Epochs = 1_000_000 };
        Assert.Throws<OperationCanceledException>(() => Fit(Rows(folders), options with { Cancellation = cancel.Token, Progress = new Collector([], _ => cancel.Cancel()) }, context));
        Assert.IsEmpty(Directory.GetFileSystemEntries(temporary.Path));
        var problem = Assert.Throws<OperationCanceledException>(() => Fit(Rows(folders), options with { Progress = new Collector([], _ => Cancel(context)) }, context));
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
        Assert.Throws<OperationCanceledException>(() => Fit(Rows(folders), options with { Cancellation = cancel.Token, Progress = stopping }));
        List<TrainingProgress> reports = [];
        Assert.AreEqual(expected, Hash(Fit(Rows(folders), options with { Progress = new Collector(reports) })));
        Assert.AreEqual(2, reports.Count(report => report.Completed is not null));
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => Fit(Rows(folders), options, new MLContext())).Message, "seed");
        StringAssert.Contains(Assert.Throws<IOException>(() => Fit(Rows(folders), options with { IfExists = ExistingRun.Refuse })).Message, folders.Output);
    }

    [TestMethod]
    public void The_log_gets_a_line_an_epoch_and_warnings_of_what_was_left_out()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var context = new MLContext(seed: 1);
        List<(ChannelMessageKind Kind, string Text)> log = [];
        context.Log += (_, message) => log.Add((message.Kind, message.RawMessage));
        var rows = Rows(folders).Append(new() { ImagePath = folders.PathOf("nowhere {0}.png"), Label = "red" }).Append(new() { ImagePath = "unlabeled.png" });
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
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => Fit(rows, Options with { OnBadTrainingImage = BadTrainingImagePolicy.Throw })).Message, "nowhere.png");
    }

    [TestMethod]
    public void Scoring_treats_bad_images_as_the_policy_says()
    {
        using var folders = new ClassFolders(imagesPerClass: 3);
        var context = new MLContext(seed: 1);
        var bad = context.Data.LoadFromEnumerable([new ImageRow { ImagePath = "nowhere.png" }]);
        using var throws = Fit(Rows(folders), Options with { Epochs = 1 });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => throws.Transform(bad).GetColumn<float[]>("Score").ToList()).Message, "nowhere.png");
        using var marks = Fit(Rows(folders), Options with { Epochs = 1, OnBadImage = BadImagePolicy.Mark });
        Assert.AreEqual(0u, marks.Transform(bad).GetColumn<uint>("PredictedLabel").Single());
    }

    [TestMethod]
    public void What_is_wrong_with_the_columns_and_options_is_said_before_anything_is_trained()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var rows = Rows(folders).ToList();
        Throws<ArgumentException>("There is no column 'Class' with the classes", Options with { LabelColumnName = "Class" });
        Throws<ArgumentException>("The column 'Number' is Single, but the classes are a key or text", Options with { LabelColumnName = "Number" });
        Throws<ArgumentException>("There is no column 'Picture' with images", Options with { InputColumnName = "Picture" });
        Throws<ArgumentException>("cannot both be in the column 'Score'", Options with { PredictedLabelColumnName = "Score" });
        Throws<ArgumentOutOfRangeException>("ValidationShare", Options with { ValidationShare = 1 });
        Throws<ArgumentOutOfRangeException>("Epochs", Options with { Epochs = -1 });
        Throws<ArgumentException>("epochs", Options with { Epochs = 0 });
        rows.RemoveAll(row => row.Label != "red");
        Throws<InvalidDataException>("The column 'Label' has 1 classes", Options);
        rows.Clear();
        Throws<InvalidDataException>("The column 'Label' has 0 classes", Options);
        var context = new MLContext();
        var chained = context.MulticlassClassification.Trainers.ResNet(labelColumnName: "Number").Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => chained.Fit(context.Data.LoadFromEnumerable(Rows(folders)))).Message, "'Number' is Single");

        void Throws<T>(string message, ResNetTrainer.Options options)
            where T : Exception => StringAssert.Contains(Assert.ThrowsExactly<T>(() => Fit(rows, options)).Message, message);
    }

    [TestMethod]
    public void The_example_of_the_documentation_runs()
    {
        using var folders = new ClassFolders();
        using var world = new ImageWorld(images: 1);
        var network = world.ModelFile;
        var rows = Rows(folders).ToList();
        // The code between the marks is that of docs/training-mlnet.md, with a tiny network of random weights.
        // <example>
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
        Console.WriteLine($"{metrics.MicroAccuracy:P1}\n{metrics.ConfusionMatrix.GetFormattedConfusionTable()}");
        mlContext.Model.Save(model, split.TrainSet.Schema, "photos.zip");
        // </example>
        Assert.IsTrue(File.Exists("photos.zip"));
        File.Delete("photos.zip");
        Assert.IsGreaterThan(0.8, metrics.MicroAccuracy);
        var code = Code(File.ReadAllText(SourceFile()), "// <example>", "// </example>");
        var example = Code(File.ReadAllText(Path.Combine(Path.GetDirectoryName(SourceFile())!, "..", "..", "docs", "training-mlnet.md")), "```csharp", "```");
        Assert.AreEqual(string.Join('\n', code), string.Join('\n', example).Replace("\"resnet18\"", "network", StringComparison.Ordinal));

        static IEnumerable<string> Code(string text, string begin, string end) =>
            text.Split('\n').Select(line => line.Trim()).SkipWhile(line => line != begin).Skip(1).TakeWhile(line => line != end).Where(line => line.Length > 0);
    }

    private static string SourceFile([CallerFilePath] string path = "") => path;

    private static string ClassOf(string path) => Path.GetFileName(Path.GetDirectoryName(path)!);

    private static IEnumerable<ImageRow> Rows(ClassFolders folders)
    {
        var images = ImageDataset.FromFolder(folders.Folder);
        return Enumerable.Range(0, images.Count).Select(index => new ImageRow { ImagePath = images.NameOf(index), Label = images.Labels[images.LabelOf(index)] });
    }

    private static ValueToKeyMappingEstimator Keys(MLContext context) => context.Transforms.Conversion.MapValueToKey("Label");

    private static IDataView Keyed(MLContext context, IEnumerable<ImageRow> rows)
    {
        var data = context.Data.LoadFromEnumerable(rows.ToList());
        return Keys(context).Fit(data).Transform(data);
    }

    private static ResNetTransformer Fit<T>(IEnumerable<T> rows, ResNetTrainer.Options options, MLContext? context = null)
        where T : class
    {
        context ??= new(seed: 1);
        return Fit(context, context.Data.LoadFromEnumerable(rows), options);
    }

    private static ResNetTransformer Fit(MLContext context, IDataView data, ResNetTrainer.Options options) => context.MulticlassClassification.Trainers.ResNet(options).Fit(data);

    private static string Hash(ResNetTransformer model)
    {
        using (model) return Convert.ToHexString(SHA256.HashData(model.Model.File.ReadBytes()));
    }

    /// <summary>ML.NET keeps the method internal; hosts such as AutoML call it.</summary>
    private static void Cancel(MLContext context) =>
        typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!.Invoke(context, []);

    private sealed class Collector(List<TrainingProgress> reports, Action<TrainingProgress>? then = null) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            reports.Add(value);
            then?.Invoke(value);
        }
    }

    private sealed class BytesRow
    {
        public byte[] ImageBytes { get; set; } = [];

        public string Label { get; set; } = "";
    }
}
