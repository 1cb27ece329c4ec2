namespace ResNet.MLNet;

/// <summary>How well a network classifies images.</summary>
/// <param name="Count">The number of images.</param>
/// <param name="Loss">
/// Mean loss in nats: cross-entropy; of a network that was trained with binary cross-entropy that, added up over the classes.
/// </param>
/// <param name="Top1">Share of the images whose class has the highest score, 0 to 1.</param>
/// <param name="Top5">
/// Share of the images whose class has one of the five highest scores (one of all, if there are fewer classes), 0 to 1.
/// </param>
/// <param name="Confusion">[true class, predicted class] numbers of images.</param>
public sealed record ClassificationMetrics(int Count, double Loss, double Top1, double Top5, int[,] Confusion)
{
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
