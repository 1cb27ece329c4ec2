using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Adds up the figures of a network on images, batch by batch.</summary>
internal abstract class MetricsAccumulator : IDisposable
{
    private readonly LossFunction _function;
    private readonly Tensor _loss, _correct;

    private protected MetricsAccumulator(LossFunction function, Device device)
    {
        _function = function;
        (_loss, _correct) = (zeros(1, float64, device), zeros(1, int64, device));
    }

    /// <summary>The number of images so far.</summary>
    public int Count { get; private set; }

    /// <summary>The mean loss so far. Waits for the device.</summary>
    public double Loss => _loss.item<double>() / Math.Max(1.0, Count);

    /// <summary>The share of correct predictions so far (<see cref="TrainingLoss.CountCorrect"/>), 0 to 1. Waits for the device.</summary>
    public double Accuracy => _correct.item<long>() / Math.Max(1.0, Count);

    /// <summary>Makes the one for a kind of labels.</summary>
    /// <param name="images">What is measured with.</param>
    /// <param name="function">The loss.</param>
    /// <param name="device">Where the network computes.</param>
    public static MetricsAccumulator For(ImageDataset images, LossFunction function, Device device) => images.IsMultiLabel
        ? new LabelAccumulator(images.Labels.Count, device)
        : new ClassAccumulator(images.Labels.Count, function, device);

    /// <summary>Adds a batch.</summary>
    /// <param name="logits">[batch, classes] float32.</param>
    /// <param name="targets">[batch] int64, or [batch, classes] float32.</param>
    public void Add(Tensor logits, Tensor targets)
    {
        using var scope = NewDisposeScope();
        _loss.add_(TrainingLoss.PlainSum(logits, targets, _function), Scalars.One);
        _correct.add_(TrainingLoss.CountCorrect(logits, targets), Scalars.One);
        Count += (int)targets.shape[0];
        AddScores(logits, targets);
    }

    /// <summary>The figures so far. Waits for the device.</summary>
    public abstract Evaluation Read();

    public virtual void Dispose()
    {
        _loss.Dispose();
        _correct.Dispose();
    }

    /// <summary>Adds what the kind needs, in the caller's dispose scope.</summary>
    private protected abstract void AddScores(Tensor logits, Tensor targets);
}
