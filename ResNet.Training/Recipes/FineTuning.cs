using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>
/// How a trained network is fine-tuned for new classes: first a new head on the features of the frozen network, then the stages, from the
/// last to the first, at learning rates that fall towards the first.
/// </summary>
public sealed record FineTuning
{
    /// <summary>
    /// How often the head sees the features of every image before the rest is trained, from 0. It takes seconds, since features are
    /// computed once. Default: 100.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int HeadEpochs { get; init => field = Guard.AtLeast(value, 0); } = 100;

    /// <summary>Epochs from the release of one stage to that of the one before it, from 0: all are released at once. Default: 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int EpochsPerStage { get; init => field = Guard.AtLeast(value, 0); } = 1;

    /// <summary>The learning rate of a stage as a share of the next one's: above 0, up to 1. Default: 0.5.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    [JsonPropertyName("stageRate")]
    public double StageLearningRateFactor { get; init => field = UpToOne(value); } = 0.5;

    /// <summary>
    /// Whether batch norm keeps the statistics that it came with (default), which is right for small batches and for images of the kind
    /// that it was trained on. Off, the stages that are trained use the statistics of their batches, and follow them.
    /// </summary>
    public bool KeepStatistics { get; init; } = true;

    private static double UpToOne(double value, [CallerMemberName] string name = "") =>
        value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be above 0 and at most 1.");
}
