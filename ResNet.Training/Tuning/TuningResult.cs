using static System.FormattableString;

namespace ResNet.Training;

/// <summary>What a search for a recipe gave.</summary>
public sealed class TuningResult
{
    internal TuningResult(IReadOnlyList<TuningTrial> trials, string recipeFile, TimeSpan elapsed)
    {
        Trials = trials;
        RecipeFile = recipeFile;
        Elapsed = elapsed;
        Standard = trials.First(trial => trial.IsStandard);
        var best = Best(trials, Standard);
        Winner = IsClearlyBetter(best, Standard) ? best : Standard;
        Message = Describe(best);
    }

    /// <summary>All recipes that were tried: those that came to later rounds first, those of a round by their loss.</summary>
    public IReadOnlyList<TuningTrial> Trials { get; }

    /// <summary>The recipe that others were compared with.</summary>
    public TuningTrial Standard { get; }

    /// <summary>
    /// The recipe to use: the best of the last round, if its accuracy is more than a standard error above the standard recipe's; else that.
    /// </summary>
    public TuningTrial Winner { get; }

    /// <summary>Which recipe won and why, in sentences.</summary>
    public string Message { get; }

    /// <summary>The file of the winner's recipe (<see cref="TuningTrial.Decided"/>).</summary>
    public string RecipeFile { get; }

    /// <summary>How long the search took, resumed parts added up.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>The lowest loss among those of the last round that predict no fewer images correctly than the standard recipe.</summary>
    private static TuningTrial Best(IReadOnlyList<TuningTrial> trials, TuningTrial standard) =>
        trials.Where(trial => trial.Round == standard.Round && trial.Accuracy >= standard.Accuracy).MinBy(trial => trial.Loss)!;

    private static bool IsClearlyBetter(TuningTrial best, TuningTrial standard) =>
        best.Accuracy - standard.Accuracy > best.StandardError && best.Loss < standard.Loss;

    private string Describe(TuningTrial best)
    {
        var finalists = Trials.Count(trial => trial.Round == Standard.Round) - 1;
        if (finalists == 0) return "There was no time to compare other recipes with the standard one, which is kept.";
        if (best == Standard)
            return $"No recipe of the last round was better than the standard one ({Figures(Standard)}), which is kept.";
        return best == Winner
            ? $"The winner ({Figures(best)}) is more than a standard error better than the standard recipe ({Figures(Standard)})."
            : $"The best recipe ({Figures(best)}) is not a standard error better than the standard one ({Figures(Standard)}), so that " +
                "one, the simplest, is kept.";
    }

    private static string Figures(TuningTrial trial) =>
        Invariant($"{100 * trial.Accuracy:0.0} ± {100 * trial.StandardError:0.0} % of {trial.Images} held-out images");
}
