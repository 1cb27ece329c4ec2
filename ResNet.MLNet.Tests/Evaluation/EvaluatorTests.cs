using System.Text.Json;

namespace ResNet.Tests;

/// <summary>A network is evaluated on labeled images: classes are matched by name, and what is left out is named.</summary>
[TestClass]
public sealed class EvaluatorTests
{
    [TestMethod]
    public void Each_image_has_the_prediction_that_Classify_gives_and_classes_are_matched_by_name()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        using var model = ResNetModel.Open(Model(folders, "red", "blue", "green"));
        var images = ImageDataset.FromFolder(folders.Folder);
        var evaluation = ResNetEvaluator.Evaluate(model, images);
        Assert.HasCount(12, evaluation.Images);
        foreach (var image in evaluation.Images)
        {
            var predictions = model.Classify(image.Name, top: 3);
            Assert.AreEqual(predictions[0].Index, image.Predicted);
            Assert.AreEqual(predictions[0].Probability, image.Probability);
            Assert.AreEqual(Path.GetFileName(Path.GetDirectoryName(image.Name)), evaluation.Labels[image.Label]);
            Assert.AreEqual(predictions.Single(each => each.Index == image.Label).Probability, image.LabelProbability);
            Assert.AreEqual(image.Label, predictions[image.Rank].Index);
        }

        Assert.AreEqual(evaluation.Images.Count(image => image.IsCorrect) / 12.0, evaluation.Metrics.Top1);
        Assert.IsNull(evaluation.Metrics.Top5);
        Assert.IsEmpty(evaluation.Notes);
        Assert.AreEqual(evaluation.ToJson(), ResNetEvaluator.Evaluate(model, images).ToJson());
    }

    [TestMethod]
    public void Classes_that_one_side_lacks_are_named()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        using var model = ResNetModel.Open(Model(folders, "red", "violet", "green"));
        var evaluation = ResNetEvaluator.Evaluate(model, ImageDataset.FromFolder(folders.Folder));
        Assert.HasCount(4, evaluation.Images);
        CollectionAssert.AreEqual(
            new[] { "The model does not know 'blue': 2 images are left out.", "The data has no images of 'violet'." },
            evaluation.Notes.ToArray());

        using var other = ResNetModel.Open(Model(folders, "a", "b", "c"));
        var problem = Throws(other, folders);
        StringAssert.Contains(problem.Message, "no class in common. The model's are 'a', 'b', 'c'; the data's 'blue', 'green', 'red'.");
    }

    [TestMethod]
    public void An_image_that_cannot_be_read_is_named_and_the_others_count()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        File.WriteAllText(folders.PathOf("red", "000.png"), "no image");
        using var model = ResNetModel.Open(Model(folders, "blue", "green", "red"));
        var evaluation = ResNetEvaluator.Evaluate(model, ImageDataset.FromFolder(folders.Folder));
        Assert.HasCount(5, evaluation.Images);
        StringAssert.Contains(evaluation.Problems.Single(), "000.png");
        folders.SpoilAll();
        var problem = Throws(model, folders);
        StringAssert.Contains(problem.Message, "Not one of the 6 images could be evaluated. The first problem: '");
    }

    [TestMethod]
    public void It_stops_when_it_is_asked_to()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        using var model = ResNetModel.Open(Model(folders, "blue", "green", "red"));
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() =>
            ResNetEvaluator.Evaluate(model, ImageDataset.FromFolder(folders.Folder), cancellation: cancel.Token));
    }

    [TestMethod]
    public void The_command_shows_figures_and_changes_and_writes_files()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        File.WriteAllText(folders.PathOf("red", "003.jpg"), "no image");
        var model = Model(folders, "red", "blue", "green");
        var other = Model(folders, "green", "red", "blue");
        var file = Path.Combine(folders.Output, "result.json");
        var result = Command.Resnet("evaluate", "--model", model, "--data", folders.Folder, "--compare", other, "--output", file);
        Assert.AreEqual(1, result.ExitCode);
        StringAssert.Contains(result.Errors, "003.jpg");
        StringAssert.Contains(result.Errors, "1 of 7 images could not be read.");
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        Assert.AreEqual(6, json.RootElement.GetProperty("count").GetInt32());
        var top1 = json.RootElement.GetProperty("top1").GetDouble();
        var accuracy = FormattableString.Invariant($"{100 * top1:0.00}");
        StringAssert.Matches(result.Output, new($@"top-1 accuracy +{accuracy} %  \(\d+\.\d\d to \d+\.\d\d\)"));
        StringAssert.Contains(result.Output, "McNemar's test");

        var table = Command.Resnet("evaluate", "--model", model, "--data", folders.Folder, "--format", "csv");
        var lines = table.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.AreEqual("path,label,predicted,probability,label_probability,rank", lines[0]);
        Assert.HasCount(7, lines);
        Assert.AreEqual(2, Command.Resnet("evaluate", "--model", model, "--data", folders.Folder, "--output", "x.txt").ExitCode);
        // Text behind JSON would not be JSON.
        var both = Command.Resnet("evaluate", "--model", model, "--data", folders.Folder, "--compare", other, "--format", "json");
        Assert.AreEqual(2, both.ExitCode);
        StringAssert.Contains(both.Errors, "--compare is shown as text");
    }

    private static InvalidDataException Throws(ResNetModel model, ClassFolders folders) =>
        Assert.ThrowsExactly<InvalidDataException>(() => ResNetEvaluator.Evaluate(model, ImageDataset.FromFolder(folders.Folder)));

    /// <summary>A model file with classes of these names; the same network for the same place of a name.</summary>
    private static string Model(ClassFolders folders, params string[] labels)
    {
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", labels.Length);
        Directory.CreateDirectory(folders.Output);
        var path = Path.Combine(folders.Output, $"{string.Join('-', labels)}.onnx");
        ModelFile.Write(path, network, RandomWeights.For(network), RandomWeights.Card(network) with { Labels = labels });
        return path;
    }
}
