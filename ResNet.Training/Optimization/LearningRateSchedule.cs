using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>
/// How the learning rate changes during a run: a factor of the recipe's rate, by the share of the run that is done and what the epochs so
/// far gave.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Constant), "constant")]
[JsonDerivedType(typeof(Steps), "steps")]
[JsonDerivedType(typeof(Plateau), "plateau")]
[JsonDerivedType(typeof(Cosine), "cosine")]
[JsonDerivedType(typeof(OneCycle), "oneCycle")]
public abstract record LearningRateSchedule
{
    /// <summary>The factor at a point of the run.</summary>
    /// <param name="done">The share of all steps that are done: 0 to 1.</param>
    /// <param name="history">The figures of the epochs that are complete.</param>
    public abstract double FactorAt(double done, IReadOnlyList<EpochMetrics> history);

    private static double HalfCosine(double from, double to, double share) =>
        to + (from - to) * (1 + Math.Cos(Math.PI * Math.Clamp(share, 0, 1))) / 2;

    /// <summary>The recipe's rate throughout.</summary>
    public sealed record Constant : LearningRateSchedule
    {
        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) => 1;
    }

    /// <summary>
    /// The rate is multiplied by a factor at some points (He et al. 2015, section 4.2: by 0.1 at 32,000 and 48,000 of 64,000 steps).
    /// </summary>
    public sealed record Steps : LearningRateSchedule
    {
        /// <summary>The points, as shares of the run: rising, 0 to 1. Default: the paper's, 0.5 and 0.75.</summary>
        /// <exception cref="ArgumentException">The value is null, a point is out of that range, or they do not rise.</exception>
        public IReadOnlyList<double> At { get; init => field = Checked(value); } = [0.5, 0.75];

        /// <summary>The factor: above 0. Default: 0.1.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
        public double Factor { get; init => field = Guard.Above(value, 0); } = 0.1;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) =>
            Math.Pow(Factor, At.Count(point => done >= point));

        private static IReadOnlyList<double> Checked(IReadOnlyList<double> points)
        {
            Guard.NotNull(points, nameof(At));
            foreach (var point in points) Guard.InRange(point, 0, 1, nameof(At));
            if (points.Zip(points.Skip(1), (first, second) => first < second).Contains(false))
                throw new ArgumentException($"{nameof(At)} must rise from point to point, but is {string.Join(", ", points)}.");
            return points;
        }
    }

    /// <summary>
    /// The rate is multiplied by a factor when the loss has not fallen for some epochs (He et al. 2015, section 3.4: "divided by 10 when
    /// the error plateaus"): the validation images' loss, without any the training images'.
    /// </summary>
    public sealed record Plateau : LearningRateSchedule
    {
        /// <summary>The factor: above 0. Default: 0.1.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
        public double Factor { get; init => field = Guard.Above(value, 0); } = 0.1;

        /// <summary>Epochs that may pass without progress, from 1. Default: 5.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
        public int Patience { get; init => field = Guard.AtLeast(value, 1); } = 5;

        /// <summary>Progress is a loss below this share of the best so far: 0 to 1. Default: 0.999.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double Threshold { get; init => field = Guard.InRange(value, 0, 1); } = 0.999;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history)
        {
            ArgumentNullException.ThrowIfNull(history);
            var best = double.PositiveInfinity;
            int epochsWithout = 0, drops = 0;
            foreach (var epoch in history.Where(epoch => epoch.Epoch > 0))
            {
                var loss = epoch.ValidationLoss ?? epoch.TrainingLoss;
                if (loss < best * Threshold)
                {
                    best = loss;
                    epochsWithout = 0;
                }
                else if (++epochsWithout > Patience)
                {
                    epochsWithout = 0;
                    drops++;
                }
            }

            return Math.Pow(Factor, drops);
        }
    }

    /// <summary>A linear warm-up, then half a cosine down to 0 (Loshchilov and Hutter 2016).</summary>
    public sealed record Cosine : LearningRateSchedule
    {
        /// <summary>The share of the run in which the rate rises: 0 or more and less than 1. Default: 0.05.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double WarmUp { get; init => field = Guard.Share(value); } = 0.05;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) =>
            done < WarmUp ? Math.Max(done, 0.01 * WarmUp) / WarmUp : HalfCosine(1, 0, (done - WarmUp) / (1 - WarmUp));
    }

    /// <summary>
    /// Up from a 25th and down to almost nothing, both along half a cosine (Smith 2018, with PyTorch's numbers; the momentum stays). The
    /// best for short runs.
    /// </summary>
    public sealed record OneCycle : LearningRateSchedule
    {
        private const double Start = 1.0 / 25, End = Start * 1e-4;

        /// <summary>The share of the run at which the rate is greatest: 0 or more and less than 1. Default: 0.3.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double Peak { get; init => field = Guard.Share(value); } = 0.3;

        /// <inheritdoc/>
        public override double FactorAt(double done, IReadOnlyList<EpochMetrics> history) =>
            done < Peak ? HalfCosine(Start, 1, done / Peak) : HalfCosine(1, End, (done - Peak) / (1 - Peak));
    }
}
