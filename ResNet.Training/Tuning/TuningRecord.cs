namespace ResNet.Training;

/// <summary>A trial that was done: a recipe on one fold.</summary>
/// <param name="Start">The network, as its place among those of the search.</param>
/// <param name="Images">The number of training images, those of the fold included.</param>
/// <param name="Fold">The fold, from 0.</param>
/// <param name="Scores">How each share of the trained weights predicted the images of the fold.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Elapsed">The seconds of the search when it was done, resumed parts and all that trials share added up.</param>
/// <param name="Recipe">The recipe.</param>
internal sealed record TuningRecord(
    int Start, int Images, int Fold, IReadOnlyList<FoldScore> Scores, double Seconds, double Elapsed, TrainingRecipe Recipe)
{
    private readonly string _recipe = Recipe.ToJson();

    /// <summary>Whether it is of a candidate on a fold.</summary>
    public bool IsOf(TuningCandidate candidate, int images, int fold) =>
        Start == candidate.Start && Images == images && Fold == fold && _recipe == candidate.Recipe.ToJson();
}
