namespace ResNet.MLNet;

/// <summary>How often a network is right.</summary>
/// <param name="Count">The number of images.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Top1">Share of the images whose class was the best guess, 0 to 1.</param>
/// <param name="Top5">Share of the images whose class was among the five best guesses (among all, if there are fewer classes), 0 to 1.</param>
/// <param name="Confusion">[true class, best guess] numbers of images.</param>
public sealed record ClassificationMetrics(int Count, double Loss, double Top1, double Top5, int[,] Confusion)
{
    /// <summary>The figures of each class, in the order of the classes' numbers.</summary>
    public IReadOnlyList<ClassMetrics> PerClass()
    {
        var classes = Confusion.GetLength(0);
        var (support, guessed) = (new int[classes], new int[classes]);
        for (var actual = 0; actual < classes; actual++)
        {
            for (var guess = 0; guess < classes; guess++)
            {
                support[actual] += Confusion[actual, guess];
                guessed[guess] += Confusion[actual, guess];
            }
        }

        return [.. Enumerable.Range(0, classes).Select(each => new ClassMetrics(each, support[each], guessed[each], Confusion[each, each]))];
    }
}

/// <summary>How well a network tells one class from the others.</summary>
/// <param name="Class">The number of the class.</param>
/// <param name="Support">The images of the class.</param>
/// <param name="Predicted">The images that were taken for the class, rightly or not.</param>
/// <param name="Correct">The images of the class that were taken for it.</param>
public sealed record ClassMetrics(int Class, int Support, int Predicted, int Correct)
{
    /// <summary>Share of the images taken for the class that are of it, 0 to 1; null if there are none.</summary>
    public double? Precision => Share(Correct, Predicted);

    /// <summary>Share of the images of the class that were taken for it, 0 to 1; null if there are none.</summary>
    public double? Recall => Share(Correct, Support);

    /// <summary>The harmonic mean of precision and recall, 0 to 1; null if the class neither occurs nor was guessed.</summary>
    public double? F1 => Share(2 * Correct, Support + Predicted);

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
}
