using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// An exponential moving average of weights and batch norm's statistics (Polyak averaging). At first it follows quickly: in step t no
/// more than (1 + t) / (10 + t) of it stays.
/// </summary>
internal sealed class ExponentialMovingAverage(FlatParameters parameters, double decay) : IDisposable
{
    /// <summary>[count] the averaged parameters.</summary>
    public Tensor Weights { get; } = parameters.Weights.clone();

    /// <summary>The averaged statistics.</summary>
    public Tensor Statistics { get; } = parameters.Statistics.clone();

    /// <summary>Begins with the weights as they are.</summary>
    public void Restart()
    {
        using var _ = no_grad();
        Weights.copy_(parameters.Weights);
        Statistics.copy_(parameters.Statistics);
    }

    /// <summary>Takes in the weights after a step.</summary>
    /// <param name="number">The number of the step in the run, from 1.</param>
    public void Update(long number)
    {
        using var _ = no_grad();
        var stays = Math.Min(decay, (1.0 + number) / (10.0 + number));
        using var keep = stays.ToScalar();
        using var take = (1 - stays).ToScalar();
        Weights.mul_(keep).add_(parameters.Weights, alpha: take);
        Statistics.mul_(keep).add_(parameters.Statistics, alpha: take);
    }

    /// <summary>Exchanges the network's weights and the average; done twice it changes nothing.</summary>
    public void Exchange()
    {
        using var _ = no_grad();
        Exchange(Weights, parameters.Weights);
        Exchange(Statistics, parameters.Statistics);
    }

    public void Dispose()
    {
        Weights.Dispose();
        Statistics.Dispose();
    }

    private static void Exchange(Tensor left, Tensor right)
    {
        using var kept = left.clone();
        left.copy_(right);
        right.copy_(kept);
    }
}
