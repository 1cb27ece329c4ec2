namespace ResNet.Tests;

/// <summary>`resnet train` without a word about the network.</summary>
[TestClass]
public sealed class DefaultStartCommandTests
{
    [TestMethod]
    [TestCategory("EndToEnd")]
    public void Training_starts_from_the_network_that_is_here_says_so_first_and_resumes_without_being_told_again()
    {
        using var folders = new ClassFolders(imagesPerClass: 4, size: 65);
        string[] train = ["train", "--data", folders.Folder, "--output", folders.Output, "--device", "cpu", "--epochs", "0"];
        var first = Command.Resnet(train);
        Assert.AreEqual(0, first.ExitCode, first.Errors);
        StringAssert.StartsWith(first.Lines[0], "The run starts from resnet18-mlnet, ");
        foreach (var option in new[] { "--start-from", "--from-scratch", "--architecture" }) StringAssert.Contains(first.Lines[0], option);
        StringAssert.Contains(first.Output, "new head");

        var again = Command.Resnet([.. train, "--resume"]);
        Assert.AreEqual(0, again.ExitCode, again.Errors);
        StringAssert.StartsWith(again.Lines[0], "The run is resumed; it started from resnet18-mlnet.");
        Assert.DoesNotContain("new head", again.Output);
        var named = Command.Resnet([.. train, "--resume", "--start-from", "resnet18-mlnet"]);
        Assert.AreEqual(0, named.ExitCode, named.Errors);
    }
}
