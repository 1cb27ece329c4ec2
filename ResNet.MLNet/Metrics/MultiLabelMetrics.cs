namespace ResNet.MLNet;

/// <summary>How well a network gives images their labels, of which an image may have several or none.</summary>
/// <param name="Count">The number of images.</param>
/// <param name="Loss">Mean binary cross-entropy in nats, added up over the classes.</param>
/// <param name="PerLabel">The figures of each class, in the order of the classes' numbers.</param>
/// <remarks>
/// The F1 values are those at thresholds that were chosen on these very images, one for each class, so they are slightly too high. The
/// average precisions need no threshold.
/// </remarks>
public sealed record MultiLabelMetrics(int Count, double Loss, IReadOnlyList<LabelMetrics> PerLabel)
{
    /// <summary>
    /// The mean of the classes' average precisions (mAP), 0 to 1, over the classes that have images; null if none has.
    /// </summary>
    public double? MeanAveragePrecision => WithImages.Any() ? WithImages.Average(each => each.AveragePrecision) : null;

    /// <summary>
    /// F1 of all decisions together, so that frequent classes count for more, 0 to 1; null without a label, true or predicted.
    /// </summary>
    public double? MicroF1 => Sum(each => each.Support) + Sum(each => each.Predicted) is > 0 and var all
        ? 2.0 * Sum(each => each.Correct) / all
        : null;

    /// <summary>The mean of the classes' F1, 0 to 1, over the classes that have images; null if none has.</summary>
    public double? MacroF1 => WithImages.Any() ? WithImages.Average(each => each.AtThreshold.F1) : null;

    private IEnumerable<LabelMetrics> WithImages => PerLabel.Where(each => each.AveragePrecision is not null);

    /// <summary>Measures a network, and chooses the thresholds.</summary>
    /// <param name="probabilities">[images, classes] 0 to 1.</param>
    /// <param name="labels">[images, classes] whether an image is of a class: above 0.5.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="loss">The mean loss.</param>
    internal static MultiLabelMetrics Measure(IReadOnlyList<float> probabilities, IReadOnlyList<float> labels, int classes, double loss)
    {
        var images = probabilities.Count / classes;
        return new(images, loss, [.. Enumerable.Range(0, classes).Select(MetricsOf)]);

        LabelMetrics MetricsOf(int number)
        {
            float[] scores = [.. Enumerable.Range(0, images).Select(image => probabilities[image * classes + number])];
            bool[] isPositive = [.. Enumerable.Range(0, images).Select(image => labels[image * classes + number] > 0.5f)];
            var precision = AveragePrecision.Of(scores, isPositive);
            var predicted = scores.Count(score => score >= precision.Threshold);
            var correct = scores.Zip(isPositive).Count(each => each.Second && each.First >= precision.Threshold);
            var figures = new ClassMetrics(number, isPositive.Count(positive => positive), predicted, correct);
            return new(figures, precision.Value, precision.Threshold);
        }
    }

    private long Sum(Func<ClassMetrics, int> figure) => PerLabel.Sum(each => (long)figure(each.AtThreshold));
}

/// <summary>How well a network gives images one label.</summary>
/// <param name="AtThreshold">What is predicted with the threshold.</param>
/// <param name="AveragePrecision">
/// How well the probabilities rank the images of the class before the others, 0 to 1: the precisions at all recalls, averaged, as
/// scikit-learn's average_precision_score computes it. Null if the class has no images.
/// </param>
/// <param name="Threshold">
/// The probability from which an image gets the label, 0 to 1: that of the highest F1; 0.5 if the class has no images.
/// </param>
public sealed record LabelMetrics(ClassMetrics AtThreshold, double? AveragePrecision, float Threshold);
