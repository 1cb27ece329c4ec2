using static System.FormattableString;

namespace ResNet.Training;

/// <summary>A recipe that may be tried.</summary>
/// <param name="Start">The network that it starts from, as its place among those of the search.</param>
/// <param name="Recipe">The recipe.</param>
/// <param name="Changes">What differs from the standard recipe, but for the network.</param>
internal sealed record TuningCandidate(int Start, TrainingRecipe Recipe, IReadOnlyList<string> Changes)
{
    private const int Purpose = 6, Attempts = 20;
    private const double ChanceOfChange = 0.4;

    private static readonly double[] StageRates = [0.25, 0.5, 0.8], Areas = [0.08, 0.35, 0.7];

    /// <summary>
    /// The candidates in the order in which they are tried: the standard recipe of each network, then what a seed draws. Most of a drawn
    /// recipe is as in the standard one.
    /// </summary>
    /// <param name="standards">The standard recipe of each network.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="most">The most candidates; there may be fewer different ones.</param>
    public static IReadOnlyList<TuningCandidate> Propose(IReadOnlyList<TrainingRecipe> standards, long seed, int most)
    {
        List<TuningCandidate> proposed = [.. standards.Select((recipe, start) => new TuningCandidate(start, recipe, [])).Take(most)];
        for (var number = 0; number < most * Attempts && proposed.Count < most; number++)
        {
            SeededRandom random = new(seed, Purpose, number);
            var candidate = Draw(standards, ref random);
            if (!proposed.Exists(candidate.IsSame)) proposed.Add(candidate);
        }

        return proposed;
    }

    private static TuningCandidate Draw(IReadOnlyList<TrainingRecipe> standards, ref SeededRandom random)
    {
        var start = random.Next(standards.Count);
        var recipe = standards[start];
        List<string> changes = [];
        foreach (var options in Changeable(recipe))
        {
            // Both are drawn always, so that what is drawn next depends on nothing before it.
            var (chance, option) = (random.NextDouble(), options[random.Next(options.Count)]);
            if (chance >= ChanceOfChange) continue;
            recipe = option.Apply(recipe);
            changes.Add(option.Text);
        }

        return new(start, recipe, changes);
    }

    private bool IsSame(TuningCandidate other) => Start == other.Start && Changes.SequenceEqual(other.Changes);

    /// <summary>What can be changed in a recipe, each with its values.</summary>
    private static List<IReadOnlyList<Change>> Changeable(TrainingRecipe standard)
    {
        var tuning = standard.FineTuning!;
        List<IReadOnlyList<Change>> all =
        [
            [Rate(standard.LearningRate / 3), Rate(standard.LearningRate * 3)],
            [.. StageRates.Where(factor => factor != tuning.StageLearningRateFactor).Select(StageRate)],
            [.. new[] { standard.Epochs / 2, standard.Epochs * 2 }.Where(epochs => epochs > 0).Select(Epochs)],
        ];
        if (standard.Augmentation is Augmentation.RandomResizedCrop crop)
            all.Add([.. Areas.Where(area => area != crop.SmallestArea).Select(area => Area(crop, area))]);
        if (standard.Augmentation is not Augmentation.Sequence) all.Add([Trivial]);
        if (tuning.HeadCrops is > 0 and <= 50) all.Add([Crops(2 * tuning.HeadCrops)]);
        if (tuning.HeadMirrors) all.Add([new("no mirror images", recipe => recipe.WithoutFlip())]);
        return all;
    }

    private static Change Trivial { get; } = new(
        "TrivialAugment",
        recipe => recipe with { Augmentation = Augmentation.Of(recipe.Augmentation, new Augmentation.TrivialAugment()) });

    private static Change Rate(double rate) => new(Invariant($"rate {rate:0.#####}"), recipe => recipe with { LearningRate = rate });

    private static Change Epochs(int epochs) => new(Plural.Of(epochs, "epoch", "epochs"), recipe => recipe with { Epochs = epochs });

    private static Change StageRate(double factor) => new(
        Invariant($"stage rate {factor}"),
        recipe => recipe with { FineTuning = recipe.FineTuning! with { StageLearningRateFactor = factor } });

    private static Change Area(Augmentation.RandomResizedCrop crop, double area) => new(
        Invariant($"parts from {area}"), recipe => recipe with { Augmentation = crop with { SmallestArea = area } });

    private static Change Crops(int crops) => new(
        Invariant($"{crops} head crops"), recipe => recipe with { FineTuning = recipe.FineTuning! with { HeadCrops = crops } });

    /// <summary>A change of a recipe, in words and in deed.</summary>
    private sealed record Change(string Text, Func<TrainingRecipe, TrainingRecipe> Apply);
}
