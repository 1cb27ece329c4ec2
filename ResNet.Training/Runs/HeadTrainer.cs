using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>What a new head's fitting chose, by cross-validation.</summary>
/// <param name="Penalty">The weight of |W|² in the loss.</param>
/// <param name="UsesCrops">Whether random crops are among what it learned from.</param>
/// <param name="Loss">
/// Mean cross-entropy, in nats, of images that the head had not learned from, or, if there were too few for that, had.
/// </param>
/// <param name="Accuracy">Share of these images that were predicted correctly, 0 to 1.</param>
internal sealed record HeadFit(double Penalty, bool UsesCrops, double Loss, double Accuracy);

/// <summary>
/// Fits a network's classifier to features that are computed already: logistic regression on features divided by their length. The
/// weight of the penalty, and whether random crops help (they do for photographs, and not for small pictures), is chosen by
/// cross-validation. The classifier has no bias, so that what it predicts does not depend on the length of the features, which it gets
/// undivided.
/// </summary>
/// <param name="features">What it learns from.</param>
/// <param name="task">What the classifier is to do; the weights of known classes are for features as they are.</param>
/// <param name="seed">Chooses the folds.</param>
/// <param name="report">Receives how many fits of how many are done. May throw to stop.</param>
/// <param name="cancellation">Stops.</param>
internal sealed class HeadTrainer(
    HeadFeatures features,
    RegressionTask task,
    long seed,
    Action<int, int> report,
    CancellationToken cancellation)
{
    private const int FoldPurpose = 4, Folds = 5, MostRows = 20_000;
    private const double UsualPenalty = 3e-3;

    /// <summary>From the strongest on: a fit begins with the weights of the one before it.</summary>
    private static readonly double[] Penalties = [3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5];

    private int _done;

    private LossFunction Function => task.IsBinary ? LossFunction.BinaryCrossEntropy : LossFunction.CrossEntropy;

    /// <summary>The rows of all fits together, which is what their time depends on.</summary>
    /// <param name="images">The number of images.</param>
    /// <param name="views">The number of views of each, crops included.</param>
    public static double RowsOf(int images, int views)
    {
        var known = (double)Math.Min(images, MostRows / views) * (Folds - 1) / Folds;
        var viewsOfCandidates = views > 2 ? 2 + views : views;
        return known * viewsOfCandidates * Folds * Penalties.Length + (double)images * views;
    }

    /// <summary>Chooses, fits and sets the classifier.</summary>
    public HeadFit Train(Linear classifier)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var choice = Choose();
        Fit(classifier, choice);
        if (double.IsFinite(choice.Loss)) return choice;
        var known = features.Centers();
        var logits = classifier.forward(known.Features);
        double loss = TrainingLoss.PlainSum(logits, known.Targets, Function).item<float>();
        double correct = TrainingLoss.CountCorrect(logits, known.Targets).item<long>();
        return choice with { Loss = loss / known.Images.Length, Accuracy = correct / known.Images.Length };
    }

    /// <summary>Fits with what was chosen before, and sets the classifier.</summary>
    public void Fit(Linear classifier, HeadFit choice)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var rows = choice.UsesCrops ? features : features.WithoutCrops();
        var weights = Regression(rows).Fit(choice.Penalty, start: null, cancellation);
        using var scale = (HeadFeatures.Length / rows.MeanNorm()).ToScalar();
        var scaled = weights.mul(scale).to(float32);
        classifier.weight.copy_(task.Known is { } known ? cat([known.Weights, scaled]) : scaled);
        classifier.bias!.zero_();
        if (task.Known is { Bias: var bias }) classifier.bias.narrow(0, 0, bias.shape[0]).copy_(bias);
    }

    private HeadFit Choose()
    {
        // Of very many images some are enough to choose with.
        var wanted = Math.Min(1, (double)MostRows / features.Images.Length);
        var folds = features.Folds(Folds, wanted, seed, FoldPurpose).Where(fold => fold.Count > 0).ToList();
        if (folds.Count < 2) return new(UsualPenalty, features.HasCrops, double.NaN, double.NaN);
        var images = (double)folds.Sum(fold => fold.Count);
        var share = images / features.ImageCount;
        var chosen = features.Of(folds.SelectMany(fold => fold).Concat(features.Alone()).ToHashSet());
        var candidates = features.HasCrops ? new[] { chosen.WithoutCrops(), chosen } : [chosen];
        var fits = candidates.Length * folds.Count * Penalties.Length;
        List<HeadFit> results = [];
        foreach (var candidate in candidates)
        {
            var sums = new (double Loss, long Correct)[Penalties.Length];
            foreach (var fold in folds) AddFold(candidate, fold, sums, fits);
            results.AddRange(Penalties.Select((penalty, i) =>
                new HeadFit(penalty, candidate.HasCrops, sums[i].Loss / images, sums[i].Correct / images)));
        }

        // The loss is a mean: what is best for some of the images is too much for all, in the inverse proportion of their numbers.
        var best = results.MinBy(result => result.Loss)!;
        return share < 0.5 ? best with { Penalty = best.Penalty * share } : best;
    }

    /// <summary>Fits without a fold's images, with each penalty, and adds up how well that predicts them.</summary>
    private void AddFold(HeadFeatures candidate, HashSet<int> held, (double Loss, long Correct)[] sums, int fits)
    {
        using var scope = NewDisposeScope();
        var rest = candidate.Of(candidate.Images.Where(image => !held.Contains(image)).ToHashSet());
        var judged = candidate.Of(held).Centers();
        var inputs = judged.Normalized();
        var regression = Regression(rest);
        Tensor? weights = null;
        for (var i = 0; i < Penalties.Length; i++)
        {
            weights = regression.Fit(Penalties[i], weights, cancellation);
            var logits = regression.Logits(inputs, weights);
            var loss = TrainingLoss.PlainSum(logits, judged.Targets, Function).item<float>();
            var correct = TrainingLoss.CountCorrect(logits, judged.Targets).item<long>();
            sums[i] = (sums[i].Loss + loss, sums[i].Correct + correct);
            report(++_done, fits);
        }
    }

    private LogisticRegression Regression(HeadFeatures rows)
    {
        if (task.Known is not { } known) return new(rows.Normalized(), rows.Targets, task);
        // Of features of the mean length the known classes get what they get when the network is used.
        using var scale = (rows.MeanNorm() / HeadFeatures.Length).ToScalar();
        var scaled = known with { Weights = known.Weights.mul(scale) };
        var weights = AddedClasses.Balance(rows, task.Classes);
        return new(rows.Normalized(), rows.Targets, task with { Known = scaled, ClassWeights = weights });
    }
}
