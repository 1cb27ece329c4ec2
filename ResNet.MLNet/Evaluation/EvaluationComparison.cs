namespace ResNet.MLNet;

/// <summary>Two networks on the same images: which of them is right where the other is wrong, and whether that may be chance.</summary>
public sealed record EvaluationComparison
{
    private EvaluationComparison(IReadOnlyList<(EvaluatedImage First, EvaluatedImage Second)> changed, int count) =>
        (Changed, Count) = (changed, count);

    /// <summary>The number of images that both were evaluated on.</summary>
    public int Count { get; }

    /// <summary>The images of which one prediction is correct and the other is not, in the order of the data set.</summary>
    public IReadOnlyList<(EvaluatedImage First, EvaluatedImage Second)> Changed { get; }

    /// <summary>The images that only the first network predicts correctly.</summary>
    public int OnlyFirst => Changed.Count(pair => pair.First.IsCorrect);

    /// <summary>The images that only the second network predicts correctly.</summary>
    public int OnlySecond => Changed.Count(pair => pair.Second.IsCorrect);

    /// <summary>
    /// The probability, 0 to 1, of a difference at least as large between two networks that are equally good: McNemar's test, exact
    /// (two-sided binomial, as statsmodels computes it with exact=True).
    /// </summary>
    public double ChanceProbability
    {
        get
        {
            var (count, fewer) = (Changed.Count, Math.Min(OnlyFirst, OnlySecond));
            // Sums of binomial coefficients over powers of two, in logarithms.
            var (logTerm, sum) = (-count * Math.Log(2), 0.0);
            for (var k = 0; k <= fewer; k++)
            {
                sum += Math.Exp(logTerm);
                logTerm += Math.Log((count - k) / (k + 1.0));
            }

            return Math.Min(1, 2 * sum);
        }
    }

    /// <summary>Compares two evaluations of the same data set.</summary>
    /// <param name="first">One.</param>
    /// <param name="second">The other. Its classes may be in another order.</param>
    /// <exception cref="ArgumentException">They have no image in common.</exception>
    public static EvaluationComparison Of(ModelEvaluation first, ModelEvaluation second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var others = second.Images.ToDictionary(image => (image.Index, image.Name));
        List<(EvaluatedImage First, EvaluatedImage Second)> pairs = [];
        foreach (var image in first.Images)
        {
            if (others.TryGetValue((image.Index, image.Name), out var other)) pairs.Add((image, other));
        }

        if (pairs.Count == 0) throw new ArgumentException("The two evaluations have no image in common.", nameof(second));
        return new([.. pairs.Where(pair => pair.First.IsCorrect != pair.Second.IsCorrect)], pairs.Count);
    }
}
