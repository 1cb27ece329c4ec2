namespace ResNet.Training;

/// <summary>The figures of one epoch. Epoch 0 is the new head of a trained network, trained alone.</summary>
public sealed record EpochMetrics
{
    /// <summary>The epoch, from 1; 0 for the head alone.</summary>
    public int Epoch { get; init; }

    /// <summary>The learning rate of its last step.</summary>
    public double LearningRate { get; init; }

    /// <summary>Mean loss of the training images, each before the step that trained on it.</summary>
    public double TrainingLoss { get; init; }

    /// <summary>
    /// Share of the training images, as varied, that were predicted correctly, 0 to 1; where they have several labels: of those of which
    /// just the right ones had probabilities above one half.
    /// </summary>
    public double TrainingAccuracy { get; init; }

    /// <summary>Mean loss of the validation images; null without any.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Share of the validation images that were predicted correctly, 0 to 1; null without any, and for several labels.</summary>
    public double? Top1 { get; init; }

    /// <summary>
    /// Share of the validation images whose class was among the five best predictions, 0 to 1; null without any, with five classes or
    /// fewer, and for several labels.
    /// </summary>
    public double? Top5 { get; init; }

    /// <summary>
    /// Of validation images of several labels: the mean average precision (<see cref="MultiLabelMetrics.MeanAveragePrecision"/>), 0 to 1;
    /// else null.
    /// </summary>
    public double? MeanAveragePrecision { get; init; }

    /// <summary>Training images a second.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>
    /// Bytes of the GPU's memory in use at its end, by all processes; since libtorch keeps what it took, about the most that was needed.
    /// Null on a CPU.
    /// </summary>
    public long? DeviceMemory { get; init; }

    /// <summary>Time since the run began, in seconds, resumed parts added up.</summary>
    public double Seconds { get; init; }

    /// <summary>Figures as a model card names them.</summary>
    /// <param name="top1">Share of correct predictions.</param>
    /// <param name="top5">Share of correct classes among five predictions; null if there are no more classes than that.</param>
    internal static Dictionary<string, double> ForCard(double top1, double? top5)
    {
        Dictionary<string, double> figures = new() { ["top1"] = top1 };
        if (top5 is { } share) figures["top5"] = share;
        return figures;
    }

    /// <summary>What epochs are compared by; null without validation.</summary>
    internal double? Score => MeanAveragePrecision ?? Top1;

    /// <summary>
    /// The best epoch: the most correct predictions on the validation images, or the highest mean average precision, then the lowest loss,
    /// then the first. Null without validation.
    /// </summary>
    internal static EpochMetrics? Best(IEnumerable<EpochMetrics> history) =>
        history.Where(epoch => epoch.Score is not null)
            .OrderByDescending(epoch => epoch.Score)
            .ThenBy(epoch => epoch.ValidationLoss)
            .FirstOrDefault();
}
