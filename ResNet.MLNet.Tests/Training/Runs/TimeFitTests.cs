namespace ResNet.Tests;

/// <summary>A recipe is fitted to the time that there is.</summary>
[TestClass]
public sealed class TimeFitTests
{
    private static readonly TrainingRecipe FineTuned = SmallRun.Recipe(6) with { FineTuning = new() { HeadCrops = 4 } };

    /// <summary>An image takes 1 s to compute and 2 s to train on.</summary>
    private static readonly RunPace Pace = new(FeatureSeconds: 1, TrainingSeconds: 2, HeadSeconds: 0);

    [TestMethod]
    [DataRow(1000, 12)]
    [DataRow(60, 6)]
    [DataRow(35, 3)]
    [DataRow(3, 1)]
    public void Without_a_new_head_there_are_as_many_epochs_as_fit_from_1_to_twice_the_recipes(int seconds, int expected)
    {
        var fitted = TimeFit.Fit(SmallRun.Recipe(6), needsNewHead: false, recipe => 10 * recipe.Epochs, seconds);
        Assert.AreEqual(expected, fitted.Epochs);
    }

    [TestMethod]
    [DataRow(1000, 12, 4)]
    [DataRow(80, 2, 4)]
    [DataRow(69, 0, 4)]
    [DataRow(42, 0, 2)]
    [DataRow(25, 0, 0)]
    [DataRow(1, 0, 0)]
    public void Too_little_time_for_a_third_of_the_epochs_leaves_the_head_with_as_many_crops_as_fit(int seconds, int epochs, int crops)
    {
        var fitted = TimeFit.Fit(FineTuned, true, recipe => 10 * (recipe.Epochs + recipe.FineTuning!.HeadCrops + 2), seconds);
        Assert.AreEqual(epochs, fitted.Epochs);
        Assert.AreEqual(crops, fitted.FineTuning!.HeadCrops);
        Assert.AreEqual(seconds > 1, fitted.FineTuning.HeadMirrors);
    }

    [TestMethod]
    public void The_estimate_adds_up_features_folds_epochs_and_validation()
    {
        RunEstimate estimate = new(Pace, Training: 300, Validation: 50, NeedsNewHead: true);
        var none = estimate.SecondsOf(FineTuned.WithEpochs(0));
        Assert.AreEqual(2 + 3 * 50 + 300, none);
        // The center, its mirror image and four crops.
        var head = estimate.SecondsOf(FineTuned with { Epochs = 0 });
        Assert.AreEqual(5 * 300, head - none);
        var decided = estimate.SecondsOf(FineTuned with { FineTuning = FineTuned.FineTuning! with { TrainedShare = 0.5 } });
        Assert.AreEqual(6 * (300 * 2 + 50), decided - head);
        // Three folds of 100 images make 300; 250 would be enough.
        Assert.AreEqual(3 * (6 * 200 * 2 + 5 * 100), estimate.SecondsOf(FineTuned) - decided);
        Assert.AreEqual(2 + 2 * 50 + 6 * 650, (estimate with { NeedsNewHead = false }).SecondsOf(FineTuned));
    }

    [TestMethod]
    public void What_fits_is_measured_and_said_and_a_run_that_is_resumed_keeps_its_recipe()
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, SmallRun.Recipe(2));
        var fitted = ResNetTraining.FitTime(options, TimeSpan.FromHours(1));
        Assert.AreEqual(4, fitted.Recipe.Epochs);
        Assert.IsTrue(fitted.Estimate < TimeSpan.FromHours(1));
        StringAssert.Contains(fitted.Message, "Fitted to 1 h: 4 epochs (without a limit of time 2)");
        var hopeless = ResNetTraining.FitTime(options, TimeSpan.FromMilliseconds(1));
        Assert.AreEqual(1, hopeless.Recipe.Epochs);
        StringAssert.Contains(hopeless.Message, "it will take longer");
        ResNetTraining.Run(options);
        var again = ResNetTraining.FitTime(options with { IfExists = ExistingRun.Resume }, TimeSpan.FromHours(1));
        Assert.AreEqual(options.Recipe!.ToJson(), again.Recipe.ToJson());
        Assert.IsNull(again.Estimate);
    }

    [TestMethod]
    [DataRow(0.4, "0 s")]
    [DataRow(45, "45 s")]
    [DataRow(119.8, "2 min")]
    [DataRow(530, "8 min 50 s")]
    [DataRow(7500, "2 h 5 min")]
    public void Durations_are_written_in_their_two_largest_units(double seconds, string expected) =>
        Assert.AreEqual(expected, Durations.Text(TimeSpan.FromSeconds(seconds)));
}
