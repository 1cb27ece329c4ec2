namespace ResNet.Training;

/// <summary>What a run is doing.</summary>
public enum TrainingPhase
{
    /// <summary>Learning from the training images.</summary>
    Training,

    /// <summary>Being judged by the validation images.</summary>
    Validating,

    /// <summary>Computing the frozen network's features of the training images, for the head.</summary>
    Featurizing,

    /// <summary>Teaching the new head on these features; batches are then the head's epochs.</summary>
    TrainingHead,
}

/// <summary>How far a training run is. Reported a few times a second from the training thread.</summary>
public sealed record TrainingProgress
{
    /// <summary>What is being done.</summary>
    public TrainingPhase Phase { get; init; }

    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; init; }

    /// <summary>The number of epochs.</summary>
    public int Epochs { get; init; }

    /// <summary>Batches of this phase that are done.</summary>
    public int Batch { get; init; }

    /// <summary>Batches of this phase.</summary>
    public int Batches { get; init; }

    /// <summary>The share of the whole run that is done, 0 to 1.</summary>
    public double Done { get; init; }

    /// <summary>Mean loss of this phase's images so far (cross-entropy, nats).</summary>
    public double Loss { get; init; }

    /// <summary>Share of this phase's images so far whose class was the best guess, 0 to 1. For training images: before the step that learns from them, as varied.</summary>
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

/// <summary>What a run gave.</summary>
/// <param name="ModelFile">The model file.</param>
/// <param name="History">The figures of every epoch.</param>
/// <param name="Kept">The epoch whose network is in the model file (<see cref="TrainingRecipe.Keep"/>).</param>
/// <param name="Validation">The figures of that network on the validation images; null without any.</param>
/// <param name="Elapsed">How long it took, resumed parts added up.</param>
public sealed record TrainingResult(string ModelFile, IReadOnlyList<EpochMetrics> History, EpochMetrics Kept, ClassificationMetrics? Validation, TimeSpan Elapsed);

/// <summary>The loss is no number any more; the message says what to try.</summary>
public sealed class TrainingDivergedException(string message) : Exception(message);
