using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using static ResNet.Tests.TrainerRun;

namespace ResNet.Tests;

/// <summary>The ML.NET trainer in the pipelines that ML.NET users write.</summary>
[TestClass]
public sealed class ResNetTrainerTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_pipeline_learns_and_Evaluate_is_right_whatever_the_order_of_the_keys(bool reversed)
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var rows = reversed ? Rows(folders).Reverse() : Rows(folders);
        var split = context.Data.TrainTestSplit(context.Data.LoadFromEnumerable(rows.ToList()), testFraction: 0.25);
        var trainer = context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 10, ValidationShare = 0 });
        var pipeline = Keys(context).Append(trainer).Append(context.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel"));
        var scored = pipeline.Fit(split.TrainSet).Transform(split.TestSet);
        var metrics = context.MulticlassClassification.Evaluate(scored);
        Assert.IsGreaterThan(0.8, metrics.MicroAccuracy);
        // The names say the same as the numbers.
        var labels = scored.GetColumn<string>("ImagePath").Select(ClassOf).ToList();
        var correct = labels.Zip(scored.GetColumn<string>("Name"), (label, name) => label == name ? 1.0 : 0.0);
        Assert.AreEqual(metrics.MicroAccuracy, correct.Average(), 1e-9);
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["Score"].GetSlotNames(ref names);
        string[] order = reversed ? ["red", "green", "blue"] : ["blue", "green", "red"];
        CollectionAssert.AreEqual(order, names.DenseValues().Select(name => name.ToString()).ToList());
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
        var paths = context.Data.LoadFromEnumerable(png);
        var images = context.Transforms.LoadImages("Image", "", "ImagePath").Fit(paths).Transform(paths);
        Assert.AreEqual(expected, Hash(Fit(context, images, options with { InputColumnName = "Image" })));
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
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => trainer.Fit(training, Keyed(context, stranger)));
        StringAssert.Contains(problem.Message, "violet");
    }

    [TestMethod]
    public void CrossValidate_works()
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var trainer = context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 10, ValidationShare = 0 });
        var pipeline = Keys(context).Append(trainer).Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var data = context.Data.LoadFromEnumerable(Rows(folders).ToList());
        var results = context.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 3);
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
            CollectionAssert.AreEquivalent(AnnotationsOf(found), AnnotationsOf(expected), name);
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
        var scores = model.Transform(data).GetColumn<float[]>("Score");
        var expected = scores.Select(score => Convert.ToHexString(MemoryMarshal.AsBytes<float>(score))).ToList();
        var result = Command.Run("SecondProcess.dll", [saved, "Score", .. Rows(folders).Select(row => row.ImagePath)]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        CollectionAssert.AreEqual(expected, result.Lines.ToList());
    }

    private static string ClassOf(string path) => Path.GetFileName(Path.GetDirectoryName(path)!);

    private static List<string> AnnotationsOf(SchemaShape.Column column) => [.. column.Annotations.Select(each => each.Name)];

    private static IDataView Keyed(MLContext context, IEnumerable<ImageRow> rows)
    {
        var data = context.Data.LoadFromEnumerable(rows.ToList());
        return Keys(context).Fit(data).Transform(data);
    }

    private static ValueToKeyMappingEstimator Keys(MLContext context) => context.Transforms.Conversion.MapValueToKey("Label");

    private sealed class BytesRow
    {
        public byte[] ImageBytes { get; set; } = [];

        public string Label { get; set; } = "";
    }
}
