using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The average of the weights that fine-tuning started with and those that it reached: often more accurate than either, and never far from
/// the start (WiSE-FT; Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
/// </summary>
internal sealed class StartAverage(FlatParameters parameters) : IDisposable
{
    private Tensor? _trained;

    /// <summary>[count] the weights at the start.</summary>
    public Tensor Start { get; } = parameters.Weights.clone();

    /// <summary>The share of the trained weights, 0 to 1.</summary>
    public double TrainedShare { get; set; } = 1;

    /// <summary>Begins with the weights as they are.</summary>
    public void Restart()
    {
        using var _ = no_grad();
        Start.copy_(parameters.Weights);
    }

    /// <summary>Puts the average in the place of the network's weights, or these back in its place.</summary>
    public void Exchange()
    {
        using var _ = no_grad();
        if (_trained is null)
        {
            _trained = parameters.Weights.clone().DetachFromDisposeScope();
            using var share = TrainedShare.ToScalar();
            using var rest = (1 - TrainedShare).ToScalar();
            parameters.Weights.mul_(share).add_(Start, alpha: rest);
        }
        else
        {
            parameters.Weights.copy_(_trained);
            _trained.Dispose();
            _trained = null;
        }
    }

    public void Dispose()
    {
        Start.Dispose();
        _trained?.Dispose();
    }
}
