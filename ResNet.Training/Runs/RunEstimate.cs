namespace ResNet.Training;

/// <summary>How long a run will take, from the pace of its parts.</summary>
/// <param name="Pace">The pace.</param>
/// <param name="Training">The number of training images.</param>
/// <param name="Validation">The number of validation images.</param>
/// <param name="NeedsNewHead">Whether the network that the run starts from gets a new head.</param>
internal sealed record RunEstimate(RunPace Pace, int Training, int Validation, bool NeedsNewHead)
{
    private const double FixedSeconds = 2;
    private const int EvaluationsAtTheEnd = 2;

    /// <summary>
    /// The seconds of a run, at most: where folds decide about fine-tuning, they may find that its epochs do not help.
    /// </summary>
    public double SecondsOf(TrainingRecipe recipe)
    {
        var evaluation = Validation * Pace.FeatureSeconds;
        var fixedParts = FixedSeconds + EvaluationsAtTheEnd * evaluation;
        if (recipe.PerPixelMean) fixedParts += Training * Pace.FeatureSeconds;
        var epochs = recipe.Epochs * (Training * Pace.TrainingSeconds + evaluation);
        if (!NeedsNewHead || recipe.FineTuning is not { } tuning) return fixedParts + epochs;
        var head = evaluation + SecondsOfHead(tuning);
        if (recipe.Epochs == 0 || tuning.TrainedShare == 0) return fixedParts + head;
        return fixedParts + head + epochs + (tuning.TrainedShare is null ? SecondsOfFolds(recipe.Epochs) : 0);
    }

    /// <summary>The number of views of each image that a new head learns from.</summary>
    public static int ViewsOf(FineTuning tuning) => 1 + (tuning.HeadMirrors ? 1 : 0) + tuning.HeadCrops;

    private double SecondsOfHead(FineTuning tuning)
    {
        var views = ViewsOf(tuning);
        return (double)Training * views * Pace.FeatureSeconds + HeadTrainer.RowsOf(Training, views) * Pace.HeadSeconds;
    }

    /// <summary>The seconds of all folds.</summary>
    public double SecondsOfFolds(int epochs)
    {
        var (known, held) = FoldStage.SizesOf(Training);
        return FoldStage.CountOf(held) * Pace.SecondsOfFold(known, held, epochs);
    }
}
