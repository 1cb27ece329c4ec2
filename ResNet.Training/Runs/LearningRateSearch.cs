using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Measures a <see cref="LearningRateCurve"/>: a network takes steps at exponentially rising rates until its loss diverges.
/// </summary>
internal static class LearningRateSearch
{
    private const double Lowest = 1e-6, Highest = 10, Smoothing = 0.9, DivergedFactor = 4;

    /// <summary>Takes the steps.</summary>
    /// <exception cref="TrainingDivergedException">The loss is not finite from the first step on.</exception>
    public static LearningRateCurve Run(TrainingPlan plan, int steps, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var recipe = plan.Recipe;
        var bad = new BadImages(plan.Options.OnBadImage);
        using var step = plan.NewStep();
        // Without one at hand a mean for each channel does: batch norm makes rates alike, and a pass over all images would cost more than
        // the search.
        if (plan.StartingMeanImage is { } image) step.Input.Subtract(image);
        plan.LoadStart(step, bad);
        step.Network.EnterTraining(plan.KeepStatistics);
        List<RatePoint> points = [];
        var average = 0.0;
        var best = double.PositiveInfinity;
        var loader = plan.Loader(plan.Data.Training, recipe.Augmentation, bad);
        var stages = new StageSchedule(recipe, plan.Architecture, loader.Batches);
        foreach (var (number, (epoch, batch)) in Batches(loader, bad).Take(steps).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            var rate = Lowest * Math.Pow(Highest / Lowest, number / (steps - 1.0));
            step.ClearSums();
            step.Run(batch, epoch, number + 1, group => rate * FactorOf(group.Stage));
            var loss = step.ReadSums().Loss / batch.Count;
            average = Smoothing * average + (1 - Smoothing) * loss;
            var smoothed = average / (1 - Math.Pow(Smoothing, number + 1));
            Report(number + 1, smoothed);
            if (!double.IsFinite(loss) && points.Count == 0)
                throw new TrainingDivergedException($"The loss is not finite even at a learning rate of {Lowest}.");
            if (!double.IsFinite(loss) || smoothed > DivergedFactor * best) return new(points, diverged: true);
            best = Math.Min(best, smoothed);
            points.Add(new(rate, smoothed));
        }

        return new(points, diverged: false);

        // A new head was not fitted here, so that it has to learn.
        double FactorOf(int part) => plan.NeedsNewHead && part > plan.Architecture.StageBlocks.Count ? 1 : stages.FactorOf(part);

        void Report(int done, double loss)
        {
            foreach (var message in bad.TakeMessages()) progress?.Report(new() { Epoch = 1, Epochs = 1, Message = message });
            progress?.Report(new() { Epoch = 1, Epochs = 1, Batch = done, Batches = steps, Fraction = done / (double)steps, Loss = loss });
        }
    }

    /// <summary>The batches of one epoch after the other, without end.</summary>
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
}
