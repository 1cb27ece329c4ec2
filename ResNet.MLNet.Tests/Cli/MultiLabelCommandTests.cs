namespace ResNet.Tests;

/// <summary>Several labels an image, and the losses, on the command line.</summary>
[TestClass]
public sealed class MultiLabelCommandTests
{
    private static readonly string[] TinyNetwork = ["--architecture", "cifar-resnet8:width=4", "--size", "12", "--device", "cpu"];

    [TestMethod]
    public void Train_info_and_predict_work_on_a_table_of_labels()
    {
        using var table = new LabeledTable(images: 64, separator: "+");
        string[] train = ["train", "--data", table.Path, "--output", table.Output, "--multi-label", "--label-separators", "+"];
        var run = Command.Resnet([.. train, .. TinyNetwork, "--epochs", "12", "--learning-rate", "0.2"]);
        Assert.AreEqual(0, run.ExitCode, run.Errors);
        StringAssert.Contains(run.Output, "3 classes (any number an image)");
        StringAssert.Contains(run.Output, "8 images have no label");
        StringAssert.Matches(run.Output, new(@"mAP \d+\.\d %"));
        StringAssert.Matches(run.Output, new(@"mean average precision  \d+\.\d\d %"));

        var model = Path.Combine(table.Output, "model.onnx");
        StringAssert.Contains(Command.Resnet("info", model).Output, "any number an image");
        var predict = Command.Resnet("predict", "--model", model, "--format", "csv", table.ImageOf(0), table.ImageOf(7));
        Assert.AreEqual(0, predict.ExitCode, predict.Errors);
        using var network = ResNetModel.Open(model);
        var (none, all) = (network.Classify(table.ImageOf(0)), network.Classify(table.ImageOf(7)));
        Assert.HasCount(1 + Math.Max(1, none.Count) + Math.Max(1, all.Count), predict.Lines);
        StringAssert.Contains(predict.Output, none.Count == 0 ? $"{table.ImageOf(0)},,," : $"{table.ImageOf(0)},{none[0].Label},");
        StringAssert.Contains(Command.Resnet("predict", "--model", model, "--top", "2", table.ImageOf(0)).Errors, "no meaning");
    }

    [TestMethod]
    [DataRow("--label-separators is for --multi-label", "--label-separators", ";")]
    [DataRow("--balance: this is for images of one class", "--multi-label", "--balance")]
    [DataRow("--loss cross-entropy: this is for images of one class", "--multi-label", "--loss", "cross-entropy")]
    [DataRow("choose one of them", "--balance", "--balanced-sampler")]
    [DataRow("choose one of them", "--logit-adjustment", "1", "--balanced-sampler")]
    [DataRow("--logit-adjustment is for cross-entropy", "--logit-adjustment", "1", "--loss", "bce")]
    [DataRow("--logit-adjustment must be 0 or more", "--logit-adjustment", "-1")]
    [DataRow("is not a table", "--multi-label")]
    public void What_does_not_go_together_is_refused_with_the_options(string reason, params string[] options)
    {
        using var folder = new TemporaryFolder();
        var run = Command.Resnet(["train", "--data", folder.Path, "--output", folder.PathOf("run"), .. options]);
        Assert.AreNotEqual(0, run.ExitCode);
        StringAssert.Contains(run.Errors, reason);
    }

    [TestMethod]
    public void A_recipe_of_a_run_has_the_loss_and_the_sampler_that_were_asked_for()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        string[] train = ["train", "--data", folders.Folder, "--output", folders.Output, "--epochs", "1", "--batch", "4"];
        var run = Command.Resnet([.. train, .. TinyNetwork, "--loss", "bce", "--balanced-sampler"]);
        Assert.AreEqual(0, run.ExitCode, run.Errors);
        var recipe = TrainingRecipe.Read(Path.Combine(folders.Output, "recipe.json"));
        Assert.AreEqual((LossFunction.BinaryCrossEntropy, Sampling.Balanced), (recipe.Loss, recipe.Sampling));
        StringAssert.Contains(Command.Resnet("info", Path.Combine(folders.Output, "model.onnx")).Output, "a sigmoid for each class");
    }
}
