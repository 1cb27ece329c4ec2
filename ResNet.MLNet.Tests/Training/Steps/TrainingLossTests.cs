using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>What is minimized, against numbers that are computed here from the definitions.</summary>
[TestClass]
public sealed class TrainingLossTests
{
    private static readonly float[,] Logits = { { 0.5f, -1, 2 }, { -0.3f, 0.1f, 0 }, { 3, 1, -2 } };
    private static readonly long[] Classes = [2, 0, 1];

    [TestMethod]
    public void Binary_cross_entropy_is_added_up_over_the_classes_and_averaged_over_the_images()
    {
        var expected = Images.Average(image => Indices.Sum(of => Binary(Logits[image, of], Classes[image] == of ? 1 : 0)));
        Assert.AreEqual(expected, LossOf(new() { Loss = LossFunction.BinaryCrossEntropy }), 1e-6);
    }

    [TestMethod]
    public void Binary_cross_entropy_is_smoothed_and_weighted_by_the_classes_of_the_images()
    {
        // As timm's: 1 - 0.3 + 0.3 / 3 for the class, 0.3 / 3 for the others.
        double Of(int image) => Indices.Sum(of => Binary(Logits[image, of], Classes[image] == of ? 0.8 : 0.1));
        Assert.AreEqual(Images.Average(Of), LossOf(new() { Loss = LossFunction.BinaryCrossEntropy, LabelSmoothing = 0.3 }), 1e-6);
        // 6 images of 3 classes: 4, 1 and 1 of them, so that they count 1/2, 2 and 2.
        var weighted = (Binary2(0) * 2 + Binary2(1) * 0.5 + Binary2(2) * 2) / 4.5;
        var recipe = new TrainingRecipe { Loss = LossFunction.BinaryCrossEntropy, ClassWeighting = ClassWeighting.Balanced };
        Assert.AreEqual(weighted, LossOf(recipe), 1e-6);

        static double Binary2(int image) => Indices.Sum(of => Binary(Logits[image, of], Classes[image] == of ? 1 : 0));
    }

    [TestMethod]
    public void Several_labels_an_image_are_a_yes_or_no_for_each()
    {
        float[,] targets = { { 1, 0, 1 }, { 0, 0, 0 }, { 1, 1, 0 } };
        using var loss = new TrainingLoss(new() { Loss = LossFunction.BinaryCrossEntropy, LabelSmoothing = 0.2 }, null, CPU);
        using var scope = NewDisposeScope();
        var expected = Images.Average(image => Indices.Sum(of => Binary(Logits[image, of], 0.1 + 0.8 * targets[image, of])));
        Assert.AreEqual(expected, loss.Of(tensor(Logits), tensor(targets)).item<float>(), 1e-6);
        // The signs of the logits: + - +, - + 0, + + -. The first and the last are right.
        Assert.AreEqual(2, TrainingLoss.CountCorrect(tensor(Logits), tensor(targets)).item<long>());
    }

    [TestMethod]
    public void Logit_adjustment_adds_the_logarithm_of_the_shares_to_the_logits()
    {
        double[] prior = [4 / 6.0, 1 / 6.0, 1 / 6.0];
        var expected = Images.Average(image =>
        {
            double[] adjusted = [.. Indices.Select(of => Logits[image, of] + 1.5 * Math.Log(prior[of]))];
            return Math.Log(adjusted.Sum(Math.Exp)) - adjusted[Classes[image]];
        });
        Assert.AreEqual(expected, LossOf(new() { LogitAdjustment = 1.5 }), 1e-6);
        Assert.AreNotEqual(expected, LossOf(new()), 1e-3);
    }

    [TestMethod]
    public void What_makes_up_for_rare_classes_twice_is_refused()
    {
        var balanced = new TrainingRecipe { Sampling = Sampling.Balanced };
        AssertRefused(balanced with { ClassWeighting = ClassWeighting.Balanced }, "ClassWeighting = Balanced and Sampling = Balanced");
        AssertRefused(balanced with { LogitAdjustment = 1 }, "Sampling = Balanced and LogitAdjustment above 0");
        AssertRefused(new() { LogitAdjustment = 1, Loss = LossFunction.BinaryCrossEntropy }, "LogitAdjustment is for CrossEntropy");
        AssertRefused(balanced, "several labels", isMultiLabel: true);
        balanced.CheckLoss(isMultiLabel: false);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingRecipe { LogitAdjustment = -1 });
    }

    [TestMethod]
    public void A_recipe_is_written_with_its_loss_and_without_what_is_usual()
    {
        using var folder = new TemporaryFolder();
        var recipe = new TrainingRecipe { Sampling = Sampling.Balanced, Loss = LossFunction.BinaryCrossEntropy };
        File.WriteAllText(folder.PathOf("recipe.json"), recipe.ToJson());
        Assert.AreEqual(recipe.ToJson(), TrainingRecipe.Read(folder.PathOf("recipe.json")).ToJson());
        StringAssert.Contains(recipe.ToJson(), "\"loss\":\"BinaryCrossEntropy\"");
        // So that checkpoints of older versions go on.
        Assert.IsFalse(new TrainingRecipe().ToJson().Contains("\"loss\"", StringComparison.Ordinal));
        Assert.IsFalse(new TrainingRecipe().ToJson().Contains("sampling", StringComparison.Ordinal));
    }

    private static IEnumerable<int> Images => [0, 1, 2];

    private static IEnumerable<int> Indices => [0, 1, 2];

    private static double Binary(double logit, double target) => Math.Log(1 + Math.Exp(-logit)) + (1 - target) * logit;

    private static double LossOf(TrainingRecipe recipe)
    {
        using var loss = new TrainingLoss(recipe, [4, 1, 1], CPU);
        using var scope = NewDisposeScope();
        return loss.Of(tensor(Logits), tensor(Classes)).item<float>();
    }

    private static void AssertRefused(TrainingRecipe recipe, string reason, bool isMultiLabel = false) =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => recipe.CheckLoss(isMultiLabel)).Message, reason);
}
