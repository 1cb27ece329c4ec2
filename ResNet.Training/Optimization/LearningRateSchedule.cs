using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>How the learning rate goes through a run: a factor of the recipe's rate, by the share of the run that is done and what the epochs so far gave.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Constant), "constant")]
[JsonDerivedType(typeof(Steps), "steps")]
[JsonDerivedType(typeof(Plateau), "plateau")]
[JsonDerivedType(typeof(Cosine), "cosine")]
[JsonDerivedType(typeof(OneCycle), "oneCycle")]
public abstract record LearningRateSchedule
{
    /// <summary>The factor at a point of the run.</summary>
    /// <param name="done">The share of all steps that are done: 0 up to 1.</param>
    /// <param name="history">The figures of the epochs that are complete.</param>
    public abstract double FactorAt(double done, IReadOnlyList<EpochMetrics> history);

    private static double HalfCosine(double from, double to, double share) => to + (from - to) * (1 + Math.Cos(Math.PI * Math.Clamp(share, 0, 1))) / 2;

    /// <summary>The same rate throughout.</summary>
    public sealed record Constant : LearningRateSchedule
    {
        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) => 1;
    }

    /// <summary>The rate is multiplied by a factor at some points (He et al. 2015, section 4.2: by 0.1 at 32,000 and 48,000 of 64,000 steps).</summary>
    public sealed record Steps : LearningRateSchedule
    {
        /// <summary>The points, as shares of the run, rising. Default: the paper's, 0.5 and 0.75.</summary>
        public IReadOnlyList<double> At { get; init; } = [0.5, 0.75];

        /// <summary>The factor. Default: 0.1.</summary>
        public double Factor { get; init; } = 0.1;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) => Math.Pow(Factor, At.Count(point => done >= point));
    }

    /// <summary>
    /// The rate is multiplied by a factor when the loss has not fallen for some epochs (He et al. 2015, section 3.4: "divided by 10 when the error plateaus"): the validation
    /// images' loss, without any the training images'.
    /// </summary>
    public sealed record Plateau : LearningRateSchedule
    {
        /// <summary>The factor. Default: 0.1.</summary>
        public double Factor { get; init; } = 0.1;

        /// <summary>Epochs that may pass without progress, from 1. Default: 5.</summary>
        public int Patience { get; init; } = 5;

        /// <summary>Progress is a loss below this share of the best so far. Default: 0.999.</summary>
        public double Threshold { get; init; } = 0.999;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history)
        {
            ArgumentNullException.ThrowIfNull(history);
            var (best, without, drops) = (double.PositiveInfinity, 0, 0);
            foreach (var loss in history.Where(epoch => epoch.Epoch > 0).Select(epoch => epoch.ValidationLoss ?? epoch.TrainingLoss))
            {
                if (loss < best * Threshold) (best, without) = (loss, 0);
                else if (++without > Patience) (without, drops) = (0, drops + 1);
            }

            return Math.Pow(Factor, drops);
        }
    }

    /// <summary>A linear warm-up, then half a cosine down to 0 (Loshchilov and Hutter 2016).</summary>
    public sealed record Cosine : LearningRateSchedule
    {
        /// <summary>The share of the run in which the rate rises. Default: 0.05.</summary>
        public double WarmUp { get; init; } = 0.05;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) =>
            done < WarmUp ? Math.Max(done, 0.01 * WarmUp) / WarmUp : HalfCosine(1, 0, (done - WarmUp) / (1 - WarmUp));
    }

    /// <summary>Up from a 25th and down to almost nothing, both along half a cosine (Smith 2018, with PyTorch's numbers; the momentum stays). The best for short runs.</summary>
    public sealed record OneCycle : LearningRateSchedule
    {
        private const double Start = 1.0 / 25, End = Start * 1e-4;

        /// <summary>The share of the run at which the rate is greatest. Default: 0.3.</summary>
        public double Peak { get; init; } = 0.3;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) =>
            done < Peak ? HalfCosine(Start, 1, done / Peak) : HalfCosine(1, End, (done - Peak) / (1 - Peak));
    }
}
