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
    /// <summary>Trains the head.</summary>
    /// <param name="cache">Keeps the features, so that a run that was stopped does not begin again.</param>
    /// <param name="state">Where the run stands: at its beginning.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The figures of the run's epoch 0.</returns>
    public EpochMetrics Train(FeatureCache cache, TrainingState state, CancellationToken cancellation)
    {
        step.Network.eval();
        var (features, targets) = Featurize(cache, state, cancellation);
        var images = targets.shape[0];
        badImages.ThrowIfNoneWasRead(images > 0);
        var epochs = plan.Recipe.FineTuning!.HeadEpochs;
        var last = (Loss: 0.0, Accuracy: 0.0);
        using var minimized = LossOfAllImages();
        HeadTrainer.Train(features, targets, step.Network.Classifier, plan.Recipe, minimized, (epoch, loss, accuracy) =>
        {
            cancellation.ThrowIfCancellationRequested();
            TrainingDivergedException.ThrowUnless(double.IsFinite(loss), plan.Recipe, state);
            last = (loss, accuracy);
            if (!progress.IsDue) return;
            progress.Report(state, new()
            {
                Phase = TrainingPhase.TrainingHead,
                Batch = epoch,
                Batches = epochs,
                Loss = loss,
                Accuracy = accuracy,
            });
        });
        step.Average?.Restart();
        var figures = validation.Measure(state, cancellation);
        var head = new EpochMetrics
        {
            Epoch = 0,
            TrainingLoss = last.Loss,
            TrainingAccuracy = last.Accuracy,
            ImagesPerSecond = images / progress.Seconds,
            Seconds = progress.Seconds,
        };
        return figures?.AddTo(head) ?? head;
    }

    /// <summary>The recipe's loss where each image counts, whichever ones the epochs will show.</summary>
    private TrainingLoss LossOfAllImages()
    {
        var recipe = plan.Recipe;
        if (recipe.Sampling == Sampling.Balanced)
            recipe = recipe with { Sampling = Sampling.Natural, ClassWeighting = ClassWeighting.Balanced };
        return new(recipe, plan.Data.Training.ClassCounts, step.Input.Device);
    }

    private (Tensor Features, Tensor Targets) Featurize(FeatureCache cache, TrainingState state, CancellationToken cancellation)
    {
        var images = plan.Data.Training;
        // The cache keeps a number an image: where that is not a class, it is the image's own.
        var loader = plan.Loader(images.IsMultiLabel ? new NumberedImages(images) : images, augmentation: null, badImages);
        var seen = 0L;
        var (features, targets) = cache.Get(step.Network, step.Input, loader, (done, count) =>
        {
            cancellation.ThrowIfCancellationRequested();
            seen += count;
            if (done < loader.Batches && !progress.IsDue) return;
            progress.Report(state, new()
            {
                Phase = TrainingPhase.Featurizing,
                Batch = done,
                Batches = loader.Batches,
                ImagesPerSecond = seen / progress.Seconds,
            });
        });
        if (!images.IsMultiLabel) return (features, targets);
        var wanted = NumberedImages.TargetsOf(images, targets.cpu().data<long>().ToArray());
        return (features, tensor(wanted, [targets.shape[0], images.Labels.Count], device: step.Input.Device));
    }
}
