namespace ResNet.Training;

/// <summary>
/// Where a run stands, so that it can go on from here. What is random is a function of the position, so that no random states are needed.
/// The properties are the JSON of a checkpoint's metadata.
/// </summary>
internal sealed record TrainingState
{
    /// <summary>The epoch, from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>The next batch of the epoch.</summary>
    public int Batch { get; init; }

    /// <summary>The sum of the losses of the epoch's images so far.</summary>
    public double LossSum { get; init; }

    /// <summary>The correct predictions of the epoch so far.</summary>
    public long Correct { get; init; }

    /// <summary>The images of the epoch so far.</summary>
    public long Seen { get; init; }

    /// <summary>Time spent on the run so far, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Time spent on the steps of the epoch so far, in seconds.</summary>
    public double EpochSeconds { get; init; }

    /// <summary>The share of the trained weights in the network that the run gives; 0 if it keeps the new head alone.</summary>
    public double TrainedShare { get; init; } = 1;

    /// <summary>What decided <see cref="TrainedShare"/>, in a sentence; null if nothing had to.</summary>
    public string? Decision { get; init; }

    /// <summary>
    /// What the new head's fitting chose, while folds have still to decide about <see cref="TrainedShare"/>; null if they need not.
    /// </summary>
    public HeadFit? Undecided { get; init; }

    /// <summary>The mean features of the classes while the head alone is trained (<see cref="Training.ClassMeans"/>).</summary>
    public string? ClassMeans { get; init; }

    /// <summary>The figures of the epochs that are complete.</summary>
    public IReadOnlyList<EpochMetrics> History { get; init; } = [];

    /// <summary>The mean loss of the epoch's images so far.</summary>
    public double MeanLoss() => LossSum / Math.Max(1, Seen);

    /// <summary>The share of correct predictions of the epoch so far.</summary>
    public double Accuracy() => (double)Correct / Math.Max(1, Seen);

    /// <summary>The images a second of the epoch so far.</summary>
    public double ImagesPerSecond() => Seen / EpochSeconds;

    /// <summary>
    /// The steps before the next one; batches without readable images count, so that a step has the same number whatever happened before.
    /// </summary>
    public long StepsDone(int batchesPerEpoch) => Epoch * (long)batchesPerEpoch + Batch;

    /// <summary>Whether so many epochs have passed since the best one; never without a patience.</summary>
    public bool HasStalled(int? patience) =>
        patience is { } epochs && EpochMetrics.Best(History) is { } best && Epoch - best.Epoch >= epochs;

    /// <summary>The figures of the epoch, now that it is complete.</summary>
    /// <param name="validation">Those of the validation images; null without any.</param>
    /// <param name="learningRate">The learning rate of the last step.</param>
    /// <param name="progress">Knows time and memory.</param>
    public EpochMetrics Figures(Evaluation? validation, double learningRate, RunProgress progress)
    {
        var epoch = new EpochMetrics
        {
            Epoch = Epoch + 1,
            LearningRate = learningRate,
            TrainingLoss = MeanLoss(),
            TrainingAccuracy = Accuracy(),
            ImagesPerSecond = ImagesPerSecond(),
            DeviceMemory = progress.DeviceMemory,
            Seconds = progress.Seconds,
        };
        return validation?.AddTo(epoch) ?? epoch;
    }

    /// <summary>The state at the beginning of the epoch after one that is complete.</summary>
    public TrainingState After(EpochMetrics completed) => new()
    {
        Epoch = completed.Epoch,
        Seconds = completed.Seconds,
        TrainedShare = TrainedShare,
        Decision = Decision,
        Undecided = Undecided,
        ClassMeans = ClassMeans,
        History = [.. History, completed],
    };
}
