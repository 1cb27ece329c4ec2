namespace ResNet.Tests;

/// <summary>The greatest numbers that can be typed mean what they say, or are refused by name; none of them overflows.</summary>
[TestClass]
public sealed class LargeNumbersTests
{
    [TestMethod]
    public void The_largest_batch_is_one_of_all_images()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var recipe = SmallRun.Recipe(1) with { BatchSize = int.MaxValue, GradientAccumulation = int.MaxValue };
        var options = SmallRun.Options(folders, recipe) with { Data = folders.Open(0), Workers = int.MaxValue };
        Assert.HasCount(1, ResNetTraining.Run(options).History);
        StringAssert.Contains(BatchFit.Describe(options.Resolve().Architecture, recipe, "cpu", fitting: null), "Not even one image");
        StringAssert.Contains(
            BatchFit.Describe(options.Resolve().Architecture, recipe with { GradientAccumulation = 1 }, "cpu", fitting: 8), "8 at a time");
    }

    [TestMethod]
    public void A_batch_over_the_longest_array_is_refused_by_name()
    {
        using var folders = new ClassFolders(imagesPerClass: 20);
        var recipe = SmallRun.Recipe(1) with { BatchSize = int.MaxValue, Preprocessing = ImagePreprocessing.Small(4096) };
        var problem = Assert.ThrowsExactly<ArgumentException>(() => SmallRun.Options(folders, recipe).Resolve());
        foreach (var name in new[] { "BatchSize", "Preprocessing.Crop", "4096 x 4096" }) StringAssert.Contains(problem.Message, name);
    }

    [TestMethod]
    public void Padding_has_a_range()
    {
        foreach (var padding in new[] { -1, 4097, int.MaxValue })
        {
            var problem = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Augmentation.PadCropFlip(padding));
            StringAssert.Contains(problem.Message, "Padding must be from 0 to 4096");
        }

        Assert.AreEqual(4096, new Augmentation.PadCropFlip(4096).Padding);
    }

    [TestMethod]
    public void Numbers_that_are_not_finite_are_refused()
    {
        foreach (var value in new[] { double.PositiveInfinity, double.NaN })
        {
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingRecipe { LearningRate = value });
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingRecipe { WeightDecay = value });
        }
    }
}
