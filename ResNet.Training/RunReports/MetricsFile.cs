using System.Globalization;

namespace ResNet.Training;

/// <summary>The figures of a run's epochs as a CSV file, whole after every epoch.</summary>
internal static class MetricsFile
{
    public static void Write(string path, IEnumerable<EpochMetrics> history) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        var isMultiLabel = history.Any(epoch => epoch.MeanAveragePrecision is not null);
        var scores = isMultiLabel ? "mean_average_precision" : "top1,top5";
        writer.WriteLine($"epoch,learning_rate,training_loss,training_accuracy,validation_loss,{scores},images_per_second,seconds");
        foreach (var epoch in history)
        {
            double?[] values =
            [
                epoch.LearningRate,
                epoch.TrainingLoss,
                epoch.TrainingAccuracy,
                epoch.ValidationLoss,
                .. isMultiLabel ? new[] { epoch.MeanAveragePrecision } : [epoch.Top1, epoch.Top5],
                epoch.ImagesPerSecond,
                epoch.Seconds,
            ];
            var cells = values.Select(value => value?.ToString("0.######", CultureInfo.InvariantCulture));
            writer.WriteLine($"{epoch.Epoch},{string.Join(',', cells)}");
        }
    });
}
