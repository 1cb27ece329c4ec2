using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Adds up <see cref="ClassificationMetrics"/> on the device, without waiting for it.</summary>
internal sealed class ClassAccumulator : MetricsAccumulator
{
    private readonly int _classes;
    private readonly Scalar _classesScalar;
    private readonly Tensor _top1, _top5, _confusion;

    public ClassAccumulator(int classes, LossFunction function, Device device)
        : base(function, device)
    {
        (_classes, _classesScalar) = (classes, classes.ToScalar());
        _top1 = zeros(1, int64, device);
        _top5 = zeros(1, int64, device);
        _confusion = zeros((long)classes * classes, int64, device);
    }

    public override Evaluation Read()
    {
        using var table = _confusion.cpu();
        var counts = table.data<long>().ToArray();
        var confusion = new int[_classes, _classes];
        for (var i = 0; i < counts.Length; i++) confusion[i / _classes, i % _classes] = (int)counts[i];
        var images = Math.Max(1.0, Count);
        double? top5 = _classes > 5 ? _top5.item<long>() / images : null;
        return new(new ClassificationMetrics(Count, Loss, _top1.item<long>() / images, top5, confusion), null);
    }

    public override void Dispose()
    {
        base.Dispose();
        _classesScalar.Dispose();
        _top1.Dispose();
        _top5.Dispose();
        _confusion.Dispose();
    }

    private protected override void AddScores(Tensor logits, Tensor targets)
    {
        var best = logits.topk(Math.Min(5, _classes), dim: 1).indexes;
        var hits = best.eq(targets.unsqueeze(1));
        _top1.add_(hits.narrow(1, 0, 1).sum(), Scalars.One);
        _top5.add_(hits.sum(), Scalars.One);
        var cells = targets.mul(_classesScalar).add_(best.select(1, 0), Scalars.One);
        _confusion.add_(cells.bincount(null, (long)_classes * _classes), Scalars.One);
    }
}
