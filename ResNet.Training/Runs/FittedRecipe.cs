namespace ResNet.Training;

/// <summary>A recipe that was fitted to the time that there is (<see cref="ResNetTraining.FitTime"/>).</summary>
public sealed class FittedRecipe
{
    internal FittedRecipe(TrainingRecipe recipe, TimeSpan? estimate, string message)
    {
        Recipe = recipe;
        Estimate = estimate;
        Message = message;
    }

    /// <summary>The recipe.</summary>
    public TrainingRecipe Recipe { get; }

    /// <summary>
    /// How long the run will take, at most: where folds find that epochs do not help, it is over sooner. Null for a run that is resumed.
    /// </summary>
    public TimeSpan? Estimate { get; }

    /// <summary>What was chosen, and the estimate, in a sentence.</summary>
    public string Message { get; }
}
