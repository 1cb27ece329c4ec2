namespace ResNet.MLNet;

/// <summary>How well a network classifies images.</summary>
/// <param name="Count">The number of images.</param>
/// <param name="Loss">
/// Mean loss in nats: cross-entropy; of a network that was trained with binary cross-entropy that, added up over the classes.
/// </param>
/// <param name="Top1">Share of the images whose class has the highest score, 0 to 1.</param>
/// <param name="Top5">
/// Share of the images whose class has one of the five highest scores, 0 to 1; null with five classes or fewer, where it says nothing.
/// </param>
/// <param name="Confusion">[true class, predicted class] numbers of images.</param>
public sealed record ClassificationMetrics(int Count, double Loss, double Top1, double? Top5, int[,] Confusion)
{
    // The 97.5th percentile of the standard normal distribution.
    private const double Z = 1.959963984540054;

    /// <summary>
    /// The 95 % interval of <see cref="Top1"/>: the shares, 0 to 1, that would not make this result surprising (Wilson 1927, without
    /// continuity correction). It knows of chance in the choice of the images only. Without images it is 0 to 1.
    /// </summary>
    public (double Lower, double Upper) Top1Interval
    {
        get
        {
            if (Count == 0) return (0, 1);
            var weight = Z * Z / Count;
            var center = (Top1 + weight / 2) / (1 + weight);
            var half = Math.Sqrt(weight * Top1 * (1 - Top1) + weight * weight / 4) / (1 + weight);
            return (Math.Max(0, center - half), Math.Min(1, center + half));
        }
    }

    /// <summary>The number of the class that most of the images are of; of several the first.</summary>
    public int MajorityClass => PerClass().MaxBy(each => each.Support)!.Class;

    /// <summary>
    /// Share of the images that are of <see cref="MajorityClass"/>, 0 to 1: the accuracy of always predicting it. 0 without images.
    /// </summary>
    public double MajorityShare => PerClass().Max(each => each.Support) / Math.Max(1.0, Count);

    /// <summary>
    /// Whether the network is better than always predicting <see cref="MajorityClass"/>, beyond chance: all of <see cref="Top1Interval"/>
    /// is above <see cref="MajorityShare"/>.
    /// </summary>
    public bool IsAboveMajority => Top1Interval.Lower > MajorityShare;

    /// <summary>The metrics of each class, in the order of the classes' numbers.</summary>
    public IReadOnlyList<ClassMetrics> PerClass()
    {
        var classes = Confusion.GetLength(0);
        var support = new int[classes];
        var predictions = new int[classes];
        for (var actual = 0; actual < classes; actual++)
        {
            for (var predicted = 0; predicted < classes; predicted++)
            {
                support[actual] += Confusion[actual, predicted];
                predictions[predicted] += Confusion[actual, predicted];
            }
        }

        return [.. Enumerable.Range(0, classes).Select(MetricsOf)];

        ClassMetrics MetricsOf(int number) => new(number, support[number], predictions[number], Confusion[number, number]);
    }
}

/// <summary>How well a network tells one class from the others.</summary>
/// <param name="Class">The number of the class.</param>
/// <param name="Support">The number of images of the class.</param>
/// <param name="Predicted">The number of images that are predicted to be of the class, correctly or not.</param>
/// <param name="Correct">The number of images of the class that are predicted correctly.</param>
public sealed record ClassMetrics(int Class, int Support, int Predicted, int Correct)
{
    /// <summary>Share of the images predicted to be of the class that are of it, 0 to 1; null if there are none.</summary>
    public double? Precision => Share(Correct, Predicted);

    /// <summary>Share of the images of the class that are predicted correctly, 0 to 1; null if there are none.</summary>
    public double? Recall => Share(Correct, Support);

    /// <summary>The harmonic mean of precision and recall, 0 to 1; null if the class neither occurs nor is predicted.</summary>
    public double? F1 => Share(2 * Correct, Support + Predicted);

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
}
