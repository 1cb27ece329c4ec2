using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>What a step adds to forward, loss and backward: parts, clipping, mixing, class weights.</summary>
[TestClass]
public sealed class TrainingStepTests
{
    private const int Size = 12, Classes = 3, Count = 8;

    [TestMethod]
    public void A_batch_in_parts_gives_the_gradient_of_the_whole()
    {
        // In evaluation, since batch norm in training sees a part at a time.
        var whole = GradientOf(SmallRun.Recipe(1), freeze: true);
        var parts = GradientOf(SmallRun.Recipe(1) with { GradientAccumulation = 3 }, freeze: true);
        AssertClose(whole, parts, 1e-5);
        var all = SmallRun.Recipe(1) with { ClassWeighting = ClassWeighting.Balanced, LabelSmoothing = 0.1, Mixing = new() { MixUp = 1 } };
        foreach (var recipe in new[] { all, all with { Loss = LossFunction.BinaryCrossEntropy } })
            AssertClose(GradientOf(recipe, freeze: true), GradientOf(recipe with { GradientAccumulation = 3 }, freeze: true), 1e-4);
    }

    [TestMethod]
    public void A_gradient_that_is_too_long_is_shortened_and_a_short_one_is_not()
    {
        var free = GradientOf(SmallRun.Recipe(1));
        var length = Math.Sqrt(free.Sum(value => (double)value * value));
        var clipped = GradientOf(SmallRun.Recipe(1) with { ClipNorm = length / 4 });
        AssertClose([.. free.Select(value => value / 4)], clipped, 1e-4);
        AssertClose(free, GradientOf(SmallRun.Recipe(1) with { ClipNorm = length * 4 }), 1e-6);
    }

    [TestMethod]
    public void Classes_that_are_rare_count_for_more()
    {
        using var step = Create(SmallRun.Recipe(1) with { ClassWeighting = ClassWeighting.Balanced }, [2, 1, 1]);
        CollectionAssert.AreEqual(new[] { 4f / 6, 4f / 3, 4f / 3 }, step.Loss.ClassWeights!.data<float>().ToArray());
        AssertDiffers(GradientOf(SmallRun.Recipe(1)), GradientOf(SmallRun.Recipe(1) with { ClassWeighting = ClassWeighting.Balanced }));
    }

    [TestMethod]
    public void The_same_batch_of_the_same_epoch_is_mixed_in_the_same_way()
    {
        var recipe = SmallRun.Recipe(1) with { Mixing = new() { MixUp = 0.4, CutMix = 1 } };
        var first = GradientOf(recipe);
        CollectionAssert.AreEqual(first, GradientOf(recipe));
        AssertDiffers(first, GradientOf(recipe, epoch: 1));
        AssertDiffers(first, GradientOf(SmallRun.Recipe(1)));
        AssertClose(GradientOf(SmallRun.Recipe(1)), GradientOf(SmallRun.Recipe(1) with { Mixing = new() }), 1e-6);
    }

    [TestMethod]
    public void Proportions_are_those_of_the_beta_distribution_and_cuts_have_the_area_that_they_say()
    {
        List<double> own = [], cut = [];
        for (var seed = 0; seed < 4000; seed++)
        {
            var random = new SeededRandom(seed);
            own.Add(new Mixing { MixUp = 0.2 }.Draw(ref random, 32)!.Value.Own);
            var mixture = new Mixing { CutMix = 1 }.Draw(ref random, 32)!.Value;
            cut.Add(mixture.Own);
            var (left, top, width, height) = mixture.Box!.Value;
            Assert.AreEqual(1 - width * height / 1024.0, mixture.Own, 1e-12);
            Assert.IsTrue(left >= 0 && top >= 0 && left + width <= 32 && top + height <= 32);
        }

        // Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1)).
        Assert.AreEqual(0.5, own.Average(), 0.03);
        Assert.AreEqual(1 / (4 * 1.4), own.Average(value => (value - own.Average()) * (value - own.Average())), 0.01);
        // Squares that reach over the border are cut off there, so that more stays.
        Assert.IsTrue(cut.Average() is > 0.55 and < 0.75, $"{cut.Average()}");
    }

    private static float[] GradientOf(TrainingRecipe recipe, bool freeze = false, int epoch = 0)
    {
        // Without momentum and decay a step of rate 1 is the gradient.
        using var step = Create(recipe with { Optimizer = new Optimizer.Sgd { Momentum = 0 }, WeightDecay = 0 }, [4, 2, 2]);
        step.Network.EnterTraining(keepStatistics: freeze);
        using var before = step.Parameters.Weights.clone();
        var random = new Random(1);
        var pixels = new byte[Count * Size * Size * 4];
        random.NextBytes(pixels);
        step.Run(new Batch(0, pixels, [0, 1, 2, 0, 1, 2, 0, 0]), epoch, 1, _ => 1);
        using var moved = before.sub(step.Parameters.Weights);
        return moved.data<float>().ToArray();
    }

    private static TrainingStep Create(TrainingRecipe recipe, int[] counts) =>
        new(new ResNetModule(ResNetArchitecture.Parse("cifar-resnet8:width=4", Classes), seed: 2), recipe, CPU, counts);

    private static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        var scale = expected.Max(Math.Abs);
        foreach (var (left, right) in expected.Zip(actual)) Assert.AreEqual(left, right, tolerance * scale);
    }

    private static void AssertDiffers(float[] left, float[] right)
    {
        var difference = left.Zip(right, (a, b) => Math.Abs(a - b)).Max();
        Assert.IsGreaterThan(0.01 * left.Max(Math.Abs), difference);
    }
}
