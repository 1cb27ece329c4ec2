namespace ResNet.Tests;

/// <summary>What is typed wrong, or out of range, is answered with what there is.</summary>
[TestClass]
public sealed class UsageTests
{
    [TestMethod]
    public void Without_a_command_there_is_help_and_the_exit_code_of_wrong_usage()
    {
        var result = Command.Resnet();
        Assert.AreEqual(2, result.ExitCode);
        Assert.AreEqual("", result.Output);
        foreach (var command in new[] { "train", "predict", "doctor" }) StringAssert.Matches(result.Errors, new($"(?m)^  {command} "));
    }

    [TestMethod]
    [DataRow("trian --data .", "There is no command 'trian'. The nearest is 'train'.")]
    [DataRow("Doctr", "There is no command 'Doctr'. The nearest is 'doctor'.")]
    [DataRow("train --data . --output . --epoch 3", "There is no option '--epoch'. The nearest is '--epochs'.")]
    [DataRow("train --data . --output . --size 2147483647", "--size must be 1 to 4096.")]
    [DataRow("train --data . --output . --batch 2147483648", "--batch must be 1 or more, or auto.")]
    [DataRow("predict --model m.onnx a.jpg --crop 2147483647", "--crop must be 1 to 4096.")]
    [DataRow("predict --model m.onnx a.jpg --resize 2147483647", "--resize must be 1 to 16384.")]
    [DataRow("import --weights w.pth --output m.onnx --std 0,0,0", "--std must be three numbers above 0")]
    [DataRow("import --weights w.pth --output m.onnx --std 1e-40,1,1", "--std must be three numbers above 0")]
    [DataRow("import --weights w.pth --output m.onnx --mean 1e39,0,0", "--mean must be three numbers")]
    public void What_is_wrong_is_named_with_the_nearest_or_the_range(string arguments, string expected)
    {
        var result = Command.Resnet(arguments.Split(' '));
        Assert.AreEqual(2, result.ExitCode, result.Errors);
        StringAssert.Contains(result.Errors, expected);
    }

    [TestMethod]
    public void A_file_whose_name_begins_with_an_at_sign_is_a_file()
    {
        using var world = new ImageWorld(images: 1);
        const string Name = "@0.jpg";
        File.Copy(world.Paths[0], world.PathOf(Name));
        string[] arguments = ["predict", "--model", world.ModelFile, "--format", "csv", "--top", "1", Name];
        var predict = Command.RunAt(world.Folder, world.PathOf("cache"), "resnet.dll", arguments);
        Assert.AreEqual(0, predict.ExitCode, predict.Errors);
        // A spreadsheet would take it for a formula.
        StringAssert.StartsWith(predict.Lines[1], $"'{Name},class");
    }

    [TestMethod]
    public void Hidden_files_and_folders_are_not_predicted_unless_they_are_named()
    {
        using var world = new ImageWorld(images: 2);
        var checkpoints = Directory.CreateDirectory(world.PathOf(".ipynb_checkpoints")).FullName;
        File.Copy(world.Paths[1], Path.Combine(checkpoints, "0.png"));
        File.Copy(world.Paths[1], world.PathOf(".hidden.png"));
        string[] predict = ["predict", "--model", world.ModelFile, "--format", "json"];
        Assert.HasCount(2, Command.Resnet([.. predict, world.Folder]).Lines);
        StringAssert.Contains(Command.Resnet([.. predict, world.PathOf("*.png")]).Lines.Single(), "1.png");
        string[] named = [world.PathOf(".hidden.png"), world.PathOf(".hid*"), checkpoints];
        Assert.HasCount(3, Command.Resnet([.. predict, .. named]).Lines);
    }

    [TestMethod]
    public void A_batch_that_cannot_be_names_its_options()
    {
        using var folders = new ClassFolders(imagesPerClass: 20);
        string[] run = ["train", "--data", folders.Folder, "--output", folders.Output, "--architecture", "cifar-resnet8:width=4"];
        var large = Command.Resnet([.. run, "--device", "cpu", "--batch", "2147483647", "--size", "4096"]);
        Assert.AreEqual(1, large.ExitCode);
        StringAssert.Contains(large.Errors, "A batch of 48 images of 4096 x 4096 pixels is over the 2 GiB");
        StringAssert.Contains(large.Errors, "--batch N, --accumulate N and --size N");
        var single = Command.Resnet([.. run, "--device", "cpu", "--batch", "1", "--size", "4"]);
        Assert.AreEqual(1, single.ExitCode);
        StringAssert.Contains(single.Errors, "Batch norm needs more than one value of each channel");
        StringAssert.Contains(single.Errors, "--batch N, --accumulate N and --size N");
    }
}
