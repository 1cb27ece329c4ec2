namespace ResNet.Tests;

/// <summary>What a search tries, in which order and for how long.</summary>
[TestClass]
public sealed class TuningCandidateTests
{
    private static readonly TrainingRecipe Standard =
        TrainingRecipe.FineTune(ResNetArchitecture.ResNet18, ImagePreprocessing.ImageNet, images: 160);

    [TestMethod]
    public void The_same_seed_proposes_the_same_recipes_and_the_standard_ones_come_first()
    {
        var some = TuningCandidate.Propose([Standard, Standard], seed: 1, most: 40);
        var same = TuningCandidate.Propose([Standard, Standard], seed: 1, most: 40);
        CollectionAssert.AreEqual(some.Select(Describe).ToList(), same.Select(Describe).ToList());
        Assert.HasCount(40, some.Select(Describe).Distinct());
        var unchanged = some.Where(candidate => candidate.Changes.Count == 0).Select(candidate => candidate.Start).ToList();
        CollectionAssert.AreEqual(new[] { 0, 1 }, unchanged);
        Assert.IsEmpty(some[0].Changes.Concat(some[1].Changes));
        CollectionAssert.AreNotEqual(
            some.Select(Describe).ToList(), TuningCandidate.Propose([Standard, Standard], seed: 2, most: 40).Select(Describe).ToList());
    }

    [TestMethod]
    public void Changes_are_those_of_the_recipe()
    {
        var candidates = TuningCandidate.Propose([Standard], seed: 0, most: 200);
        foreach (var (text, isChanged) in new (string, Func<TrainingRecipe, bool>)[]
        {
            ("rate 0.03", recipe => recipe.LearningRate == 0.03),
            ("stage rate 0.8", recipe => recipe.FineTuning!.StageLearningRateFactor == 0.8),
            ("30 epochs", recipe => recipe.Epochs == 30),
            ("20 head crops", recipe => recipe.FineTuning!.HeadCrops == 20),
            ("no mirror images", recipe => !recipe.FineTuning!.HeadMirrors && recipe.Augmentation == recipe.Augmentation.WithoutFlip()),
            ("parts from 0.7", recipe => recipe.ToJson().Contains("\"SmallestArea\":0.7", StringComparison.OrdinalIgnoreCase)),
            ("TrivialAugment", recipe => recipe.Augmentation is Augmentation.Sequence),
        })
        {
            Assert.IsTrue(candidates.Any(candidate => candidate.Changes.Contains(text)), text);
            foreach (var candidate in candidates)
                Assert.AreEqual(candidate.Changes.Contains(text), isChanged(candidate.Recipe), $"{text} of {Describe(candidate)}");
        }
    }

    [TestMethod]
    [DataRow(36, new[] { 36, 36, 36 }, new[] { 1, 2, 3 })]
    [DataRow(290, new[] { 290, 290, 290 }, new[] { 1, 2, 3 })]
    [DataRow(1000, new[] { 240, 500, 1000 }, new[] { 1, 1, 3 })]
    [DataRow(40000, new[] { 5000, 20000, 40000 }, new[] { 1, 1, 3 })]
    public void Rounds_use_more_and_more_images_and_folds(int images, int[] expected, int[] folds)
    {
        var rungs = TuningRung.For(images);
        CollectionAssert.AreEqual(expected, rungs.Select(rung => rung.Images).ToList());
        CollectionAssert.AreEqual(folds, rungs.Select(rung => rung.Folds).ToList());
    }

    [TestMethod]
    public void Each_round_has_its_time_and_the_last_ones_enough_for_a_candidate()
    {
        Assert.AreSequenceEqual([40.0, 70, 100], TuningRung.Limits(100, [5, 10, 20]).Select(limit => Math.Round(limit)));
        Assert.AreSequenceEqual([10.0, 40, 100], TuningRung.Limits(100, [5, 10, 60]).Select(limit => Math.Round(limit)));
        Assert.IsLessThan(0, TuningRung.Limits(30, [5, 10, 60])[0]);
        Assert.AreEqual(1, TuningRung.Kept(3));
        Assert.AreEqual(2, TuningRung.Kept(4));
        Assert.AreEqual(0, TuningRung.Kept(0));
    }

    [TestMethod]
    [DataRow(70, 69, 60.0, false, "No recipe of the last round was better")]
    [DataRow(70, 72, 40.0, false, "not a standard error better")]
    [DataRow(70, 80, 40.0, true, "more than a standard error better")]
    public void The_standard_recipe_is_kept_unless_another_is_clearly_better(
        int standard, int other, double loss, bool wins, string message)
    {
        TuningResult result = new([Trial(false, other, loss), Trial(true, standard, 50)], "recipe.json", TimeSpan.Zero);
        Assert.AreEqual(wins, result.Winner != result.Standard);
        StringAssert.Contains(result.Message, message);
    }

    [TestMethod]
    public void The_decided_recipe_leaves_nothing_to_folds()
    {
        var half = Trial(true, 70, 50).Decided;
        Assert.AreEqual(0.5, half.FineTuning!.TrainedShare);
        Assert.AreEqual(Standard.Epochs, half.Epochs);
        var head = Trial(true, 70, 50, share: 0).Decided;
        Assert.AreEqual(0, head.Epochs);
        Assert.AreEqual(10, head.FineTuning!.HeadCrops);
    }

    private static TuningTrial Trial(bool isStandard, int correct, double loss, double share = 0.5) => new()
    {
        Rank = 1,
        Start = null!,
        Recipe = Standard,
        IsStandard = isStandard,
        Changes = [],
        Round = 3,
        Images = 100,
        Accuracy = correct / 100.0,
        Loss = loss,
        TrainedShare = share,
        Seconds = 1,
    };

    private static string Describe(TuningCandidate candidate) => $"{candidate.Start} {string.Join(", ", candidate.Changes)}";
}
