using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The average of the weights that fine-tuning started with and those that it reached: often more accurate than either, and never far from
/// the start (WiSE-FT; Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
/// </summary>
internal sealed class StartAverage(FlatParameters parameters) : IDisposable
{
    private Tensor? _trained, _trainedStatistics;

    /// <summary>[count] the weights at the start.</summary>
    public Tensor Start { get; } = parameters.Weights.clone();

    /// <summary>The statistics of batch norm at the start.</summary>
    public Tensor StartStatistics { get; } = parameters.Statistics.clone();

    /// <summary>The share of the trained weights, 0 to 1.</summary>
    public double TrainedShare { get; set; } = 1;

    /// <summary>Begins with the weights as they are.</summary>
    public void Restart()
    {
        using var _ = no_grad();
        Start.copy_(parameters.Weights);
        StartStatistics.copy_(parameters.Statistics);
    }

    /// <summary>Puts the average in the place of the network's weights, or these back in its place.</summary>
    public void Exchange()
    {
        using var _ = no_grad();
        if (_trained is null)
        {
            _trained = Average(parameters.Weights, Start);
            _trainedStatistics = Average(parameters.Statistics, StartStatistics);
        }
        else
        {
            PutBack(parameters.Weights, ref _trained);
            PutBack(parameters.Statistics, ref _trainedStatistics);
        }
    }

    public void Dispose()
    {
        Start.Dispose();
        StartStatistics.Dispose();
        _trained?.Dispose();
        _trainedStatistics?.Dispose();
    }

    private static void PutBack(Tensor values, ref Tensor? trained)
    {
        values.copy_(trained!);
        trained!.Dispose();
        trained = null;
    }

    /// <summary>Puts the average in the place of values, and gives a copy of these.</summary>
    private Tensor Average(Tensor values, Tensor start)
    {
        var trained = values.clone().DetachFromDisposeScope();
        using var share = TrainedShare.ToScalar();
        using var rest = (1 - TrainedShare).ToScalar();
        // Of training that diverged nothing is left: 0 times infinity would be.
        if (TrainedShare == 0) values.copy_(start);
        else values.mul_(share).add_(start, alpha: rest);
        return trained;
    }
}
