namespace ResNet.Training;

/// <summary>How a recipe predicted training images that it had not been trained on.</summary>
public sealed class TuningTrial
{
    /// <summary>Its place in the table, from 1.</summary>
    public required int Rank { get; init; }

    /// <summary>The network that it starts from.</summary>
    public required StartingPoint Start { get; init; }

    /// <summary>The recipe, as it was tried.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>Whether it is the recipe that others are compared with: the run's own, from the run's own network.</summary>
    public required bool IsStandard { get; init; }

    /// <summary>What differs from the standard recipe, in words; empty if only the network does, or nothing.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    /// <summary>The round that it came to, from 1 to 3. Figures of different rounds are not comparable.</summary>
    public required int Round { get; init; }

    /// <summary>The number of images that were held out and predicted.</summary>
    public required int Images { get; init; }

    /// <summary>The share of them that was predicted correctly, 0 to 1.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The standard error of <see cref="Accuracy"/>.</summary>
    public double StandardError => Math.Sqrt(Accuracy * (1 - Accuracy) / Math.Max(1, Images));

    /// <summary>Their mean cross-entropy, in nats, by which recipes are ranked.</summary>
    public required double Loss { get; init; }

    /// <summary>The share of the fine-tuned weights that predicted them best (<see cref="FineTuning.TrainedShare"/>).</summary>
    public required double TrainedShare { get; init; }

    /// <summary>How long the trials of this recipe took.</summary>
    public required double Seconds { get; init; }

    /// <summary>
    /// The recipe for a run, which need not try on folds again what they showed: with that <see cref="TrainedShare"/>, or without epochs
    /// where the new head alone was best.
    /// </summary>
    public TrainingRecipe Decided => TrainedShare == 0
        ? Recipe with { Epochs = 0, Distillation = null }
        : Recipe with { FineTuning = Recipe.FineTuning! with { TrainedShare = TrainedShare } };
}
