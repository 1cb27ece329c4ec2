using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>
/// How a network that has learned something else is taught new classes: first a new head on the features of the frozen network, then the stages, from the last to the
/// first, at rates that fall towards the first.
/// </summary>
public sealed record FineTuning
{
    /// <summary>How often the head sees the features of every image before the rest is touched, from 0. It takes seconds, since features are computed once. Default: 100.</summary>
    public int HeadEpochs { get; init => field = Guard.AtLeast(value, 0); } = 100;

    /// <summary>Epochs from the release of one stage to that of the one before it, from 0: all are released at once. Default: 1.</summary>
    public int EpochsPerStage { get; init => field = Guard.AtLeast(value, 0); } = 1;

    /// <summary>The rate of a stage as a share of the next one's: above 0 to 1. Default: 0.5.</summary>
    [JsonPropertyName("stageRate")]
    public double StageLearningRateFactor { get; init => field = Guard.Above(value, 0); } = 0.5;

    /// <summary>
    /// Whether batch norm keeps the statistics that it came with (default), which is right for small batches and for images of the kind that it has seen. Off, the stages that learn
    /// use and follow the batches' own.
    /// </summary>
    public bool KeepStatistics { get; init; } = true;

    /// <summary>The learning rate of a part of a network as a share of the head's.</summary>
    internal double ShareOf(int stage, ResNetArchitecture architecture) => Math.Pow(StageLearningRateFactor, architecture.StageBlocks.Count + 1 - stage);
}
