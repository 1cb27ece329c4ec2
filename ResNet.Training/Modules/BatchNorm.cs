using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Batch norm over the channels (momentum 0.1, epsilon 1e-5, as in PyTorch), float32 whatever the input's type. Without the counter
/// <c>num_batches_tracked</c>: no result depends on it, and TorchSharp's way to count is not safe (see <see cref="Scalars"/>).
/// </summary>
internal sealed class BatchNorm : nn.Module<Tensor, Tensor>
{
    private const double Momentum = 0.1, Epsilon = 1e-5;
    private readonly Parameter _weight, _bias;
    private readonly Tensor _mean, _variance;

    public BatchNorm(int channels)
        : base(nameof(BatchNorm))
    {
        using var scope = NewDisposeScope();
        register_parameter("weight", _weight = nn.Parameter(ones(channels).DetachFromDisposeScope()));
        register_parameter("bias", _bias = nn.Parameter(zeros(channels).DetachFromDisposeScope()));
        register_buffer("running_mean", _mean = zeros(channels).DetachFromDisposeScope());
        register_buffer("running_var", _variance = ones(channels).DetachFromDisposeScope());
    }

    public override Tensor forward(Tensor input) =>
        nn.functional.batch_norm(input, _mean, _variance, _weight, _bias, training, Momentum, Epsilon);
}
