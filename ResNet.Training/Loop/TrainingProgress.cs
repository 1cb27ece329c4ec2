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

/// <summary>The figures of one epoch. Epoch 0 is the new head of a network that has learned something else, trained alone.</summary>
public sealed record EpochMetrics
{
    /// <summary>The epoch, from 1; 0 for the head alone.</summary>
    public int Epoch { get; init; }

    /// <summary>The learning rate of its last step.</summary>
    public double LearningRate { get; init; }

    /// <summary>Mean loss of the training images, each before the step that learned from it.</summary>
    public double TrainingLoss { get; init; }

    /// <summary>Share of the training images, as varied, whose class was the best guess, 0 to 1.</summary>
    public double TrainingAccuracy { get; init; }

    /// <summary>Mean loss of the validation images; null without any.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Share of the validation images whose class was the best guess, 0 to 1; null without any.</summary>
    public double? Top1 { get; init; }

    /// <summary>Share of the validation images whose class was among the five best guesses, 0 to 1; null without any.</summary>
    public double? Top5 { get; init; }

    /// <summary>Training images a second.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Bytes of the GPU's memory in use at its end, by all processes; since libtorch keeps what it took, about the most that was needed. Null on a CPU.</summary>
    public long? DeviceMemory { get; init; }

    /// <summary>Time since the run began, in seconds, resumed parts added up.</summary>
    public double Seconds { get; init; }

    /// <summary>The best epoch: the most right guesses on the validation images, then the least loss, then the first. Null without validation.</summary>
    internal static EpochMetrics? Best(IEnumerable<EpochMetrics> history) =>
        history.Where(epoch => epoch.Top1 is not null).OrderByDescending(epoch => epoch.Top1).ThenBy(epoch => epoch.ValidationLoss).FirstOrDefault();
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
