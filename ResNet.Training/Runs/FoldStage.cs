using TorchSharp;
using static System.FormattableString;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The part of a fine-tuning run between the new head and the epochs: on folds of the training images it is tried how much of the
/// fine-tuned weights predicts held-out images best; it may be none of them, and then the new head alone is kept. Validation images have no
/// say in it.
/// </summary>
/// <param name="plan">What the run does.</param>
/// <param name="step">Holds the network with its new head; afterwards as before.</param>
/// <param name="badImages">Receives images that cannot be read.</param>
/// <param name="progress">Receives the progress.</param>
internal sealed class FoldStage(TrainingPlan plan, TrainingStep step, BadImages badImages, RunProgress progress)
{
    /// <summary>The number of folds.</summary>
    public const int Folds = 3;

    /// <summary>No more folds are tried when this many images were held out.</summary>
    public const int EnoughImages = 250;

    private const int FoldPurpose = 5;
    private const float LossOfDiverged = 1e6f;

    /// <summary>The most images of a fold that are held out, and that are trained on: more would cost time and tell little.</summary>
    public const int MostHeld = 400, MostKnown = 3000;

    /// <summary>The shares of the trained weights that are tried.</summary>
    public static IReadOnlyList<double> Shares { get; } = [0, 0.25, 0.5, 0.75, 1];

    /// <summary>How many folds are tried, of which each has so many images.</summary>
    public static int CountOf(double held) => (int)Math.Clamp(Math.Ceiling(EnoughImages / Math.Max(1, held)), 1, Folds);

    /// <summary>How many of so many images a fold trains on, and how many it holds out.</summary>
    public static (int Known, int Held) SizesOf(int images)
    {
        var held = Math.Min(images / Folds, MostHeld);
        return (Math.Min(images - held, MostKnown), held);
    }

    /// <summary>Whether folds decide, and not the recipe.</summary>
    public static bool AreNeededBy(TrainingRecipe recipe) => recipe is { Epochs: > 0, FineTuning.TrainedShare: null };

    /// <summary>Tries.</summary>
    /// <param name="lesson">What the head was fitted to, and how.</param>
    /// <param name="store">Keeps what is done, so that a run that was stopped does not begin again.</param>
    /// <param name="run">Where the run stands.</param>
    /// <param name="cancellation">Stops, with a checkpoint written.</param>
    /// <returns>The run with its <see cref="TrainingState.TrainedShare"/>.</returns>
    public TrainingState Decide(HeadLesson lesson, FoldResults store, TrainingState run, CancellationToken cancellation)
    {
        var start = step.WriteState();
        var sums = Shares.Select(share => new FoldScore(share, 0, 0, 0)).ToList();
        var folds = Choose(lesson.Features);
        for (var fold = 0; fold < folds.Count && sums[0].Images < EnoughImages; fold++)
        {
            if (store.Read(fold) is not { } scores)
            {
                scores = Try(Some(folds[fold], MostHeld), fold, lesson, run, store, cancellation);
                step.ReadState(start);
                store.Write(fold, scores);
            }

            sums = [.. sums.Zip(scores, (sum, score) => sum + score)];
        }

        run = run with { TrainedShare = Best(sums).Share, Decision = Describe(sums), Undecided = null };
        progress.ReportMessage(run, run.Decision);
        return run;
    }

    /// <summary>
    /// The share with the lowest loss of those that predict at least as many images correctly as the head alone does.
    /// </summary>
    public static FoldScore Best(IReadOnlyList<FoldScore> sums) =>
        sums.Where(sum => sum.Correct >= sums[0].Correct).MinBy(sum => sum.Loss)!;

    /// <summary>What the folds decided, and why.</summary>
    public static string Describe(IReadOnlyList<FoldScore> sums)
    {
        var (head, best) = (sums[0], Best(sums));
        if (head.Images == 0) return "There are too few images to try fine-tuning on folds, so the new head alone is kept.";
        var judged = Invariant($"{head.Images} held-out training images");
        if (best == head)
        {
            var most = sums.Skip(1).MaxBy(sum => sum.Correct)!;
            var figures = Invariant($"{most.Accuracy:0.0} % against the new head's {head.Accuracy:0.0} %");
            return $"Fine-tuning did not help on {judged} ({figures}), so the new head alone is kept.";
        }

        var gain = best.Correct > head.Correct
            ? Invariant($"{best.Accuracy:0.0} % against the new head's {head.Accuracy:0.0} %")
            : Invariant($"{best.Accuracy:0.0} % as the new head, with a lower loss");
        var weights = best.Share == 1
            ? "the trained weights"
            : Invariant($"{best.Share:0.##} of the trained weights and {1 - best.Share:0.##} of those that it starts from");
        return $"Fine-tuning helped on {judged} ({gain}): the network gets {weights}.";
    }

    /// <summary>
    /// Fits the head to the images that are not held out, fine-tunes with them, and predicts those that are. The network stays changed.
    /// </summary>
    /// <param name="held">The images that are held out.</param>
    /// <param name="fold">The fold's number.</param>
    /// <param name="lesson">The features of all these images, and how a head is fitted to them.</param>
    /// <param name="run">Where the run stands.</param>
    /// <param name="store">Keeps where the fold stands when it is stopped; null for nothing.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>A score for each of <see cref="Shares"/>.</returns>
    public List<FoldScore> Try(
        HashSet<int> held, int fold, HeadLesson lesson, TrainingState run, FoldResults? store, CancellationToken cancellation)
    {
        var images = plan.Data.Training;
        var known = Some(lesson.Features.Images.Where(image => !held.Contains(image)).ToHashSet(), MostKnown);
        var stepsDone = 0;
        if (store?.ReadCheckpoint(fold) is { } checkpoint)
        {
            stepsDone = checkpoint.Steps;
            step.ReadState(checkpoint.Tensors);
        }
        else
        {
            Begin(known, lesson, cancellation);
        }

        var loader = plan.Loader(images.Subset([.. known.Order()]), plan.Recipe.Augmentation, badImages);
        Train(loader, stepsDone, (fold, held.Count), run, store, cancellation);
        // Read once for all shares.
        var judged = plan.Loader(images.Subset([.. held.Order()]), augmentation: null, badImages).Epoch(0).ToList();
        return [.. Shares.Select(share => Score(share, judged, cancellation))];
    }

    private void Begin(HashSet<int> known, HeadLesson lesson, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var loss = HeadStage.LossOf(plan, step.Input.Device);
        var task = loss.Regression(plan.Architecture.Classes);
        HeadTrainer head = new(lesson.Features.Of(known), task, plan.Recipe.Seed, (_, _) => { }, cancellation);
        head.Fit(step.Network.Classifier, lesson.Fit);
        step.RestartAverages();
    }

    private void Train(
        BatchLoader loader,
        int stepsDone,
        (int Number, int Held) fold,
        TrainingState run,
        FoldResults? store,
        CancellationToken cancellation)
    {
        var recipe = plan.Recipe;
        StageSchedule stages = new(recipe, plan.Architecture, loader.Batches);
        var steps = recipe.Epochs * loader.Batches;
        var all = Math.Max(fold.Number + 1, CountOf(fold.Held)) * steps;
        for (var epoch = stepsDone / loader.Batches; epoch < recipe.Epochs; epoch++)
        {
            step.Network.EnterTraining(plan.KeepStatistics, stages.FirstTrained(epoch));
            foreach (var batch in loader.Epoch(epoch, Math.Max(0, stepsDone - epoch * loader.Batches)))
            {
                var number = epoch * loader.Batches + batch.Index;
                var rate = recipe.LearningRate * recipe.Schedule.FactorAt(number / (double)steps, []);
                step.Run(batch, epoch, number + 1, RateOf, group => stages.StepsBefore(group.Stage));
                if (progress.IsDue || number + 1 == steps) Report(number + 1);
                if (number + 1 == steps || cancellation.IsCancellationRequested || store?.IsCheckpointDue == true)
                    store?.WriteCheckpoint(fold.Number, number + 1, step.WriteState());
                cancellation.ThrowIfCancellationRequested();

                double RateOf(ParameterGroup group) => rate * stages.FactorOf(group.Stage, epoch);
            }
        }

        void Report(int done) =>
            progress.Report(run, new() { Phase = TrainingPhase.TryingFolds, Batch = fold.Number * steps + done, Batches = all });
    }

    /// <summary>Of many images some, evenly spread.</summary>
    /// <param name="images">The images.</param>
    /// <param name="most">The most of them.</param>
    public static HashSet<int> Some(HashSet<int> images, long most)
    {
        if (images.Count <= most) return images;
        long count = images.Count;
        return [.. images.Order().Where((_, i) => (i + 1) * most / count > i * most / count)];
    }

    private FoldScore Score(double share, List<Batch> judged, CancellationToken cancellation)
    {
        var average = step.FromStart!;
        average.TrainedShare = share;
        step.ExchangeAverages();
        try
        {
            step.Network.eval();
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            List<Tensor> logits = [], targets = [];
            foreach (var batch in judged)
            {
                cancellation.ThrowIfCancellationRequested();
                var (pixels, wanted) = step.Input.Load(batch);
                logits.Add(step.Network.forward(pixels));
                targets.Add(wanted);
                pixels.Dispose();
            }

            if (logits.Count == 0) return new(share, 0, 0, 0);
            var (all, truth) = (cat(logits), cat(targets));
            return new(share, (int)truth.shape[0], TrainingLoss.CountCorrect(all, truth).item<long>(), LossOf(all, truth));
        }
        finally
        {
            step.ExchangeAverages();
            average.TrainedShare = 1;
        }
    }

    /// <summary>
    /// The sum of the losses at the best temperature, so that shares are compared by what they tell apart, and not by how sure they are: a
    /// network that was trained on few images for long is too sure, and no less right for it.
    /// </summary>
    private double LossOf(Tensor logits, Tensor targets)
    {
        var best = targets.shape[0] * LossOfDiverged;
        for (var exponent = -4; exponent <= 12; exponent++)
        {
            using var inverse = Math.Pow(2, -exponent / 4.0).ToScalar();
            using var cooled = logits.mul(inverse);
            using var loss = TrainingLoss.PlainSum(cooled, targets, plan.Recipe.Loss);
            best = Math.Min(best, loss.item<float>() is var sum && float.IsFinite(sum) ? sum : best);
        }

        return best;
    }

    /// <summary>Images for folds, each class spread evenly over them, but for classes with one image; none if there are too few.</summary>
    public List<HashSet<int>> Choose(HeadFeatures features)
    {
        var folds = features.Folds(Folds, share: 1, plan.Recipe.Seed, FoldPurpose);
        return folds.TrueForAll(fold => fold.Count > 0) ? folds : [];
    }
}
