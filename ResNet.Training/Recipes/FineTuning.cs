using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>
/// How a trained network is fine-tuned for new classes: first a new head on the features of the frozen network; then, if folds of the
/// training images show that it helps, the stages, at learning rates that fall towards the first; and in the end an average with the
/// network that it started from.
/// </summary>
public sealed record FineTuning
{
    /// <summary>
    /// How many random crops of each image a new head learns from, besides the center: 0 to 100, default 10. Their features are computed
    /// once, which is most of the head's time; whether they help is decided by cross-validation (they do for photographs).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    public int HeadCrops { get; init => field = (int)Guard.InRange(value, 0, 100); } = 10;

    /// <summary>
    /// Whether a new head learns from mirror images, too. Default: true. Off for letters, road signs and the like.
    /// </summary>
    public bool HeadMirrors { get; init; } = true;

    /// <summary>
    /// The learning rate of the classifier as a share of the last stage's, 0 to 1. Default: 0, a head that was fitted to the features stays
    /// as it is, and the stages learn to fit it: in the project's experiments (docs/transfer-learning.md) that was best. A head that is not
    /// new needs more than 0 to learn.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    [JsonPropertyName("headRate")]
    public double HeadLearningRateFactor { get; init => field = Guard.InRange(value, 0, 1); }

    /// <summary>Epochs from the release of one stage to that of the one before it, from 0: all are released at once. Default: 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int EpochsPerStage { get; init => field = Guard.AtLeast(value, 0); }

    /// <summary>The learning rate of a stage as a share of the next one's: above 0, up to 1. Default: 0.5.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    [JsonPropertyName("stageRate")]
    public double StageLearningRateFactor { get; init => field = UpToOne(value); } = 0.5;

    /// <summary>
    /// Whether batch norm keeps the statistics that it came with (default), which is right for small batches and for images of the kind
    /// that it was trained on. Off, the stages that are trained use the statistics of their batches, and follow them.
    /// </summary>
    public bool KeepStatistics { get; init; } = true;

    /// <summary>
    /// The share of the trained weights in the network that a run gives, 0 to 1; the rest is the network that it started from with its new
    /// head (WiSE-FT; Wortsman et al. 2022). Null (default): folds of the training images decide, and 0, the new head alone, is among what
    /// they choose from. A network that had these classes already is trained as it is, as with 1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    public double? TrainedShare { get; init => field = value is null ? null : Guard.InRange(value.Value, 0, 1); }

    private static double UpToOne(double value, [CallerMemberName] string name = "") =>
        value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be above 0 and at most 1.");
}
