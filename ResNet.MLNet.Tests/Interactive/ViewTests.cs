using Microsoft.DotNet.Interactive.Formatting;
using Microsoft.ML;
using ResNet.MLNet.Interactive;

namespace ResNet.Tests;

/// <summary>What notebooks show: as HTML, and as text for consoles.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ViewTests
{
    private static readonly string[] Labels = ["blue", "green", "<red>"];

    [TestMethod]
    public void Pictures_are_reduced_and_have_captions()
    {
        using var folders = new ClassFolders(imagesPerClass: 1, size: 64);
        var path = folders.PathOf("red", "000.png");
        var view = Views.Pictures([new Picture(path, "a < b", isCorrect: false)], height: 16);
        Assert.AreEqual("000.png: a < b", view.Text);
        StringAssert.Contains(view.ToHtml(), "<figure class=\"wrong\"><img src=\"data:image/jpeg;base64,");
        StringAssert.Contains(view.ToHtml(), "a &lt; b");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Views.Pictures([path], height: 15));
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => Views.Pictures([folders.PathOf("none.png")]));
        StringAssert.Contains(problem.Message, "none.png");
    }

    [TestMethod]
    public void A_confusion_needs_a_row_and_a_column_for_each_label()
    {
        var view = Views.Confusion(Labels, new[,] { { 3, 0, 1 }, { 0, 4, 0 }, { 0, 0, 2 } });
        Assert.AreEqual("9 of 10 images correct", view.Text);
        StringAssert.Contains(view.ToHtml(), "blue predicted as &lt;red&gt;: 1 of 4 (25.0 %)");
        var problem = Assert.ThrowsExactly<ArgumentException>(() => Views.Confusion(Labels, new int[2, 2]));
        StringAssert.Contains(problem.Message, "2 x 2 numbers, and there are 3 labels");
    }

    [TestMethod]
    public void The_confusion_of_ML_NET_has_true_classes_in_rows()
    {
        var mlContext = new MLContext(seed: 1);
        var rows = mlContext.Data.LoadFromEnumerable<Scored>(
        [
            new() { Label = "a", PredictedLabel = "a", Score = [1, 0] },
            new() { Label = "a", PredictedLabel = "b", Score = [0, 1] },
            new() { Label = "b", PredictedLabel = "b", Score = [0, 1] },
        ]);
        var keys = mlContext.Transforms.Conversion.MapValueToKey([new("Label"), new("PredictedLabel")]).Fit(rows).Transform(rows);
        var metrics = mlContext.MulticlassClassification.Evaluate(keys);
        StringAssert.Contains(Views.Confusion(["a", "b"], metrics.ConfusionMatrix).ToHtml(), "a predicted as b: 1 of 2 (50.0 %)");
    }

    [TestMethod]
    public void A_table_shows_ten_rows_and_the_first_values_of_vectors()
    {
        var mlContext = new MLContext();
        var rows = Enumerable.Range(0, 12).Select(i => new Scored { Label = $"row {i}", Score = [i, 0.5f] });
        var data = mlContext.Data.LoadFromEnumerable(rows);
        var lines = Views.Table(data).Text.Split('\n');
        Assert.HasCount(11, lines);
        Assert.AreEqual("Label | PredictedLabel | Score", lines[0]);
        Assert.AreEqual("row 9 |  | 9, 0.5", lines[10]);
        Assert.HasCount(13, Views.Table(data, rows: 12).Text.Split('\n'));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Views.Table(data, rows: 0));
    }

    [TestMethod]
    public void A_run_is_shown_while_it_trains_and_its_mistakes_afterwards()
    {
        using var folders = new ClassFolders();
        NotebookFormatters.Register();
        List<string> shown = [];
        HashSet<string> displays = [];
        using var _ = Formatter.SubscribeToDisplayedValues(display =>
        {
            shown.Add(display.FormattedValues.Single(value => value.MimeType == "text/plain").Value);
            displays.Add(display.DisplayId);
        });
        var monitor = new TrainingMonitor();
        var result = ResNetTraining.Run(SmallRun.Options(folders, SmallRun.Recipe(epochs: 2)), monitor);
        Assert.HasCount(2, monitor.History);
        StringAssert.Contains(shown[^1], "epoch 2 of 2");
        Assert.HasCount(1, displays, "A run is one display that is updated.");
        monitor.Report(new() { Message = "rose.jpg cannot be read." });
        StringAssert.EndsWith(shown[^1], "\nrose.jpg cannot be read.");

        result.Display();
        StringAssert.Contains(shown[^1], "epoch 2: loss");
        StringAssert.Contains(shown[^1], "of 12 images correct");
        var mistakes = Views.Mistakes(Path.Combine(folders.Output, "report.html"));
        Assert.AreEqual(result.Validation!.Top1 < 1, mistakes.ToHtml().Contains("class=\"card\"", StringComparison.Ordinal));
        var other = folders.PathOf("other.html");
        File.WriteAllText(other, "<p>");
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => Views.Mistakes(other));
        StringAssert.Contains(problem.Message, "other.html");
    }

    [TestMethod]
    public void Predictions_have_a_line_each()
    {
        NotebookFormatters.Register();
        IReadOnlyList<ClassPrediction> predictions = [new("rose", 0.75f), new("tulip", 0.25f)];
        Assert.AreEqual("rose: 75.0 %\ntulip: 25.0 %", predictions.ToDisplayString("text/plain"));
        StringAssert.Contains(predictions.ToDisplayString("text/html"), "width: 75%");
    }

    [TestMethod]
    public void The_sample_photographs_come_with_their_credits()
    {
        using var folder = new TemporaryFolder();
        var flowers = SampleImages.Flowers(folder.PathOf("flowers"));
        Assert.HasCount(200, Directory.GetFiles(flowers, "*.jpg", SearchOption.AllDirectories));
        Assert.IsTrue(File.Exists(Path.Combine(flowers, "CREDITS.txt")));
    }

    /// <summary>7,000 files are written and listed.</summary>
    [TestMethod]
    [TestCategory("Slow")]
    public void The_sample_clothes_are_data_to_train_on_with_their_license()
    {
        using var folder = new TemporaryFolder();
        var clothes = SampleImages.Clothes(folder.PathOf("clothes"));
        var data = TrainingData.Open(clothes);
        Assert.AreEqual(6000, data.Training.Count);
        Assert.AreEqual(1000, data.Validation.Count);
        CollectionAssert.AreEqual(Enumerable.Repeat(600, 10).ToList(), data.Training.ClassCounts.ToList());
        CollectionAssert.Contains(data.Training.Labels.ToList(), "Ankle boot");
        StringAssert.Contains(File.ReadAllText(Path.Combine(clothes, "CREDITS.txt")), "Zalando SE. License: MIT");
    }

    [TestMethod]
    public void Plots_have_a_line_with_a_name_for_each_network()
    {
        var plots = Views.Plots(
            new Plot("Training error", [new("plain", [0.5, 0.25], isDashed: true), new("<residual>", [0.4])]) { YFormat = "0 %" },
            new Plot("Empty", []));
        Assert.AreEqual("Training error\nplain: 50 %, 25 %\n<residual>: 40 %\nEmpty", plots.Text);
        StringAssert.Contains(plots.ToHtml(), "line s0 dashed");
        StringAssert.Contains(plots.ToHtml(), "&lt;residual&gt;");
        var lines = Enumerable.Range(1, 5).Select(i => new PlotLine($"{i}", [i]));
        var problem = Assert.ThrowsExactly<ArgumentException>(() => new Plot("Many", lines));
        StringAssert.Contains(problem.Message, "'Many' has 5 lines");
    }

    [TestMethod]
    public void The_places_of_a_plot_can_have_names()
    {
        PlotLine[] lines = [new("response", [1, 0.5])];
        var plot = new Plot("Layers", lines) { XName = "layer", XNames = ["bn1", "layer1.0.bn1", "unused"] };
        Assert.AreEqual("Layers\nresponse: bn1 1, layer1.0.bn1 0.5", Views.Plots(plot).Text);
        StringAssert.Contains(Views.Plots(plot).ToHtml(), "layer layer1.0.bn1  ·  0.5");
        var problem = Assert.ThrowsExactly<ArgumentException>(() => new Plot("Layers", lines) { XNames = ["bn1"] });
        StringAssert.Contains(problem.Message, "'response' of 'Layers' has 2 values, and there are 1 names");
    }

    private sealed class Scored
    {
        public string Label { get; set; } = "";

        public string PredictedLabel { get; set; } = "";

        [Microsoft.ML.Data.VectorType(2)]
        public float[] Score { get; set; } = [];
    }
}
