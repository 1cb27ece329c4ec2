using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>A saved pipeline is whole: it needs neither the model file nor any knowledge of this project's types.</summary>
[TestClass]
public sealed class SaveAndLoadTests
{
    [TestMethod]
    public void A_saved_pipeline_gives_equal_scores_in_a_process_that_only_references_the_package()
    {
        using var world = new ImageWorld(images: 5);
        var pipeline = world.Context.Transforms.ApplyResNet("Score", null, world.ModelFile, ResNetOutput.Probabilities, "PredictedLabel");
        var saved = world.PathOf("pipeline.zip");
        Save(world, pipeline, saved);
        var expected = world.Paths.Select(path => Hexadecimal(world.Expected(path, ResNetOutput.Probabilities))).ToList();
        File.Delete(world.ModelFile);

        var result = Command.Run("SecondProcess.dll", [saved, "Score", .. world.Paths]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        CollectionAssert.AreEqual(expected, result.Lines.ToList());
    }

    [TestMethod]
    [TestCategory("EndToEnd")]
    public void A_pipeline_that_is_loaded_used_and_freed_many_times_leaves_nothing_behind()
    {
        // Some 2 MB of weights: 180 times of them would be seen.
        using var world = new ImageWorld(images: 2, architecture: "cifar-resnet20:width=24");
        var saved = world.PathOf("pipeline.zip");
        Save(world, world.Context.Transforms.ApplyResNet(world.ModelFile), saved);
        var files = Directory.GetFiles(world.Folder);
        var result = Command.RunIn(world.Folder, "SecondProcess.dll", ["leak", saved, "Features", .. world.Paths]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        Assert.IsLessThan(64_000, long.Parse(result.Output, System.Globalization.CultureInfo.InvariantCulture), "KB");
        // ONNX Runtime itself keeps one small file of that name in the folder for temporary files.
        var left = Directory.GetFileSystemEntries(world.Folder).Except(files).Where(path => Path.GetFileName(path) != ".ses");
        Assert.AreEqual("", string.Join(", ", left));
    }

    [TestMethod]
    public void What_was_set_but_the_folder_is_there_after_loading()
    {
        using var world = new ImageWorld(images: 2);
        var options = new ResNetEstimator.Options
        {
            Model = world.ModelFile,
            OutputColumnName = "Logits",
            Output = ResNetOutput.Logits,
            InputColumnName = "ImagePath",
            ImageFolder = world.Folder,
            PredictedLabelColumnName = "Best",
            OnBadImage = BadImagePolicy.Mark,
        };
        var saved = world.PathOf("pipeline.zip");
        Save(world, world.Context.Transforms.ApplyResNet(options), saved);
        var names = world.Data([Path.GetFileName(world.Paths[0]), "missing.jpg"]);
        var loaded = new MLContext().Model.Load(saved, out _);
        loaded.SetImageFolder(world.Folder);
        var logits = loaded.Transform(names).GetColumn<float[]>("Logits").ToList();
        CollectionAssert.AreEqual(world.Expected(world.Paths[0], ResNetOutput.Logits), logits[0]);
        Assert.IsTrue(logits[1].All(float.IsNaN));
        Assert.AreEqual(0u, loaded.Transform(names).GetColumn<uint>("Best").Last());
    }

    [TestMethod]
    public void What_was_not_saved_has_its_default() =>
        Assert.AreEqual(
            new ScoringOptions { Preprocessing = new() { Crop = 32 } }, ScoringOptions.FromJson("""{"Preprocessing": {"Crop": 32}}"""));

    [TestMethod]
    [DataRow("""{"Output": 77}""", "Output must be one of")]
    [DataRow("""{"Output": "Guess"}""", "Output")]
    [DataRow("""{"OnBadImage": 99}""", "OnBadImage must be one of")]
    [DataRow("""{"LabelKind": 99}""", "LabelKind must be one of")]
    [DataRow("""{"OutputColumnName": null}""", "OutputColumnName")]
    [DataRow("""{"MaximumPixels": 0}""", "MaximumPixels")]
    [DataRow("""{"Preprocessing": {"Crop": 16384}}""", "Crop must be 1 to 4096")]
    [DataRow("""{"Preprocessing": {"Std": {"R": 0, "G": 1, "B": 1}}}""", "Std must be above 0")]
    [DataRow("null", "they are empty")]
    public void Options_that_no_pipeline_can_have_are_refused_when_they_are_read(string json, string problem)
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ScoringOptions.FromJson(json)).Message;
        StringAssert.Contains(message, "The saved options of the ResNet transformer cannot be read");
        StringAssert.Contains(message, problem);
    }

    [TestMethod]
    public void A_loaded_pipeline_can_be_saved_again()
    {
        using var world = new ImageWorld(images: 1);
        var first = world.PathOf("first.zip");
        var second = world.PathOf("second.zip");
        Save(world, world.Context.Transforms.ApplyResNet(world.ModelFile), first);
        world.Context.Model.Save(world.Context.Model.Load(first, out var schema), schema, second);
        var loaded = world.Context.Model.Load(second, out _);
        CollectionAssert.AreEqual(world.Expected(world.Paths[0]), loaded.Transform(world.Data()).GetColumn<float[]>("Features").Single());
    }

    private static void Save(ImageWorld world, ResNetEstimator pipeline, string path)
    {
        using var model = pipeline.Fit(world.Data());
        world.Context.Model.Save(model, world.Data().Schema, path);
    }

    private static string Hexadecimal(float[] values) => Convert.ToHexString(MemoryMarshal.AsBytes<float>(values));
}
