using System.Text;

namespace ResNet.MLNet;

/// <summary>How well a network classifies images of a data set, image by image.</summary>
public sealed record ModelEvaluation
{
    private const double SmallestProbability = 1e-15;
    private const int Bins = 15;

    private ModelEvaluation()
    {
    }

    /// <summary>The names of the network's classes, in the order of their numbers.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The images, in the order of the data set; without those that could not be read and those of unknown classes.</summary>
    public required IReadOnlyList<EvaluatedImage> Images { get; init; }

    /// <summary>
    /// Accuracies with their intervals, mean cross-entropy in nats (a probability below 1e-15 counts as that), precision, recall and F1 of
    /// each class, confusion. The classes are the network's.
    /// </summary>
    public required ClassificationMetrics Metrics { get; init; }

    /// <summary>What the user should know: classes that one side lacks.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Why images could not be read; each message names its image.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>The mean of the recalls of the classes that have images, 0 to 1, as scikit-learn's balanced_accuracy_score.</summary>
    public double BalancedAccuracy => Metrics.PerClass().Where(each => each.Support > 0).Average(each => each.Recall!.Value);

    /// <summary>
    /// The mean F1 of the classes that have images or are predicted, 0 to 1, as scikit-learn's f1_score with average macro.
    /// </summary>
    public double MacroF1 => Metrics.PerClass().Where(each => each.F1 is not null).Average(each => each.F1!.Value);

    /// <summary>
    /// The expected calibration error, 0 to 1: how far the probabilities of the predictions are from the share of them that is correct,
    /// averaged over the images in 15 bins of equal width (Guo et al., "On Calibration of Modern Neural Networks", 2017).
    /// </summary>
    public double ExpectedCalibrationError => Images
        .GroupBy(image => Math.Clamp((int)Math.Ceiling(image.Probability * Bins) - 1, 0, Bins - 1))
        .Sum(bin => Math.Abs(bin.Sum(image => (image.IsCorrect ? 1.0 : 0) - image.Probability))) / Images.Count;

    /// <summary>The wrong predictions that the network was surest of, the surest first.</summary>
    /// <param name="count">The most of them.</param>
    public IReadOnlyList<EvaluatedImage> Mistakes(int count) =>
        [.. Images.Where(image => !image.IsCorrect).OrderByDescending(image => image.Probability).Take(count)];

    /// <summary>All figures and images as JSON.</summary>
    public string ToJson() => EvaluationFile.Json(this);

    /// <summary>
    /// The images as a table: path, label, predicted class, its probability, that of the label, and the label's rank from 0.
    /// </summary>
    public string ToCsv() => EvaluationFile.Csv(this);

    /// <summary>Writes <see cref="ToJson"/> or <see cref="ToCsv"/>, as the ending says.</summary>
    /// <param name="path">The file to write, .json or .csv. One that is there is replaced when the new one is complete.</param>
    /// <exception cref="ArgumentException">The ending is another.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var text = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".json" => ToJson(),
            ".csv" => ToCsv(),
            _ => throw new ArgumentException($"'{path}' ends in neither .json nor .csv.", nameof(path)),
        };
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>The evaluation of these images.</summary>
    internal static ModelEvaluation Of(
        IReadOnlyList<EvaluatedImage> images, IReadOnlyList<string> labels, IReadOnlyList<string> notes, IReadOnlyList<string> problems)
    {
        const int Top = 5;
        var confusion = new int[labels.Count, labels.Count];
        foreach (var image in images) confusion[image.Label, image.Predicted]++;
        double count = images.Count;
        return new()
        {
            Labels = labels,
            Images = images,
            Notes = notes,
            Problems = problems,
            Metrics = new(
                images.Count,
                images.Average(image => -Math.Log(Math.Max(SmallestProbability, image.LabelProbability))),
                images.Count(image => image.IsCorrect) / count,
                labels.Count > Top ? images.Count(image => image.Rank < Top) / count : null,
                confusion),
        };
    }
}
