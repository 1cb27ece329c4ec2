using System.Diagnostics;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>The part of a run that measures its network on the validation images.</summary>
/// <param name="plan">What the run does.</param>
/// <param name="step">Holds the network.</param>
/// <param name="badImages">Receives images that cannot be read.</param>
/// <param name="progress">Receives the progress.</param>
internal sealed class ValidationStage(TrainingPlan plan, TrainingStep step, BadImages badImages, RunProgress progress)
{
    private const int MostImages = 12;

    private readonly BatchLoader _loader = plan.Loader(plan.Data.Validation, augmentation: null, badImages);

    /// <summary>What was measured last; null if nothing was, or there are no validation images.</summary>
    public Evaluation? Latest { get; private set; }

    /// <summary>Measures the network after an epoch, or its average, if the recipe has one.</summary>
    /// <inheritdoc cref="Measure"/>
    public Evaluation? Validate(TrainingState state, CancellationToken cancellation)
    {
        step.ExchangeAverages();
        try
        {
            return Measure(state, cancellation);
        }
        finally
        {
            step.ExchangeAverages();
        }
    }

    /// <summary>Measures the network as it is.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The figures; null without validation images.</returns>
    public Evaluation? Measure(TrainingState state, CancellationToken cancellation)
    {
        Latest = null;
        if (_loader.Batches == 0) return null;
        step.Network.eval();
        using var _ = no_grad();
        using var metrics = MetricsAccumulator.For(plan.Data.Validation, plan.Recipe.Loss, step.Input.Device);
        var watch = Stopwatch.StartNew();
        var anyWasRead = false;
        foreach (var batch in _loader.Epoch(0))
        {
            using var scope = NewDisposeScope();
            var (images, targets) = step.Input.Load(batch);
            metrics.Add(step.Network.forward(images), targets);
            anyWasRead = true;
            cancellation.ThrowIfCancellationRequested();
            var done = batch.Index + 1;
            if (done == _loader.Batches || progress.IsDue) Report(state, done, metrics, watch.Elapsed);
        }

        badImages.ThrowIfNoneWasRead(anyWasRead);
        return Latest = metrics.Read();
    }

    /// <summary>Looks for the images that tell most about the network as it is.</summary>
    /// <param name="cancellation">Stops.</param>
    /// <returns>
    /// The images; null without validation images, and where images have several labels, of which none is the prediction.
    /// </returns>
    public ImageFindings? FindMistakes(CancellationToken cancellation)
    {
        if (_loader.Batches == 0 || plan.Data.Validation.IsMultiLabel) return null;
        var finder = new MistakeFinder(
            step.Network, step.Input, images => plan.Loader(images, augmentation: null, badImages), plan.ScoreFunction);
        return finder.Find(plan.Data.Validation, MostImages, cancellation);
    }

    private void Report(TrainingState state, int done, MetricsAccumulator soFar, TimeSpan elapsed) => progress.Report(state, new()
    {
        Phase = TrainingPhase.Validating,
        Batch = done,
        Batches = _loader.Batches,
        Loss = soFar.Loss,
        Accuracy = soFar.Accuracy,
        ImagesPerSecond = soFar.Count / elapsed.TotalSeconds,
    });
}
