using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Adds up <see cref="ClassificationMetrics"/> on the device, without waiting for it.</summary>
internal sealed class MetricsAccumulator : IDisposable
{
    private readonly int _classes;
    private readonly LossFunction _function;
    private readonly Scalar _classesScalar;
    private readonly Tensor _loss, _top1, _top5, _confusion;
    private int _count;

    public MetricsAccumulator(int classes, LossFunction function, Device device)
    {
        (_classes, _classesScalar) = (classes, classes.ToScalar());
        _function = function;
        _loss = zeros(1, float64, device);
        _top1 = zeros(1, int64, device);
        _top5 = zeros(1, int64, device);
        _confusion = zeros((long)classes * classes, int64, device);
    }

    /// <param name="logits">[batch, classes] float32.</param>
    /// <param name="targets">[batch] int64.</param>
    public void Add(Tensor logits, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var best = logits.topk(Math.Min(5, _classes), dim: 1).indexes;
        var hits = best.eq(targets.unsqueeze(1));
        _loss.add_(TrainingLoss.PlainSum(logits, targets, _function), Scalars.One);
        _top1.add_(hits.narrow(1, 0, 1).sum(), Scalars.One);
        _top5.add_(hits.sum(), Scalars.One);
        var cells = targets.mul(_classesScalar).add_(best.select(1, 0), Scalars.One);
        _confusion.add_(cells.bincount(null, (long)_classes * _classes), Scalars.One);
        _count += (int)targets.shape[0];
    }

    /// <summary>The figures so far. Waits for the device.</summary>
    public ClassificationMetrics Read()
    {
        using var table = _confusion.cpu();
        var counts = table.data<long>().ToArray();
        var confusion = new int[_classes, _classes];
        for (var i = 0; i < counts.Length; i++) confusion[i / _classes, i % _classes] = (int)counts[i];
        var images = Math.Max(1.0, _count);
        return new(_count, _loss.item<double>() / images, _top1.item<long>() / images, _top5.item<long>() / images, confusion);
    }

    public void Dispose()
    {
        _classesScalar.Dispose();
        _loss.Dispose();
        _top1.Dispose();
        _top5.Dispose();
        _confusion.Dispose();
    }
}
