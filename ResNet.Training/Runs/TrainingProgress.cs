using static System.FormattableString;

namespace ResNet.Training;

/// <summary>How far a training run is. Reported a few times a second from the training thread.</summary>
public sealed record TrainingProgress
{
    /// <summary>What the run is doing.</summary>
    public TrainingPhase Phase { get; init; }

    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; init; }

    /// <summary>The number of epochs.</summary>
    public int Epochs { get; init; }

    /// <summary>Batches of this phase that are done.</summary>
    public int Batch { get; init; }

    /// <summary>Batches of this phase.</summary>
    public int Batches { get; init; }

    /// <summary>
    /// What the run is doing, and how far that is, in a few words: "features 3 of 20", "epoch 2 of 15".
    /// </summary>
    public string Activity => Phase switch
    {
        TrainingPhase.Validating => "validating",
        TrainingPhase.ComputingMean => Invariant($"mean image {Batch} of {Batches}"),
        TrainingPhase.Featurizing => Invariant($"features {Batch} of {Batches}"),
        TrainingPhase.TrainingHead => Invariant($"new head {Batch} of {Batches}"),
        TrainingPhase.TryingFolds => Invariant($"trying on folds {Batch} of {Batches}"),
        _ => Invariant($"epoch {Epoch} of {Epochs}"),
    };

    /// <summary>
    /// The share of the whole run that is done, 0 to 1, by what its parts roughly cost; head and folds count, too. A run whose folds decide
    /// against fine-tuning ends early.
    /// </summary>
    public double Fraction { get; init; }

    /// <summary>Mean loss of this phase's images so far, in nats (<see cref="TrainingRecipe.Loss"/>).</summary>
    public double Loss { get; init; }

    /// <summary>
    /// Share of this phase's images so far that were predicted correctly, 0 to 1. For training images: as varied, before the step that
    /// trains on them. Of several labels an image: of those of which just the right labels have probabilities above one half.
    /// </summary>
    public double Accuracy { get; init; }

    /// <summary>Images a second in this phase.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Bytes of the GPU's memory that are in use, by all processes; null on a CPU.</summary>
    public long? DeviceMemory { get; init; }

    /// <summary>The time that the run will still take, at the pace so far.</summary>
    public TimeSpan Remaining { get; init; }

    /// <summary>The epoch that this report completes; null for all other reports.</summary>
    public EpochMetrics? Completed { get; init; }

    /// <summary>Something that the user should know, such as a file that could not be read; null for most reports.</summary>
    public string? Message { get; init; }
}
