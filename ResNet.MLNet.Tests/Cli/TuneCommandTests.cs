namespace ResNet.Tests;

/// <summary>`resnet tune` and `resnet train --time` as a user runs them.</summary>
[TestClass]
public sealed class TuneCommandTests
{
    [TestMethod]
    [TestCategory("EndToEnd")]
    public void A_recipe_is_searched_and_the_command_that_uses_it_works()
    {
        using var folders = new ClassFolders();
        var (first, tuned) = (PathOf("first"), PathOf("tuned"));
        var run = PathOf("run");
        string[] common = ["--data", folders.Folder, "--device", "cpu", "--batch", "8"];
        string[] tiny = ["--architecture", "cifar-resnet8:width=16", "--size", "12"];
        var start = Command.Resnet(["train", .. common, .. tiny, "--output", first, "--time", "1s"]);
        Assert.AreEqual(0, start.ExitCode, start.Errors);
        StringAssert.Contains(start.Output, "epoch");
        StringAssert.Contains(start.Output, "images a second in training");
        Directory.Move(folders.PathOf("red"), folders.PathOf("crimson"));
        var model = Path.Combine(first, "model.onnx");
        string[] least = ["--epochs", "1", "--candidates", "2"];
        string[] search = ["tune", .. common, "--start-from", model, "--output", tuned, .. least, "--time", "1h"];
        var tune = Command.Resnet(search);
        Assert.AreEqual(0, tune.ExitCode, tune.Errors);
        StringAssert.Contains(tune.Output, "(standard)");
        var line = tune.Lines.Single(each => each.Contains("resnet train --data", StringComparison.Ordinal)).Trim();
        StringAssert.Contains(line, $"--recipe {Path.Combine(tuned, "recipe.json")}");
        StringAssert.Contains(line, $"--start-from {model}");
        var again = Command.Resnet(search);
        Assert.AreEqual(1, again.ExitCode);
        StringAssert.Contains(again.Errors, "--resume continues");
        var trained = Command.Resnet([.. line.Split(' ')[1..^1], PathOf("run")]);
        Assert.AreEqual(0, trained.ExitCode, trained.Errors);

        string PathOf(string name) => Path.Combine(folders.Output, name);
    }

    [TestMethod]
    [DataRow("soon", "is not a duration")]
    [DataRow("0s", "is not a duration above 0")]
    [DataRow("1m30", "is not a duration")]
    [DataRow("1h30m", "cannot stand beside --epochs", "--epochs", "3")]
    public void What_is_not_a_time_or_contradicts_it_is_refused(string time, string expected, params string[] others)
    {
        var refused = Command.Resnet(["train", "--data", "photos", "--output", "run", "--time", time, .. others]);
        Assert.AreEqual(2, refused.ExitCode);
        StringAssert.Contains(refused.Errors, expected);
    }
}
