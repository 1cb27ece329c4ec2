namespace ResNet.Training;

/// <summary>The charts of a run: what is measured after each epoch.</summary>
internal static class RunCharts
{
    /// <summary>Loss, accuracy, learning rate and speed.</summary>
    /// <param name="history">The epochs.</param>
    /// <param name="bestEpoch">The epoch that is marked as the best one; null for none.</param>
    public static IReadOnlyList<LineChart> Of(IReadOnlyList<EpochMetrics> history, int? bestEpoch) =>
    [
        .. LossAndAccuracy(history, bestEpoch),
        new("Learning rate", Series(history, "at the end of the epoch", each => each.LearningRate, dashed: false))
        {
            YFormat = "0.#######",
            FromZero = true,
        },
        new("Speed", Series(history, "training images a second", each => each.ImagesPerSecond, dashed: false))
        {
            YFormat = "#,0.##",
            FromZero = true,
        },
    ];

    /// <summary>How well the network does: loss and accuracy, or mean average precision where images have several labels.</summary>
    /// <param name="history">The epochs.</param>
    /// <param name="bestEpoch">The epoch that is marked as the best one; null for none.</param>
    public static IReadOnlyList<LineChart> LossAndAccuracy(IReadOnlyList<EpochMetrics> history, int? bestEpoch)
    {
        (double, string)? best = bestEpoch is { } epoch ? (epoch, "best") : null;
        var hasValidation = history.Any(each => each.ValidationLoss is not null);
        var hasLabels = history.Any(each => each.MeanAveragePrecision is not null);
        return
        [
            new("Loss", [Training(each => each.TrainingLoss), .. Validation(each => each.ValidationLoss)]) { Marker = best },
            new(hasLabels ? "Mean average precision" : "Accuracy", hasLabels ? Validation(each => each.Score) : Accuracies())
            {
                Marker = best,
                YFormat = "0.## %",
            },
        ];

        ChartSeries[] Accuracies() => [Training(each => each.TrainingAccuracy), .. Validation(each => each.Top1)];

        ChartSeries Training(Func<EpochMetrics, double?> value) => Series(history, "training", value, hasValidation);

        ChartSeries[] Validation(Func<EpochMetrics, double?> value) =>
            hasValidation ? [Series(history, "validation", value, dashed: false)] : [];
    }

    private static ChartSeries Series(IReadOnlyList<EpochMetrics> history, string name, Func<EpochMetrics, double?> value, bool dashed) =>
        new(name, [.. history.Select(each => ((double)each.Epoch, value(each) ?? double.NaN))], dashed);
}
