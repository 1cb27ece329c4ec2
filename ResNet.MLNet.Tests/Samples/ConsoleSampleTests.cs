namespace ResNet.Tests;

/// <summary>samples/Console runs as its README says.</summary>
[TestClass]
[TestCategory("EndToEnd")]
public sealed class ConsoleSampleTests
{
    [TestMethod]
    public void Files_and_folders_are_classified_and_what_is_not_an_image_is_named_while_the_rest_goes_on()
    {
        using var world = new ImageWorld(images: 4);
        var folder = world.PathOf("more");
        Directory.CreateDirectory(folder);
        File.Move(world.Paths[2], Path.Combine(folder, "2.jpg"));
        File.WriteAllText(Path.Combine(folder, "text.png"), "not an image");
        File.Move(world.Paths[3], Path.Combine(folder, "zebra.png"));

        var result = Sample.Run("Console", "--model", world.ModelFile, world.Paths[1], world.PathOf("none.jpg"), folder, world.Paths[0]);

        using var model = ResNetModel.Open(world.ModelFile);
        string[] files = [world.Paths[1], Path.Combine(folder, "2.jpg"), Path.Combine(folder, "zebra.png"), world.Paths[0]];
        var expected = files.Select(file => (File: file, Best: model.Classify(file, top: 1)[0]))
            .Select(each => $"{each.File}\t{each.Best.Label}\t{each.Best.Probability:P1}");
        CollectionAssert.AreEqual(expected.ToArray(), result.Lines.ToArray());
        var problems = result.Errors.TrimEnd().Split('\n');
        Assert.HasCount(2, problems);
        StringAssert.Contains(problems[0], "none.jpg");
        StringAssert.Contains(problems[1], "text.png");
        Assert.AreEqual(1, result.ExitCode);
    }

    [TestMethod]
    public void Without_a_model_file_the_published_network_of_the_cache_answers()
    {
        using var world = new ImageWorld(images: 1);
        var published = SmallNetwork.WritePublished(world.PathOf("cache"), "resnet18", ["blue", "green", "red"]);
        var variables = new Dictionary<string, string?> { [CacheFolder.Variable] = world.PathOf("cache") };

        var result = Sample.RunWith(variables, "Console", world.Paths[0]);

        Assert.AreEqual(0, result.ExitCode, result.Errors);
        using var model = ResNetModel.Open(published);
        var best = model.Classify(world.Paths[0], top: 1)[0];
        Assert.AreEqual($"{world.Paths[0]}\t{best.Label}\t{best.Probability:P1}", result.Output);
    }

    [TestMethod]
    public void A_command_that_cannot_be_is_explained()
    {
        using var folder = new TemporaryFolder();
        var nothing = Sample.Run("Console");
        Assert.AreEqual(2, nothing.ExitCode);
        StringAssert.Contains(nothing.Errors, "'PICTURE' missing");

        var missing = Sample.Run("Console", "--model", folder.PathOf("none.onnx"), folder.Path);
        Assert.AreEqual(1, missing.ExitCode);
        StringAssert.Contains(missing.Errors, "none.onnx");
        Assert.IsFalse(missing.Errors.Contains("   at ", StringComparison.Ordinal), "No stack trace.");
    }
}
