using Microsoft.ML;
using Microsoft.ML.Data;
using static ResNet.Tests.TrainerRun;

namespace ResNet.Tests;

/// <summary>
/// A label comes back in the type that it had: MapKeyToValue gives what MapValueToKey was given, as after ML.NET's trainers.
/// </summary>
[TestClass]
public sealed class LabelTypeTests
{
    private static readonly Dictionary<string, int> Numbers = new() { ["blue"] = -7, ["green"] = 300, ["red"] = 12 };

    [TestMethod]
    public void Whole_numbers() => AssertKept(name => Numbers[name]);

    [TestMethod]
    public void Fractions() => AssertKept(name => Numbers[name] / 7f);

    [TestMethod]
    public void Bytes() => AssertKept(name => (byte)Numbers[name]);

    [TestMethod]
    public void Booleans() => AssertKept(name => name == "red");

    [TestMethod]
    public void Dates_to_the_tick() => AssertKept(name => new DateTime(2026, 1, 2).AddTicks(Numbers[name]));

    [TestMethod]
    public void Moments_with_their_offset() =>
        AssertKept(name => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)).AddTicks(Numbers[name]));

    [TestMethod]
    public void Spans() => AssertKept(name => TimeSpan.FromTicks(Numbers[name]));

    [TestMethod]
    public void Texts() => AssertKept(name => name);

    [TestMethod]
    public void In_CrossValidate_too()
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var data = context.Data.LoadFromEnumerable(Labeled(folders, name => Numbers[name]));
        var runs = context.MulticlassClassification.CrossValidate(data, Pipeline(context), numberOfFolds: 2);
        foreach (var run in runs)
        {
            var predicted = run.ScoredHoldOutSet.GetColumn<int>("PredictedLabel").ToList();
            Assert.AreEqual("", string.Join(' ', predicted.Except(Numbers.Values)));
        }
    }

    [TestMethod]
    public void A_key_without_values_gives_its_numbers_and_is_evaluated()
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var rows = Labeled(folders, name => name).Select(row => new KeyRow
        {
            ImagePath = row.ImagePath,
            Label = (uint)Array.IndexOf(["blue", "green", "red"], row.Label) + 1,
        });
        var data = context.Data.LoadFromEnumerable(rows);
        using var model = Fit(context, data, Options with { Epochs = 10, ValidationShare = 0 });
        var scored = model.Transform(data);
        Assert.IsGreaterThan(0.8, context.MulticlassClassification.Evaluate(scored).MicroAccuracy);
        var values = context.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(scored).Transform(scored);
        Assert.AreEqual("", string.Join(' ', values.GetColumn<string>("PredictedLabel").Except(["0", "1", "2"])));
    }

    private static void AssertKept<T>(Func<string, T> labelOf)
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var rows = Labeled(folders, labelOf);
        var data = context.Data.LoadFromEnumerable(rows);
        var model = Pipeline(context).Fit(data);
        AssertRight(model.Transform(data));
        // Where the application has types of its own.
        var options = new PredictionEngineOptions { OwnsTransformer = false };
        using var engine = context.Model.CreatePredictionEngine<Row<T>, Prediction<T>>(model, options);
        CollectionAssert.Contains(rows.ConvertAll(row => row.Label), engine.Predict(rows[0]).PredictedLabel);
        context.Model.Save(model, data.Schema, folders.PathOf("model.zip"));
        var loaded = new MLContext().Model.Load(folders.PathOf("model.zip"), out _);
        AssertRight(loaded.Transform(data));

        void AssertRight(IDataView scored)
        {
            var predicted = context.Data.CreateEnumerable<Prediction<T>>(scored, reuseRowObject: false).Select(row => row.PredictedLabel);
            var correct = predicted.Zip(rows).Count(pair => Equals(pair.First, pair.Second.Label));
            Assert.IsGreaterThan(0.8, (double)correct / rows.Count);
        }
    }

    private static EstimatorChain<ITransformer> Pipeline(MLContext context) => context.Transforms.Conversion.MapValueToKey("Label")
        .Append(context.MulticlassClassification.Trainers.ResNet(Options with { Epochs = 10, ValidationShare = 0 }))
        .Append<ITransformer>(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

    private static List<Row<T>> Labeled<T>(ClassFolders folders, Func<string, T> labelOf) =>
        [.. Rows(folders).Select(row => new Row<T> { ImagePath = row.ImagePath, Label = labelOf(row.Label) })];

    private sealed class Row<T>
    {
        public string ImagePath { get; set; } = "";

        public T Label { get; set; } = default!;
    }

    private sealed class KeyRow
    {
        public string ImagePath { get; set; } = "";

        [KeyType(count: 3)]
        public uint Label { get; set; }
    }

    private sealed class Prediction<T>
    {
        public T PredictedLabel { get; set; } = default!;
    }
}
