using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Shows a training run: a line for each epoch and, on a terminal, a progress bar.</summary>
internal sealed class TrainingDisplay(IAnsiConsole console) : IProgress<TrainingProgress>
{
    private readonly Lock _lock = new();
    private ProgressTask? _bar;
    private TrainingPhase? _phase;

    /// <summary>Runs work that reports here.</summary>
    public T Show<T>(Func<T> work) => ProgressBar.Show(console, bar => _bar = bar, work);

    public void Report(TrainingProgress value)
    {
        lock (_lock)
        {
            if (value.Message is { } message) console.MarkupLineInterpolated($"[yellow]{message}[/]");
            else if (value.Completed is { } epoch) WriteEpoch(epoch, value.Epochs);
            else if (_bar is not null) Move(_bar, value);
            else WritePreparation(value);
        }
    }

    private void WriteEpoch(EpochMetrics epoch, int epochs)
    {
        string[] parts =
        [
            epoch.Epoch == 0 ? "new head    " : $"epoch {epoch.Epoch,3} of {epochs}",
            $"loss {epoch.TrainingLoss:0.000}, accuracy {100 * epoch.TrainingAccuracy:0.0} %",
            .. Validation(epoch),
            $"{epoch.ImagesPerSecond:0} images/s",
            .. Memory(epoch.DeviceMemory),
            $"{TimeSpan.FromSeconds(epoch.Seconds):h\\:mm\\:ss}",
        ];
        console.WriteLine(string.Join("   ", parts));
    }

    private static void Move(ProgressTask bar, TrainingProgress value)
    {
        bar.Value = value.Fraction;
        string[] parts =
        [
            value.Activity,
            .. Figures(value),
            .. Pace(value.ImagesPerSecond),
            .. Memory(value.DeviceMemory),
            .. Left(value.Remaining),
        ];
        bar.Description = string.Join("  ", parts);
    }

    /// <summary>What comes before the epochs, where no bar shows it; it may take minutes.</summary>
    private void WritePreparation(TrainingProgress value)
    {
        if (value.Phase == _phase) return;
        _phase = value.Phase;
        var text = value.Phase switch
        {
            TrainingPhase.ComputingMean => "Computing the mean image.",
            TrainingPhase.Featurizing => "Computing the features of the training images for the new head.",
            TrainingPhase.TryingFolds => "Trying on folds of the training images whether fine-tuning helps.",
            _ => null,
        };
        if (text is not null) console.WriteLine(text);
    }

    private static string[] Figures(TrainingProgress value) => value.Phase is TrainingPhase.Training or TrainingPhase.Validating
        ? [$"loss {value.Loss:0.000}", $"accuracy {100 * value.Accuracy:0.0} %"]
        : [];

    private static string[] Pace(double imagesPerSecond) => imagesPerSecond > 0 ? [$"{imagesPerSecond:0} images/s"] : [];

    private static string[] Validation(EpochMetrics epoch)
    {
        if (epoch.MeanAveragePrecision is { } precision)
            return [$"validation: loss {epoch.ValidationLoss:0.000}, mAP {100 * precision:0.0} %"];
        return epoch.Top1 is { } top1
            ? [$"validation: loss {epoch.ValidationLoss:0.000}, top-1 {100 * top1:0.0} %{Top5(epoch)}"]
            : [];
    }

    private static string Top5(EpochMetrics epoch) => epoch.Top5 is { } top5 ? $", top-5 {100 * top5:0.0} %" : "";

    /// <summary>The time that is left, once it is known.</summary>
    private static string[] Left(TimeSpan remaining) => remaining > TimeSpan.Zero ? [$"{remaining:h\\:mm\\:ss} left"] : [];

    private static string[] Memory(long? bytes) => bytes is { } used ? [$"{used / 1e9:0.0} GB"] : [];
}
