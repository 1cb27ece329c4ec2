using System.Diagnostics;
using static System.FormattableString;

namespace ResNet.Training;

/// <summary>Fits a recipe to the time that there is.</summary>
internal static class TimeFit
{
    /// <summary>The share of the time that the estimate may take: machines are not always as fast as they were a moment ago.</summary>
    private const double UsedShare = 0.9;

    /// <summary>Fewer epochs than this share of the recipe's are not worth the folds that decide about them.</summary>
    private const double FewestEpochs = 1.0 / 3;

    private const int MostEpochs = 2;

    /// <summary>Measures the machine and fits the recipe of a run.</summary>
    public static FittedRecipe Choose(TrainingPlan plan, TimeSpan budget, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var pace = RunPace.Measure(plan, cancellation);
        RunEstimate estimate = new(pace, plan.Data.Training.Count, plan.Data.Validation.Count, plan.NeedsNewHead);
        var left = UsedShare * budget.TotalSeconds - watch.Elapsed.TotalSeconds;
        var recipe = Fit(plan.Recipe, plan.NeedsNewHead, estimate.SecondsOf, left);
        var seconds = estimate.SecondsOf(recipe);
        return new(recipe, TimeSpan.FromSeconds(seconds), Describe(plan.Recipe, recipe, plan.NeedsNewHead, budget, seconds, left, pace));
    }

    /// <summary>
    /// The first of these recipes that fits: more epochs or fewer; of a run with a new head, that alone with fewer and fewer crops. If none
    /// does, the fastest.
    /// </summary>
    /// <param name="standard">The recipe that is fitted.</param>
    /// <param name="needsNewHead">Whether the run trains a new head.</param>
    /// <param name="secondsOf">How long a recipe takes.</param>
    /// <param name="seconds">How long it may take.</param>
    public static TrainingRecipe Fit(
        TrainingRecipe standard, bool needsNewHead, Func<TrainingRecipe, double> secondsOf, double seconds)
    {
        var candidates = Candidates(standard, needsNewHead).ToList();
        return candidates.Find(candidate => secondsOf(candidate) <= seconds) ?? candidates[^1];
    }

    private static IEnumerable<TrainingRecipe> Candidates(TrainingRecipe standard, bool needsNewHead)
    {
        // A teacher teaches in epochs.
        var head = needsNewHead && standard.Distillation is null ? standard.FineTuning : null;
        var fewest = head is null ? 1 : Math.Max(1, (int)Math.Ceiling(FewestEpochs * standard.Epochs));
        for (var epochs = MostEpochs * standard.Epochs; epochs >= fewest; epochs--) yield return standard with { Epochs = epochs };
        if (head is null) yield break;
        for (var crops = head.HeadCrops; crops >= 0; crops--)
            yield return standard with { Epochs = 0, FineTuning = head with { HeadCrops = crops } };
        yield return standard.WithEpochs(0);
    }

    private static string Describe(
        TrainingRecipe standard, TrainingRecipe fitted, bool needsNewHead, TimeSpan budget, double seconds, double left, RunPace pace)
    {
        var epochs = fitted.Epochs == 0 ? "a new head and no epochs" : Plural.Of(fitted.Epochs, "epoch", "epochs");
        var instead = fitted.Epochs == standard.Epochs ? "" : Invariant($" (without a limit of time {standard.Epochs})");
        var head = needsNewHead && fitted.FineTuning is { } tuning ? $", {CropsOf(tuning)} for the head" : "";
        var figures = Invariant($"{1 / pace.TrainingSeconds:0} images a second in training and {1 / pace.FeatureSeconds:0} without");
        var time = Durations.Text(TimeSpan.FromSeconds(seconds));
        var words = seconds <= left
            ? $"Fitted to {Durations.Text(budget)}"
            : $"{Durations.Text(budget)} are too little even for the least that can be done, so it will take longer";
        return $"{words}: {epochs}{instead}{head}; at most about {time}, at {figures}.";
    }

    private static string CropsOf(FineTuning tuning) =>
        tuning.HeadCrops == 0 ? "only the center of each image" : $"{Plural.Of(tuning.HeadCrops, "crop", "crops")} of each image";
}
