using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>How often a network is right.</summary>
/// <param name="Count">The number of images.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Top1">Share of the images whose class was the best guess, 0 to 1.</param>
/// <param name="Top5">Share of the images whose class was among the five best guesses (among all, if there are fewer classes), 0 to 1.</param>
/// <param name="Confusion">[true class, best guess] numbers of images.</param>
public sealed record ClassificationMetrics(int Count, double Loss, double Top1, double Top5, int[,] Confusion)
{
    /// <summary>The figures of each class, in the order of the classes' numbers.</summary>
    public IReadOnlyList<ClassMetrics> PerClass()
    {
        var classes = Confusion.GetLength(0);
        var (support, guessed) = (new int[classes], new int[classes]);
        for (var actual = 0; actual < classes; actual++)
        {
            for (var guess = 0; guess < classes; guess++)
            {
                support[actual] += Confusion[actual, guess];
                guessed[guess] += Confusion[actual, guess];
            }
        }

        return [.. Enumerable.Range(0, classes).Select(each => new ClassMetrics(each, support[each], guessed[each], Confusion[each, each]))];
    }
}

/// <summary>How well a network tells one class from the others.</summary>
/// <param name="Class">The number of the class.</param>
/// <param name="Support">The images of the class.</param>
/// <param name="Guessed">The images that were taken for the class, rightly or not.</param>
/// <param name="Right">The images of the class that were taken for it.</param>
public sealed record ClassMetrics(int Class, int Support, int Guessed, int Right)
{
    /// <summary>Share of the images taken for the class that are of it, 0 to 1; null if there are none.</summary>
    public double? Precision => Share(Right, Guessed);

    /// <summary>Share of the images of the class that were taken for it, 0 to 1; null if there are none.</summary>
    public double? Recall => Share(Right, Support);

    /// <summary>The harmonic mean of precision and recall, 0 to 1; null if the class neither occurs nor was guessed.</summary>
    public double? F1 => Share(2 * Right, Support + Guessed);

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
}

/// <summary>Adds up <see cref="ClassificationMetrics"/> on the device, without waiting for it.</summary>
internal sealed class MetricsAccumulator : IDisposable
{
    private readonly int _classes;
    private readonly Scalar _classesScalar;
    private readonly Tensor _loss, _top1, _top5, _confusion;
    private int _count;

    public MetricsAccumulator(int classes, Device device)
    {
        (_classes, _classesScalar) = (classes, classes.ToScalar());
        (_loss, _top1, _top5) = (zeros(1, float64, device), zeros(1, int64, device), zeros(1, int64, device));
        _confusion = zeros((long)classes * classes, int64, device);
    }

    /// <param name="logits">[batch, classes] float32.</param>
    /// <param name="targets">[batch] int64.</param>
    public void Add(Tensor logits, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var best = logits.topk(Math.Min(5, _classes), dim: 1).indexes;
        var hits = best.eq(targets.unsqueeze(1));
        _loss.add_(nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum), Scalars.One);
        _top1.add_(hits.narrow(1, 0, 1).sum(), Scalars.One);
        _top5.add_(hits.sum(), Scalars.One);
        _confusion.add_(targets.mul(_classesScalar).add_(best.select(1, 0), Scalars.One).bincount(null, (long)_classes * _classes), Scalars.One);
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
