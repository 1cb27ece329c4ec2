namespace ResNet.Training;

/// <summary>What to search a recipe for, among which networks, and for how long.</summary>
public sealed record TuningOptions
{
    /// <summary>
    /// The run that the recipe is for, as <see cref="ResNetTraining.Run"/> would do it: its data, starting network, device and limits. Its
    /// recipe (null for the standard one, <see cref="TrainingRecipe.FineTune"/>) is the one that others are compared with. Its output
    /// folder is the search's: it receives <c>recipe.json</c> (the winner), <c>trials.csv</c> (the table) and <c>trials.jsonl</c> (a line
    /// for each trial, from which a search is resumed). Its validation images have no say in the search.
    /// </summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Networks to try besides the one that the run starts from. Default: none.</summary>
    public IReadOnlyList<StartingPoint> OtherStarts { get; init; } = [];

    /// <summary>
    /// How long the search may take, resumed parts added up: above 0. No trial begins that would not fit; but the run's own recipe is
    /// always tried.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public required TimeSpan Time
    {
        get;
        init => field = value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(Time), value, "Time must be above 0.");
    }

    /// <summary>The most recipes that are tried, however much time there is: from 1; default 60.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Candidates { get; init => field = Guard.AtLeast(value, 1); } = 60;

    /// <summary>Chooses what is tried: the same seed proposes the same recipes in the same order. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>The runs that start from each of the networks, with the recipe that others are compared with.</summary>
    /// <exception cref="ArgumentException">Nothing can be tuned; the message says why.</exception>
    internal IReadOnlyList<TrainingPlan> Resolve()
    {
        if (Training.StartFrom is not { } first)
            throw new ArgumentException("Recipes are tuned for fine-tuning, so the run needs a network to start from.");
        List<TrainingPlan> plans = [];
        foreach (var start in OtherStarts.Prepend(first))
        {
            var recipe = plans.Count == 0 ? Training.Recipe : Training.Recipe?.WithPreprocessing(start.Preprocessing);
            // The network of a run is that of its start.
            var plan = (Training with { StartFrom = start, Recipe = recipe, Architecture = null }).Resolve();
            if (!plan.NeedsNewHead)
            {
                throw new ArgumentException(
                    $"'{start.Name}' was trained on just these classes. It has seen the images, so folds of them would tell nothing.");
            }

            if (plan.Recipe.FineTuning is null || plan.Recipe.Epochs == 0)
                throw new ArgumentException("Only a recipe that fine-tunes for some epochs can be tuned.");
            plans.Add(plan);
        }

        return plans;
    }
}
