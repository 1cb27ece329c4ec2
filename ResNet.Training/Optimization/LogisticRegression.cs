using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>The first classes of a classifier, whose weights stay as they are.</summary>
/// <param name="Weights">[classes, features] float32.</param>
/// <param name="Bias">[classes] float32.</param>
internal sealed record KnownClasses(Tensor Weights, Tensor Bias)
{
    /// <summary>The number of classes.</summary>
    public int Count => (int)Bias.shape[0];

    /// <summary>[rows, classes] what they give.</summary>
    public Tensor Logits(Tensor inputs) => inputs.matmul(Weights.t()).add_(Bias, Scalars.One);
}

/// <summary>What a logistic regression is to do.</summary>
/// <param name="Classes">The number of classes.</param>
/// <param name="IsBinary">Whether each class is a question of its own (a sigmoid), in place of a choice of one (softmax).</param>
/// <param name="ClassWeights">[classes] float32, how much each class counts; null for alike.</param>
/// <param name="Adjustment">[classes] float32, what is added to the scores while it learns; null for nothing.</param>
/// <param name="Known">Classes before the others, whose weights are given; null for none.</param>
internal sealed record RegressionTask(
    int Classes, bool IsBinary = false, Tensor? ClassWeights = null, Tensor? Adjustment = null, KnownClasses? Known = null);

/// <summary>
/// Logistic regression without a bias: the weights W that minimize the mean cross-entropy of softmax(x Wᵀ), or the mean of the sum over
/// the classes of the binary one of sigmoid(x Wᵀ), plus penalty * |W|², found by L-BFGS (Nocedal and Wright, Numerical Optimization,
/// algorithm 7.4). The minimum is unique.
/// </summary>
/// <param name="inputs">[rows, features] float32.</param>
/// <param name="targets">[rows] int64 class numbers, or [rows, classes] float32 yes (1) and no (0).</param>
/// <param name="task">What is to be done.</param>
internal sealed class LogisticRegression(Tensor inputs, Tensor targets, RegressionTask task)
{
    private const int History = 10, MostSteps = 200, MostHalvings = 25;
    private const double SmallestGain = 1e-7, SufficientDecrease = 1e-4;

    private readonly int _firstFree = task.Known?.Count ?? 0;

    // [rows, known classes]: the same at every step.
    private readonly Tensor? _knownLogits = task.Known is { } known ? known.Logits(inputs) : null;

    /// <summary>Finds the weights.</summary>
    /// <param name="penalty">How much large weights cost, above 0.</param>
    /// <param name="start">Weights to begin with, such as those of a similar penalty; null for 0.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>[classes that are not known, features] float64, in the caller's dispose scope.</returns>
    public Tensor Fit(double penalty, Tensor? start, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var rowWeights = task.ClassWeights?.index_select(0, targets) ?? ones(targets.shape[0], float32, inputs.device);
        rowWeights = rowWeights.div(rowWeights.sum());
        var memory = new Queue<Pair>();
        var first = start?.clone() ?? zeros([task.Classes - _firstFree, inputs.shape[1]], float64, inputs.device);
        var here = Evaluate(first, penalty, rowWeights);
        for (var step = 0; step < MostSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var direction = Direction(here.Gradient, memory);
            var slope = Dot(direction, here.Gradient);
            if (slope >= 0) break;
            // Without memory the direction has the gradient's length, which says nothing about how far to go.
            var next = Search(here, direction, slope, memory.Count > 0 ? 1 : Math.Min(1, 1 / Math.Sqrt(-slope)), penalty, rowWeights);
            if (next is null) break;
            memory.Enqueue(new(next.Weights.sub(here.Weights), next.Gradient.sub(here.Gradient)));
            if (memory.Count > History) memory.Dequeue().Dispose();
            var gain = here.Value - next.Value;
            here.Dispose();
            here = next;
            if (gain <= SmallestGain * Math.Max(1, Math.Abs(here.Value))) break;
        }

        return here.Weights.MoveToOuterDisposeScope();
    }

    /// <summary>What a fit gives for other rows.</summary>
    /// <param name="others">[rows, features] float32.</param>
    /// <param name="weights">What <see cref="Fit"/> gave.</param>
    /// <returns>[rows, classes], known classes first.</returns>
    public Tensor Logits(Tensor others, Tensor weights)
    {
        var logits = others.matmul(weights.to(float32).t());
        return task.Known is { } known ? cat([known.Logits(others), logits], 1) : logits;
    }

    private Point? Search(Point here, Tensor direction, double slope, double length, double penalty, Tensor rowWeights)
    {
        for (var attempt = 0; attempt < MostHalvings; attempt++, length /= 2)
        {
            using var scale = length.ToScalar();
            var point = Evaluate(here.Weights.add(direction, alpha: scale), penalty, rowWeights);
            if (point.Value <= here.Value + SufficientDecrease * length * slope) return point;
            point.Dispose();
        }

        return null;
    }

    /// <summary>The loss and its gradient.</summary>
    private Point Evaluate(Tensor weights, double penalty, Tensor rowWeights)
    {
        using var scope = NewDisposeScope();
        using var doubledPenalty = (2 * penalty).ToScalar();
        var single = weights.to(float32);
        var logits = inputs.matmul(single.t());
        if (_knownLogits is not null) logits = cat([_knownLogits, logits], 1);
        if (task.Adjustment is not null) logits.add_(task.Adjustment, Scalars.One);
        var (losses, errors) = task.IsBinary ? Questions(logits) : Choice(logits);
        var loss = losses.mul(rowWeights).to(float64).sum().item<double>() + penalty * Dot(weights, weights);
        errors.mul_(rowWeights.unsqueeze(1));
        var free = errors.narrow(1, _firstFree, task.Classes - _firstFree);
        var gradient = free.t().matmul(inputs).to(float64).add_(weights, alpha: doubledPenalty);
        return new(weights.MoveToOuterDisposeScope(), loss, gradient.MoveToOuterDisposeScope());
    }

    /// <summary>The cross-entropy of each row and its gradient in the logits.</summary>
    private (Tensor Losses, Tensor Errors) Choice(Tensor logits)
    {
        var logProbabilities = nn.functional.log_softmax(logits, 1);
        var column = targets.unsqueeze(1);
        var losses = logProbabilities.gather(1, column).squeeze(1).neg_();
        return (losses, logProbabilities.exp_().scatter_add_(1, column, ones_like(column, float32).neg_()));
    }

    /// <summary>The sum of the binary cross-entropies of each row and its gradient in the logits.</summary>
    private (Tensor Losses, Tensor Errors) Questions(Tensor logits)
    {
        var wanted = targets.dim() == 2 ? targets : nn.functional.one_hot(targets, task.Classes).to(float32);
        var losses = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction: nn.Reduction.None).sum(1);
        return (losses, logits.sigmoid().sub_(wanted));
    }

    /// <summary>Minus the gradient times the inverse of the curvature, as far as the last steps tell it.</summary>
    private static Tensor Direction(Tensor gradient, IReadOnlyCollection<Pair> memory)
    {
        using var scope = NewDisposeScope();
        var direction = gradient.neg();
        var shares = new Stack<double>();
        foreach (var pair in memory.Reverse())
        {
            var share = Dot(pair.Step, direction) / pair.Curvature;
            using var back = (-share).ToScalar();
            direction.add_(pair.Change, alpha: back);
            shares.Push(share);
        }

        if (memory.LastOrDefault() is { } last)
        {
            using var scale = (last.Curvature / Dot(last.Change, last.Change)).ToScalar();
            direction.mul_(scale);
        }

        foreach (var pair in memory)
        {
            using var rest = (shares.Pop() - Dot(pair.Change, direction) / pair.Curvature).ToScalar();
            direction.add_(pair.Step, alpha: rest);
        }

        return direction.MoveToOuterDisposeScope();
    }

    private static double Dot(Tensor one, Tensor other)
    {
        using var product = one.mul(other);
        using var sum = product.sum();
        return sum.item<double>();
    }

    /// <summary>Weights with their loss and its gradient.</summary>
    private sealed record Point(Tensor Weights, double Value, Tensor Gradient) : IDisposable
    {
        public void Dispose()
        {
            Weights.Dispose();
            Gradient.Dispose();
        }
    }

    /// <summary>A step and how the gradient changed by it.</summary>
    private sealed record Pair(Tensor Step, Tensor Change) : IDisposable
    {
        /// <summary>Above 0, since the loss is strictly convex.</summary>
        public double Curvature { get; } = Dot(Step, Change);

        public void Dispose()
        {
            Step.Dispose();
            Change.Dispose();
        }
    }
}
