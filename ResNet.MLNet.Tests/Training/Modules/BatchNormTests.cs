using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>Batch norm over one value of each channel learns nothing; it is refused, if possible before the first step.</summary>
[TestClass]
public sealed class BatchNormTests
{
    private const string Advice = "Batch norm needs more than one value of each channel";

    [TestMethod]
    [DataRow(ScalarType.Float32)]
    [DataRow(ScalarType.BFloat16)]
    public void One_value_of_each_channel_is_refused_in_every_precision(ScalarType type)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        using var norm = new BatchNorm(16);
        var input = rand(1, 16, 1, 1).to(type);
        StringAssert.Contains(Assert.ThrowsExactly<StatisticsException>(() => norm.Apply(input)).Message, Advice);
        CollectionAssert.AreEqual(new long[] { 2, 16, 1, 1 }, norm.Apply(rand(2, 16, 1, 1).to(type)).shape);
        CollectionAssert.AreEqual(new long[] { 1, 16, 1, 2 }, norm.Apply(rand(1, 16, 1, 2).to(type)).shape);
        norm.eval();
        CollectionAssert.AreEqual(new long[] { 1, 16, 1, 1 }, norm.Apply(input).shape);
    }

    [TestMethod]
    [DataRow("cifar-resnet8:width=4", 4, 1, 1, false)]
    [DataRow("cifar-resnet8:width=4", 5, 1, 1, true)]
    [DataRow("cifar-resnet8:width=4", 4, 2, 1, true)]
    [DataRow("cifar-resnet8:width=4", 4, 4, 4, false)]
    [DataRow("cifar-resnet8:width=4", 4, 4, 2, true)]
    [DataRow("resnet18", 32, 1, 1, false)]
    [DataRow("resnet18", 33, 1, 1, true)]
    public void A_recipe_that_would_come_to_it_is_refused_before_the_run(string name, int size, int batch, int parts, bool isGood)
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var recipe = SmallRun.Recipe(1) with
        {
            BatchSize = batch,
            GradientAccumulation = parts,
            Preprocessing = ImagePreprocessing.Small(size),
        };
        var options = SmallRun.Options(folders, recipe) with { Data = folders.Open(0), Architecture = ResNetArchitecture.Parse(name) };
        if (isGood) Assert.AreEqual(batch, options.Resolve().Recipe.BatchSize);
        else StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => options.Resolve()).Message, Advice);
    }

    [TestMethod]
    [DataRow(TrainingPrecision.Float32)]
    [DataRow(TrainingPrecision.BFloat16)]
    public void A_batch_of_which_one_image_can_be_read_ends_the_run_with_the_reason(TrainingPrecision precision)
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        foreach (var color in new[] { "blue", "red" }) File.WriteAllText(folders.PathOf(color, "000.png"), "no image");
        var recipe = SmallRun.Recipe(1) with { BatchSize = 3, Preprocessing = ImagePreprocessing.Small(4), Precision = precision };
        var options = SmallRun.Options(folders, recipe) with { Data = folders.Open(0) };
        StringAssert.Contains(Assert.ThrowsExactly<StatisticsException>(() => ResNetTraining.Run(options)).Message, Advice);
    }
}
