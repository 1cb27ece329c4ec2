using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Batch norm over the channels (momentum 0.1, epsilon 1e-5, as in PyTorch), float32 whatever the input's type. Without the counter
/// <c>num_batches_tracked</c>: no result depends on it, and TorchSharp's way to count is not safe (see <see cref="Scalars"/>).
/// </summary>
internal sealed class BatchNorm : nn.Module<Tensor, Tensor>
{
    private const double Momentum = 0.1, Epsilon = ResNetArchitecture.BatchNormEpsilon;
    private readonly Parameter _weight, _bias;
    private readonly Tensor _mean, _variance;
    private readonly Scalar _epsilon = Epsilon.ToScalar();
    private Sums? _measured;

    public BatchNorm(int channels)
        : base(nameof(BatchNorm))
    {
        using var scope = NewDisposeScope();
        register_parameter("weight", _weight = nn.Parameter(ones(channels).DetachFromDisposeScope()));
        register_parameter("bias", _bias = nn.Parameter(zeros(channels).DetachFromDisposeScope()));
        register_buffer("running_mean", _mean = zeros(channels).DetachFromDisposeScope());
        register_buffer("running_var", _variance = ones(channels).DetachFromDisposeScope());
    }

    public override Tensor forward(Tensor input) => Apply(input, relu: false);

    /// <summary>Batch norm, then the addition of a shortcut, then ReLU.</summary>
    /// <param name="input">[batch, channels, height, width]</param>
    /// <param name="addend">What is added; null for nothing.</param>
    /// <param name="relu">Whether ReLU follows.</param>
    public Tensor Apply(Tensor input, Tensor? addend = null, bool relu = true)
    {
        if (training) StatisticsException.ThrowIfSingle(input);
        if (training && NormKernels.AreFast && FusedNorm.Fits(input, addend))
            return FusedNorm.Apply(input, _weight, _bias, addend, new(relu, _mean, _variance, Momentum, Epsilon));
        _measured?.Add(input);
        var value = nn.functional.batch_norm(input, _mean, _variance, _weight, _bias, training, Momentum, Epsilon);
        if (addend is not null) value = value.add_(addend, Scalars.One);
        return relu ? value.relu_() : value;
    }

    /// <summary>Begins to measure the inputs, which stay as they are.</summary>
    public void BeginMeasuring() => _measured = new(_mean);

    /// <summary>
    /// Takes over mean and variance of the inputs since <see cref="BeginMeasuring"/>, and changes weight and bias so that the layer, in
    /// evaluation, computes what it did before.
    /// </summary>
    public void EndMeasuring()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var measured = _measured!;
        _measured = null;
        if (measured.IsEmpty) return;
        var (mean, variance) = measured.Read();
        var epsilon = full_like(_variance, _epsilon);
        var factor = _weight.div(_variance.add(epsilon, Scalars.One).sqrt_());
        _bias.add_(factor.mul(mean.sub(_mean)), Scalars.One);
        _weight.copy_(factor.mul_(variance.add(epsilon, Scalars.One).sqrt_()));
        _mean.copy_(mean);
        _variance.copy_(variance);
    }

    /// <summary>Sums over all inputs, by channel.</summary>
    private sealed class Sums(Tensor like) : IDisposable
    {
        private readonly Tensor _sum = zeros_like(like, float64), _squares = zeros_like(like, float64);
        private long _count;

        public bool IsEmpty => _count == 0;

        public void Add(Tensor input)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            var values = input.to(float64);
            _sum.add_(values.sum([0, 2, 3]), Scalars.One);
            _squares.add_(values.mul_(values).sum([0, 2, 3]), Scalars.One);
            _count += input.numel() / input.shape[1];
        }

        public (Tensor Mean, Tensor Variance) Read()
        {
            using var count = _count.ToScalar();
            var mean = _sum.div(count);
            return (mean.to(float32), _squares.div(count).sub_(mean.mul(mean)).to(float32));
        }

        public void Dispose()
        {
            _sum.Dispose();
            _squares.Dispose();
        }
    }
}
