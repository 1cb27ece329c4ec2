namespace ResNet.Training;

/// <summary>
/// What the validation images say of a network: of one that gives an image one class, or of one that gives it any number of labels.
/// </summary>
/// <param name="Classes">The figures of the first kind; null for the second.</param>
/// <param name="Labels">The figures of the second kind; null for the first.</param>
internal sealed record Evaluation(ClassificationMetrics? Classes, MultiLabelMetrics? Labels)
{
    /// <summary>The mean loss.</summary>
    public double Loss => Classes?.Loss ?? Labels!.Loss;

    /// <summary>The figures by the names that a model card has for them.</summary>
    public IReadOnlyDictionary<string, double> Named
    {
        get
        {
            if (Classes is { } classes) return EpochMetrics.ForCard(classes.Top1, classes.Top5);
            List<(string Name, double? Value)> figures =
                [("mAP", Labels!.MeanAveragePrecision), ("microF1", Labels.MicroF1), ("macroF1", Labels.MacroF1)];
            return figures.Where(figure => figure.Value is not null).ToDictionary(figure => figure.Name, figure => figure.Value!.Value);
        }
    }

    /// <summary>Adds the figures to those of an epoch.</summary>
    /// <param name="epoch">The epoch's own figures.</param>
    public EpochMetrics AddTo(EpochMetrics epoch) => epoch with
    {
        ValidationLoss = Loss,
        Top1 = Classes?.Top1,
        Top5 = Classes?.Top5,
        MeanAveragePrecision = Labels?.MeanAveragePrecision,
    };
}
