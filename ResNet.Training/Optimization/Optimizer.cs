using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>How gradients become steps. Learning rate and weight decay are the recipe's.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Sgd), "sgd")]
[JsonDerivedType(typeof(AdamW), "adamW")]
public abstract record Optimizer
{
    internal abstract OptimizerState Start(FlatParameters parameters, double weightDecay);

    /// <summary>
    /// Stochastic gradient descent with momentum and weight decay as PyTorch defines it: g += decay * w; v = momentum * v + g; w -= rate * v, or, with Nesterov,
    /// w -= rate * (g + momentum * v).
    /// </summary>
    public sealed record Sgd : Optimizer
    {
        /// <summary>How much of the last step's direction stays: 0 up to 1; default 0.9 (He et al. 2015, section 3.4).</summary>
        public double Momentum { get; init => field = Guard.Share(value); } = 0.9;

        /// <summary>Whether the gradient is looked at where the momentum leads (Nesterov). Default: false, as in the paper.</summary>
        public bool Nesterov { get; init; }

        internal override OptimizerState Start(FlatParameters parameters, double weightDecay) => new State(this, parameters, weightDecay);

        private sealed class State : OptimizerState
        {
            private readonly bool _nesterov;
            private readonly Tensor _velocity;
            private readonly Scalar _momentum, _weightDecay;

            public State(Sgd sgd, FlatParameters parameters, double weightDecay)
                : base(parameters, "momentum_buffer")
            {
                (_nesterov, _velocity) = (sgd.Nesterov, Memory[0].Values);
                (_momentum, _weightDecay) = (Keep(sgd.Momentum), Keep(weightDecay));
            }

            protected override void Step(ParameterGroup group, double learningRate, long number)
            {
                using var back = (-learningRate).ToScalar();
                var (weights, gradients, velocity) = (Part(Parameters.Weights, group), Part(Parameters.Gradients, group), Part(_velocity, group));
                if (group.Decays) gradients.add_(weights, alpha: _weightDecay);
                velocity.mul_(_momentum).add_(gradients, Scalars.One);
                if (_nesterov) gradients.add_(velocity, alpha: _momentum);
                weights.add_(_nesterov ? gradients : velocity, alpha: back);
            }
        }
    }

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch defines it.</summary>
    public sealed record AdamW : Optimizer
    {
        /// <summary>How much of the mean gradient stays: 0 up to 1; default 0.9.</summary>
        public double Beta1 { get; init => field = Guard.Share(value); } = 0.9;

        /// <summary>How much of the mean squared gradient stays: 0 up to 1; default 0.999.</summary>
        public double Beta2 { get; init => field = Guard.Share(value); } = 0.999;

        /// <summary>Is added to the divisor: above 0; default 1e-8.</summary>
        public double Epsilon { get; init => field = Guard.Above(value, 0); } = 1e-8;

        internal override OptimizerState Start(FlatParameters parameters, double weightDecay) => new State(this, parameters, weightDecay);

        private sealed class State : OptimizerState
        {
            private readonly AdamW _options;
            private readonly double _weightDecay;
            private readonly Tensor _mean, _square;
            private readonly Scalar _beta1, _rest1, _beta2, _rest2, _epsilon;

            public State(AdamW options, FlatParameters parameters, double weightDecay)
                : base(parameters, "exp_avg", "exp_avg_sq")
            {
                (_options, _weightDecay, _mean, _square) = (options, weightDecay, Memory[0].Values, Memory[1].Values);
                (_beta1, _rest1, _beta2, _rest2, _epsilon) = (Keep(options.Beta1), Keep(1 - options.Beta1), Keep(options.Beta2), Keep(1 - options.Beta2), Keep(options.Epsilon));
            }

            protected override void Step(ParameterGroup group, double learningRate, long number)
            {
                using var scope = NewDisposeScope();
                using var keep = (1 - learningRate * _weightDecay).ToScalar();
                using var correction = (1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, number))).ToScalar();
                using var back = (-learningRate / (1 - Math.Pow(_options.Beta1, number))).ToScalar();
                var (weights, gradients, mean, square) = (Part(Parameters.Weights, group), Part(Parameters.Gradients, group), Part(_mean, group), Part(_square, group));
                if (group.Decays) weights.mul_(keep);
                mean.mul_(_beta1).add_(gradients, alpha: _rest1);
                square.mul_(_beta2).addcmul_(gradients, gradients, _rest2);
                weights.addcdiv_(mean, square.sqrt().mul_(correction).add_(_epsilon, Scalars.One), back);
            }
        }
    }
}

/// <summary>What an optimizer remembers from step to step, over the flat vectors.</summary>
internal abstract class OptimizerState : IDisposable
{
    private readonly List<Scalar> _scalars = [];

    protected OptimizerState(FlatParameters parameters, params string[] memory)
    {
        Parameters = parameters;
        Memory = [.. memory.Select(name => (name, zeros_like(parameters.Weights)))];
    }

    /// <summary>What has to be in a checkpoint: vectors that lie as the parameters do.</summary>
    public IReadOnlyList<(string Name, Tensor Values)> Memory { get; }

    protected FlatParameters Parameters { get; }

    /// <summary>Makes one step and clears the gradients.</summary>
    /// <param name="number">The number of this step in the run, from 1.</param>
    /// <param name="rateOf">The learning rate of a group; 0 leaves its parameters as they are.</param>
    /// <param name="stepsBefore">The steps before a group began to learn; null for none.</param>
    public void Step(long number, Func<ParameterGroup, double> rateOf, Func<ParameterGroup, long>? stepsBefore = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var group in Parameters.Groups)
        {
            if (rateOf(group) is > 0 and var rate) Step(group, rate, number - (stepsBefore?.Invoke(group) ?? 0));
        }

        Parameters.Gradients.zero_();
    }

    public void Dispose()
    {
        foreach (var (_, values) in Memory) values.Dispose();
        foreach (var scalar in _scalars) scalar.Dispose();
    }

    protected abstract void Step(ParameterGroup group, double learningRate, long number);

    protected static Tensor Part(Tensor vector, ParameterGroup group) => vector.narrow(0, group.Start, group.Count);

    /// <summary>A number that lives as long as this.</summary>
    protected Scalar Keep(double value)
    {
        var scalar = value.ToScalar();
        _scalars.Add(scalar);
        return scalar;
    }
}
