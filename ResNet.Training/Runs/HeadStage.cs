using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The part of a run before its epochs: a new head is trained on the features that the frozen network gives of the training images, each
/// computed once.
/// </summary>
/// <param name="plan">What the run does.</param>
/// <param name="step">Holds the network.</param>
/// <param name="badImages">Receives images that cannot be read.</param>
/// <param name="progress">Receives the progress.</param>
/// <param name="validation">Measures the network with its new head.</param>
internal sealed class HeadStage(TrainingPlan plan, TrainingStep step, BadImages badImages, RunProgress progress, ValidationStage validation)
{
    /// <summary>
    /// The smallest part of a photograph that the head learns from, as torchvision trains on ImageNet: parts as small as these help it.
    /// </summary>
    private const double SmallestArea = 0.08;

    /// <summary>Trains the head.</summary>
    /// <param name="cache">Keeps the features, so that a run that was stopped does not begin again.</param>
    /// <param name="state">Where the run stands: at its beginning.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The figures of the run's epoch 0, and what the head learned from.</returns>
    public (EpochMetrics Figures, HeadLesson Lesson) Train(FeatureCache cache, TrainingState state, CancellationToken cancellation)
    {
        var features = Featurize(plan, step, badImages, cache, progress, state, cancellation);
        badImages.ThrowIfNoneWasRead(features.ImageCount > 0);
        using var loss = LossOf(plan, step.Input.Device);
        var task = loss.Regression(plan.Architecture.Classes);
        var lesson = features;
        if (plan.Options is { AddClasses: true, StartFrom: { } start })
        {
            lesson = AddedClasses.WithMeans(start, features, plan.Data.Training.Labels);
            task = task with { Known = AddedClasses.Known(start, step.Input.Device) };
        }

        HeadTrainer trainer = new(lesson, task, plan.Recipe.Seed, (done, fits) => ReportFit(state, done, fits), cancellation);
        var fit = trainer.Train(step.Network.Classifier);
        step.RestartAverages();
        var figures = validation.Measure(state, cancellation);
        EpochMetrics head = new()
        {
            Epoch = 0,
            TrainingLoss = fit.Loss,
            TrainingAccuracy = fit.Accuracy,
            ImagesPerSecond = features.Images.Length / progress.Seconds,
            Seconds = progress.Seconds,
        };
        return (figures?.AddTo(head) ?? head, new(features, fit));
    }

    /// <summary>The recipe's loss where each image counts, whichever ones the epochs will show.</summary>
    /// <param name="plan">What the run does.</param>
    /// <param name="device">Where it computes.</param>
    public static TrainingLoss LossOf(TrainingPlan plan, Device device)
    {
        var recipe = plan.Recipe;
        if (recipe.Sampling == Sampling.Balanced)
            recipe = recipe with { Sampling = Sampling.Natural, ClassWeighting = ClassWeighting.Balanced };
        return new(recipe, plan.Data.Training.ClassCounts, device);
    }

    /// <summary>Computes the features that a new head is to learn from.</summary>
    public static HeadFeatures Featurize(
        TrainingPlan plan,
        TrainingStep step,
        BadImages badImages,
        FeatureCache cache,
        RunProgress progress,
        TrainingState state,
        CancellationToken cancellation)
    {
        step.Network.eval();
        var tuning = plan.Recipe.FineTuning!;
        var images = plan.Data.Training;
        var crop = new Augmentation.RandomResizedCrop(SmallestArea, tuning.HeadMirrors);
        var center = plan.Loader(images, augmentation: null, badImages);
        var crops = Enumerable.Range(0, tuning.HeadCrops).Select(_ => plan.Loader(images, crop, badImages, inOrder: true));
        var (seen, batches) = (0L, center.Batches * (1 + tuning.HeadCrops));
        return cache.Get(step.Network, step.Input, [center, .. crops], images, tuning.HeadMirrors, (done, views) =>
        {
            cancellation.ThrowIfCancellationRequested();
            seen += views;
            if (done < batches && !progress.IsDue) return;
            progress.Report(state, new()
            {
                Phase = TrainingPhase.Featurizing,
                Batch = done,
                Batches = batches,
                ImagesPerSecond = seen / progress.Seconds,
            });
        });
    }

    private void ReportFit(TrainingState state, int done, int fits)
    {
        if (progress.IsDue) progress.Report(state, new() { Phase = TrainingPhase.TrainingHead, Batch = done, Batches = fits });
    }
}
