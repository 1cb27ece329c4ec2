using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>How fast this machine runs a network, measured with some of the images.</summary>
/// <param name="FeatureSeconds">Seconds to read an image and to compute its features or its prediction.</param>
/// <param name="TrainingSeconds">Seconds to read and vary an image and to train on it.</param>
/// <param name="HeadSeconds">Seconds of one fit of a new head, for each row that it learns from.</param>
internal sealed record RunPace(double FeatureSeconds, double TrainingSeconds, double HeadSeconds)
{
    private const int HeadRows = 1000;
    private const double HeadPenalty = 3e-3;

    /// <summary>How long each part is measured, after a first batch that is not.</summary>
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(1);

    /// <summary>Measures, for some seconds. Nothing is written, and the network is not the run's.</summary>
    /// <exception cref="InvalidDataException">No image can be read.</exception>
    public static RunPace Measure(TrainingPlan plan, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var (recipe, images) = (plan.Recipe, plan.Data.Training);
        BadImages bad = new(plan.Options.OnBadImage);
        using var step = plan.NewStep();
        step.Network.eval();
        var features = SecondsOf(plan.Loader(images, recipe.Augmentation, bad), bad, batch =>
        {
            using var inner = NewDisposeScope();
            using var _ = no_grad();
            step.Network.Features(step.Input.Load(batch).Images).cpu();
        }, cancellation);
        step.Network.EnterTraining(plan.KeepStatistics);
        var steps = 0L;
        var training = SecondsOf(plan.Loader(images, recipe.Augmentation, bad), bad, batch =>
        {
            step.Run(batch, 0, ++steps, _ => 0);
            // Waits for the device.
            step.ReadSums();
        }, cancellation);
        return new(features, training, plan.NeedsNewHead ? SecondsOfHead(plan, step.Input.Device, cancellation) : 0);
    }

    /// <summary>Seconds that it takes to try fine-tuning on a fold.</summary>
    /// <param name="known">The images that are trained on.</param>
    /// <param name="held">Those that are held out.</param>
    /// <param name="epochs">How often every image is shown.</param>
    public double SecondsOfFold(int known, int held, int epochs) =>
        (double)known * epochs * TrainingSeconds + (double)held * FoldStage.Shares.Count * FeatureSeconds;

    /// <summary>Seconds an image, from when it is read.</summary>
    private static double SecondsOf(BatchLoader loader, BadImages bad, Action<Batch> work, CancellationToken cancellation)
    {
        // libtorch allocates and chooses its algorithms with the first batch.
        var first = loader.Epoch(0).FirstOrDefault();
        bad.ThrowIfNoneWasRead(first is not null);
        work(first!);
        var (count, watch) = (0, Stopwatch.StartNew());
        foreach (var batch in loader.Epoch(1))
        {
            cancellation.ThrowIfCancellationRequested();
            work(batch);
            count += batch.Count;
            if (watch.Elapsed >= Measured) break;
        }

        return watch.Elapsed.TotalSeconds / Math.Max(1, count);
    }

    private static double SecondsOfHead(TrainingPlan plan, Device device, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var classes = plan.Architecture.Classes;
        using var length = HeadFeatures.Length.ToScalar();
        var inputs = nn.functional.normalize(randn([HeadRows, plan.Architecture.FeatureCount], device: device), dim: 1).mul_(length);
        var targets = tensor([.. Enumerable.Range(0, HeadRows).Select(row => (long)(row % classes))], device: device);
        LogisticRegression regression = new(inputs, targets, new(classes));
        var watch = Stopwatch.StartNew();
        regression.Fit(HeadPenalty, start: null, cancellation);
        return watch.Elapsed.TotalSeconds / HeadRows;
    }
}
