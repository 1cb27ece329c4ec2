using ResNet.MLNet;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// All parameters of a network in one float32 vector, and all gradients in another: each parameter becomes a view of its place, so that the
/// optimizer is a few operations on whole vectors, however many layers there are. Convolution kernels lie channels-last
/// ([out, height, width, in]), which is how the fast kernels want them.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private readonly List<(string Name, long[] Shape, Parameter Parameter)> _parameters;

    /// <summary>Moves the network's parameters into the vector. The network must be on its device already.</summary>
    public FlatParameters(nn.Module network)
    {
        using var _ = no_grad();
        _parameters = [.. network.named_parameters().Select(named => (named.name, named.parameter.shape, named.parameter))];
        var count = _parameters.Sum(each => each.Parameter.numel());
        var device = _parameters[0].Parameter.device;
        Weights = zeros(count, float32, device);
        Gradients = zeros(count, float32, device);
        foreach (var (view, gradient, parameter) in Views(Weights).Zip(Views(Gradients), _parameters.Select(each => each.Parameter)))
        {
            using (view)
            {
                view.copy_(parameter);
                parameter.set_(view);
                parameter.grad = gradient;
            }
        }
    }

    /// <summary>[count] the parameters.</summary>
    public Tensor Weights { get; }

    /// <summary>[count] their gradients, to which each backward pass adds.</summary>
    public Tensor Gradients { get; }

    /// <summary>A copy of a vector that lies as the parameters do, by the parameters' names behind a prefix.</summary>
    public void CopyTo(StateDict state, Tensor vector, string prefix)
    {
        using var scope = NewDisposeScope();
        foreach (var ((name, shape, _), view) in _parameters.Zip(Views(vector)))
            state.Add(prefix + name, new([.. shape.Select(size => (int)size)], view.cpu().contiguous().data<float>().ToArray()));
    }

    /// <summary>Takes over what <see cref="CopyTo"/> gave.</summary>
    public void CopyFrom(StateDict state, Tensor vector, string prefix)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var ((name, shape, _), view) in _parameters.Zip(Views(vector))) view.copy_(tensor(state[prefix + name].Values, shape));
    }

    public void Dispose()
    {
        Weights.Dispose();
        Gradients.Dispose();
    }

    private IEnumerable<Tensor> Views(Tensor vector)
    {
        var offset = 0L;
        foreach (var (_, shape, _) in _parameters)
        {
            var count = shape.Aggregate(1L, (product, size) => product * size);
            // A kernel of [out, in, height, width] whose strides run over the input channels fastest.
            long[] strides = shape.Length == 4 ? [shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]] : shape.Length == 2 ? [shape[1], 1] : [1];
            yield return vector.as_strided(shape, strides, offset);
            offset += count;
        }
    }
}
