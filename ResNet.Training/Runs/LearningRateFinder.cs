using System.Globalization;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>A step of the search for a learning rate.</summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Loss">The loss at that step, smoothed.</param>
public readonly record struct RatePoint(double Rate, double Loss);

/// <summary>
/// Finds a learning rate as Smith (2017) proposes: a network takes steps at exponentially rising rates until its loss runs away. The rate at which the smoothed loss fell fastest
/// is a good greatest rate for a schedule.
/// </summary>
public sealed class LearningRateFinder
{
    /// <summary>Steps where nothing else is said.</summary>
    public const int DefaultSteps = 100;

    private const double Lowest = 1e-6, Highest = 10, Smoothing = 0.9, RunAway = 4;

    private LearningRateFinder(IReadOnlyList<RatePoint> points, bool diverged)
    {
        (Points, Diverged) = (points, diverged);
        Suggestion = Steepest(points);
    }

    /// <summary>The rates that were tried, rising, with the smoothed losses.</summary>
    public IReadOnlyList<RatePoint> Points { get; }

    /// <summary>Whether the search ended because the loss ran away, not because all rates were tried.</summary>
    public bool Diverged { get; }

    /// <summary>The rate at which the loss fell fastest.</summary>
    public double Suggestion { get; }

    /// <summary>
    /// Searches. Nothing is written, and the same seed gives the same result. Where a run would first teach a new head alone, the search trains it with the rest, so that it tells most about the head.
    /// </summary>
    /// <param name="options">What is to be trained, on what and how; the output folder is not used.</param>
    /// <param name="steps">The number of steps, from 10; default 100.</param>
    /// <param name="progress">Is told of the steps.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    /// <exception cref="InvalidDataException">No image can be read.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite from the first step on.</exception>
    /// <exception cref="DeviceMemoryException">A step does not fit in the device's memory; the message says what would.</exception>
    public static LearningRateFinder Run(TrainingOptions options, int steps = DefaultSteps, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 10);
        if (options.Data.Training.Count == 0) throw new InvalidDataException("There are no images to train on.");
        LibTorch.Load();
        return BatchFit.Explaining(options, () => Search(options, steps, progress, cancellation), cancellation);
    }

    /// <summary>Writes the plot: the smoothed loss over the rate, with the suggestion marked.</summary>
    /// <param name="path">The file, by custom <c>*.svg</c>.</param>
    public void WritePlot(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        new LineChart("Loss at rising learning rates", new ChartSeries("smoothed loss", [.. Points.Select(point => (point.Rate, point.Loss))]))
        {
            XName = "learning rate",
            LogarithmicX = true,
            Marker = (Suggestion, string.Create(CultureInfo.InvariantCulture, $"{Suggestion:g2}")),
        }.Write(path);
    }

    private static LearningRateFinder Search(TrainingOptions options, int steps, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (architecture, recipe) = (options.FindArchitecture(), options.FindRecipe());
        var network = new ResNetModule(architecture, recipe.Seed);
        using var step = new TrainingStep(network, recipe, Devices.Parse(options.Device), options.Data.Training.ClassCounts);
        var bad = new BadImages(options.OnBadImage);
        options.StartFrom?.LoadInto(step, recipe, options.Data.Training.Labels, Loader(Augmentation.None));
        network.EnterTraining(recipe.FineTuning?.KeepStatistics ?? false);
        var loader = Loader(recipe.Augmentation);
        List<RatePoint> points = [];
        var (average, best) = (0.0, double.PositiveInfinity);
        foreach (var (number, (epoch, batch)) in Batches(loader, bad).Take(steps).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            var rate = Lowest * Math.Pow(Highest / Lowest, number / (steps - 1.0));
            step.ClearSums();
            step.Run(batch, epoch, number + 1, group => rate * (recipe.FineTuning?.ShareOf(group.Stage, architecture) ?? 1));
            var loss = step.ReadSums().Loss / batch.Count;
            average = Smoothing * average + (1 - Smoothing) * loss;
            var smoothed = average / (1 - Math.Pow(Smoothing, number + 1));
            foreach (var message in bad.TakeMessages()) progress?.Report(new() { Epoch = 1, Epochs = 1, Message = message });
            progress?.Report(new() { Epoch = 1, Epochs = 1, Batch = number + 1, Batches = steps, Done = (number + 1.0) / steps, Loss = smoothed });
            if (!double.IsFinite(loss) && points.Count == 0) throw new TrainingDivergedException($"The loss is not finite even at a learning rate of {Lowest}.");
            if (!double.IsFinite(loss) || smoothed > RunAway * best) return new(points, diverged: true);
            best = Math.Min(best, smoothed);
            points.Add(new(rate, smoothed));
        }

        return new(points, diverged: false);

        BatchLoader Loader(Augmentation augmentation) =>
            new(options.Data.Training, recipe.Preprocessing, augmentation, recipe.BatchSize, recipe.Seed, Math.Max(1, options.Workers), bad.Add);
    }

    private static IEnumerable<(int Epoch, Batch Batch)> Batches(BatchLoader loader, BadImages bad)
    {
        for (var epoch = 0; ; epoch++)
        {
            var read = false;
            foreach (var batch in loader.Epoch(epoch))
            {
                read = true;
                yield return (epoch, batch);
            }

            bad.ThrowIfNoneWasRead(read);
        }
    }

    /// <summary>The steepest fall of the loss over the logarithm of the rate; steps are equal on that axis. The first tenth, where the mean is still settling, does not count.</summary>
    private static double Steepest(IReadOnlyList<RatePoint> points)
    {
        var (steepest, at) = (double.PositiveInfinity, Math.Max(0, points.Count / 2));
        for (var i = Math.Max(1, points.Count / 10); i < points.Count - 1; i++)
        {
            if (points[i + 1].Loss - points[i - 1].Loss < steepest) (steepest, at) = (points[i + 1].Loss - points[i - 1].Loss, i);
        }

        return points.Count == 0 ? Lowest : points[at].Rate;
    }
}
