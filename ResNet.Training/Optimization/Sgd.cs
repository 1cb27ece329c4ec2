using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Stochastic gradient descent with momentum and weight decay as PyTorch defines it: g += decay * w; v = momentum * v + g; w -= rate * v.
/// </summary>
internal sealed class Sgd : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly Scalar _momentum, _weightDecay;

    public Sgd(FlatParameters parameters, double momentum, double weightDecay)
    {
        (_parameters, _momentum, _weightDecay) = (parameters, momentum.ToScalar(), weightDecay.ToScalar());
        Velocity = zeros_like(parameters.Weights);
    }

    /// <summary>[count] the momentum's memory.</summary>
    public Tensor Velocity { get; }

    /// <summary>Makes one step and clears the gradients.</summary>
    public void Step(double learningRate)
    {
        using var _ = no_grad();
        using var back = (-learningRate).ToScalar();
        var (weights, gradients) = (_parameters.Weights, _parameters.Gradients);
        gradients.add_(weights, alpha: _weightDecay);
        Velocity.mul_(_momentum).add_(gradients, Scalars.One);
        weights.add_(Velocity, alpha: back);
        gradients.zero_();
    }

    public void Dispose()
    {
        Velocity.Dispose();
        _momentum.Dispose();
        _weightDecay.Dispose();
    }
}
