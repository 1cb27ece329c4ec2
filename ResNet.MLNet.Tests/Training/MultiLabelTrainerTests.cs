using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>Several labels an image in ML.NET's pipelines.</summary>
[TestClass]
public sealed class MultiLabelTrainerTests
{
    private static ResNetTrainer.Options Options => TrainerRun.Options with
    {
        Recipe = SmallRun.Recipe(12) with { LearningRate = 0.2 },
        ValidationShare = 0.25,
    };

    [TestMethod]
    public void Text_with_separators_gives_scores_and_a_column_of_labels_which_are_saved_and_loaded()
    {
        using var table = new LabeledTable(images: 64);
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var rows = Enumerable.Range(0, 64)
            .Select(index => new TextRow(table.ImageOf(index), string.Join(" | ", LabeledTable.LabelsOf(index))));
        var data = context.Data.LoadFromEnumerable(rows);
        using var model = TrainerRun.Fit(context, data, Options with { LabelSeparators = "|" });
        AssertGivesLabels(model.Transform(data), atLeast: 32);
        Assert.HasCount(3, model.Model.Card.Thresholds!);

        context.Model.Save(model, data.Schema, folder.PathOf("model.zip"));
        var loaded = context.Model.Load(folder.PathOf("model.zip"), out _);
        AssertGivesLabels(loaded.Transform(data), atLeast: 32);
        using var engine = context.Model.CreatePredictionEngine<TextRow, Prediction>(loaded);
        var prediction = engine.Predict(new(table.ImageOf(7), ""));
        // The most probable first, as the model gives them.
        var labels = model.Model.Classify(table.ImageOf(7)).Select(each => each.Label).ToList();
        Assert.IsGreaterThan(1, labels.Count);
        CollectionAssert.AreEqual(labels, prediction.PredictedLabel);
        Assert.HasCount(3, prediction.Score);
    }

    [TestMethod]
    public void A_vector_of_text_needs_no_separators_and_the_shape_is_known_before_there_is_data()
    {
        using var table = new LabeledTable(images: 32);
        var context = new MLContext(seed: 1);
        var rows = Enumerable.Range(0, 32)
            .Select(index => new VectorRow { ImagePath = table.ImageOf(index), Label = LabeledTable.LabelsOf(index) });
        var data = context.Data.LoadFromEnumerable(rows);
        var trainer = context.MulticlassClassification.Trainers.ResNet(Options with { Recipe = SmallRun.Recipe(1) });
        var shape = trainer.GetOutputSchema(new(MLNetInternals.ShapeOf(data.Schema))).First(column => column.Name == "PredictedLabel");
        Assert.AreEqual(SchemaShape.Column.VectorKind.VariableVector, shape.Kind);
        Assert.IsInstanceOfType<TextDataViewType>(shape.ItemType);
        List<string> log = [];
        context.Log += (_, entry) => log.Add(entry.Message);
        using var model = trainer.Fit(data);
        Assert.IsTrue(log.Exists(line => line.Contains("4 rows have no label in the column 'Label' and count as being of none")));
        var schema = model.GetOutputSchema(data.Schema);
        Assert.AreEqual(new VectorDataViewType(TextDataViewType.Instance), schema["PredictedLabel"].Type);
        Assert.AreEqual(3, ((VectorDataViewType)schema["Score"].Type).Size);
        CollectionAssert.AreEqual(new[] { "blue", "green", "red" }, model.Model.Labels!.ToList());
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => TrainerRun.Fit(context, data, Options with { LabelSeparators = ";" })).Message,
            "is not text");
    }

    [TestMethod]
    public void A_model_of_labels_is_applied_with_any_output_and_images_that_cannot_be_read_have_none()
    {
        using var table = new LabeledTable(images: 16);
        var result = ResNetTraining.Run(table.Options(SmallRun.Recipe(2)));
        var context = new MLContext(seed: 1);
        TextRow[] rows = [new(table.ImageOf(0), ""), new("missing.png", ""), new(table.ImageOf(7), "")];
        var data = context.Data.LoadFromEnumerable(rows);
        List<string> Labels(ResNetOutput output)
        {
            var estimator = context.Transforms.ApplyResNet(new ResNetEstimator.Options
            {
                Model = result.ModelFile,
                Output = output,
                PredictedLabelColumnName = "PredictedLabel",
                OutputColumnName = "Score",
                OnBadImage = BadImagePolicy.Mark,
            });
            using var transformer = estimator.Fit(data);
            var read = context.Data.CreateEnumerable<Prediction>(transformer.Transform(data), reuseRowObject: false);
            return [.. read.Select(row => string.Join(',', row.PredictedLabel))];
        }

        using var model = ResNetModel.Open(result.ModelFile);
        string[] expected = [Given(rows[0]), "", Given(rows[2])];
        CollectionAssert.AreEqual(expected, Labels(ResNetOutput.Probabilities));
        CollectionAssert.AreEqual(expected, Labels(ResNetOutput.Logits));

        string Given(TextRow row) => string.Join(',', model.Classify(row.ImagePath).Select(each => each.Label));
    }

    private static void AssertGivesLabels(IDataView scored, int atLeast)
    {
        var rows = new MLContext().Data.CreateEnumerable<Prediction>(scored, reuseRowObject: false).ToList();
        Assert.HasCount(64, rows);
        var right = rows.Index().Count(row => row.Item.PredictedLabel.Order().SequenceEqual(LabeledTable.LabelsOf(row.Index)));
        Assert.IsGreaterThanOrEqualTo(atLeast, right);
    }

    private sealed class TextRow
    {
        public TextRow()
        {
        }

        public TextRow(string imagePath, string label) => (ImagePath, Label) = (imagePath, label);

        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private sealed class VectorRow
    {
        public string ImagePath { get; set; } = "";

        public string[] Label { get; set; } = [];
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];

        public string[] PredictedLabel { get; set; } = [];
    }
}
