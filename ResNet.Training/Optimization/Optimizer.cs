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
    /// <summary>Begins to optimize parameters.</summary>
    internal abstract OptimizerState Start(FlatParameters parameters, double weightDecay);

    /// <summary>
    /// Stochastic gradient descent with momentum and weight decay as PyTorch defines it: g += decay * w; v = momentum * v + g; w -= rate
    /// * v, or, with Nesterov, w -= rate * (g + momentum * v).
    /// </summary>
    public sealed record Sgd : Optimizer
    {
        /// <summary>
        /// How much of the last step's direction stays: 0 or more and less than 1; default 0.9 (He et al. 2015, section 3.4).
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double Momentum { get; init => field = Guard.Share(value); } = 0.9;

        /// <summary>
        /// Whether the gradient is taken at the point to which the momentum leads (Nesterov). Default: false, as in the paper.
        /// </summary>
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
                _nesterov = sgd.Nesterov;
                _velocity = Memory[0].Values;
                _momentum = Keep(sgd.Momentum);
                _weightDecay = Keep(weightDecay);
            }

            protected override void Step(ParameterGroup group, double learningRate, long number)
            {
                using var back = (-learningRate).ToScalar();
                var weights = Part(Parameters.Weights, group);
                var gradients = Part(Parameters.Gradients, group);
                var velocity = Part(_velocity, group);
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
        /// <summary>How much of the mean gradient stays: 0 or more and less than 1; default 0.9.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double Beta1 { get; init => field = Guard.Share(value); } = 0.9;

        /// <summary>How much of the mean squared gradient stays: 0 or more and less than 1; default 0.999.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double Beta2 { get; init => field = Guard.Share(value); } = 0.999;

        /// <summary>Is added to the divisor: above 0; default 1e-8.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
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
                _options = options;
                _weightDecay = weightDecay;
                _mean = Memory[0].Values;
                _square = Memory[1].Values;
                _beta1 = Keep(options.Beta1);
                _rest1 = Keep(1 - options.Beta1);
                _beta2 = Keep(options.Beta2);
                _rest2 = Keep(1 - options.Beta2);
                _epsilon = Keep(options.Epsilon);
            }

            protected override void Step(ParameterGroup group, double learningRate, long number)
            {
                using var scope = NewDisposeScope();
                using var keep = (1 - learningRate * _weightDecay).ToScalar();
                using var correction = (1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, number))).ToScalar();
                using var back = (-learningRate / (1 - Math.Pow(_options.Beta1, number))).ToScalar();
                var weights = Part(Parameters.Weights, group);
                var gradients = Part(Parameters.Gradients, group);
                var mean = Part(_mean, group);
                var square = Part(_square, group);
                if (group.Decays) weights.mul_(keep);
                mean.mul_(_beta1).add_(gradients, alpha: _rest1);
                square.mul_(_beta2).addcmul_(gradients, gradients, _rest2);
                weights.addcdiv_(mean, square.sqrt().mul_(correction).add_(_epsilon, Scalars.One), back);
            }
        }
    }
}
