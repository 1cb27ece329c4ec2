using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>A part of the flat vectors whose parameters have one learning rate and one weight decay.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Count">The number of values.</param>
/// <param name="Stage">The part of the network: 0 the first convolution, then the stages from 1, then the classifier.</param>
/// <param name="Decays">Whether weight decay applies.</param>
internal sealed record ParameterGroup(long Start, long Count, int Stage, bool Decays);

/// <summary>
/// All parameters of a network in one float32 vector, and all gradients in another: each parameter becomes a view of its place, so that the
/// optimizer is a few operations on whole vectors, however many layers there are. Convolution kernels lie channels-last
/// ([out, height, width, in]), which is how the fast kernels want them. The statistics of batch norm lie in a vector of their own.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private readonly List<(string Name, long[] Shape, Parameter Parameter)> _parameters;
    private readonly List<(string Name, long[] Shape, Tensor Buffer)> _buffers;

    /// <summary>Moves the network's parameters into the vector. The network must be on its device already.</summary>
    /// <param name="network">The network.</param>
    /// <param name="stageOf">
    /// Gives the part of the network that a parameter belongs to, where parts are groups of their own; null where they are not.
    /// </param>
    /// <param name="decayNormAndBias">Whether weight decay applies to the parameters of batch norm and to biases, too.</param>
    public FlatParameters(nn.Module network, Func<string, int>? stageOf = null, bool decayNormAndBias = true)
    {
        using var _ = no_grad();
        // Groups lie together; within a group the network's order stays.
        var grouped = network.named_parameters()
            .Select(named => (named.name, named.parameter.shape, named.parameter))
            .GroupBy(each => (Stage: stageOf?.Invoke(each.name) ?? 0, Decays: decayNormAndBias || each.shape.Length > 1))
            .OrderBy(group => group.Key)
            .ToList();
        _parameters = [.. grouped.SelectMany(group => group)];
        _buffers = [.. network.named_buffers().Select(named => (named.name, named.buffer.shape, named.buffer))];
        var start = 0L;
        Groups = grouped.ConvertAll(group =>
        {
            var count = group.Sum(each => each.parameter.numel());
            start += count;
            return new ParameterGroup(start - count, count, group.Key.Stage, group.Key.Decays);
        });
        var device = _parameters[0].Parameter.device;
        Weights = zeros(start, float32, device);
        Gradients = zeros(start, float32, device);
        Statistics = zeros(_buffers.Sum(each => each.Buffer.numel()), float32, device);
        var parameters = _parameters.Select(each => each.Parameter);
        foreach (var (view, gradient, parameter) in ViewsOfParameters(Weights).Zip(ViewsOfParameters(Gradients), parameters))
        {
            using (view)
            {
                view.copy_(parameter);
                parameter.set_(view);
                parameter.grad = gradient;
            }
        }

        foreach (var (view, buffer) in ViewsOfStatistics(Statistics).Zip(_buffers.Select(each => each.Buffer)))
        {
            using (view)
            {
                view.copy_(buffer);
                buffer.set_(view);
            }
        }
    }

    /// <summary>[count] the parameters.</summary>
    public Tensor Weights { get; }

    /// <summary>[count] their gradients, to which each backward pass adds.</summary>
    public Tensor Gradients { get; }

    /// <summary>The running means and variances of batch norm, which are not parameters.</summary>
    public Tensor Statistics { get; }

    /// <summary>The groups, which cover the vectors without gaps.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>A copy of a vector that lies as the parameters do, by the parameters' names behind a prefix.</summary>
    public void CopyTo(StateDict state, Tensor vector, string prefix) => Copy(state, NamedParameters(vector), prefix);

    /// <summary>Takes over what <see cref="CopyTo"/> gave.</summary>
    public void CopyFrom(StateDict state, Tensor vector, string prefix) => Take(state, NamedParameters(vector), prefix);

    /// <summary>A copy of a vector that lies as the statistics do.</summary>
    public void CopyStatisticsTo(StateDict state, Tensor vector, string prefix) => Copy(state, NamedStatistics(vector), prefix);

    /// <summary>Takes over what <see cref="CopyStatisticsTo"/> gave.</summary>
    public void CopyStatisticsFrom(StateDict state, Tensor vector, string prefix) => Take(state, NamedStatistics(vector), prefix);

    public void Dispose()
    {
        Weights.Dispose();
        Gradients.Dispose();
        Statistics.Dispose();
    }

    private static void Copy(StateDict state, IEnumerable<(string Name, Tensor View)> views, string prefix)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, view) in views)
        {
            var values = view.cpu().contiguous().data<float>().ToArray();
            state.Add(prefix + name, new([.. view.shape.Select(size => (int)size)], values));
        }
    }

    private static void Take(StateDict state, IEnumerable<(string Name, Tensor View)> views, string prefix)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (name, view) in views) view.copy_(tensor(state[prefix + name].Values, view.shape));
    }

    private IEnumerable<(string Name, Tensor View)> NamedParameters(Tensor vector) =>
        _parameters.Select(each => each.Name).Zip(ViewsOfParameters(vector));

    private IEnumerable<(string Name, Tensor View)> NamedStatistics(Tensor vector) =>
        _buffers.Select(each => each.Name).Zip(ViewsOfStatistics(vector));

    private IEnumerable<Tensor> ViewsOfParameters(Tensor vector) => Views(vector, _parameters.Select(each => each.Shape));

    private IEnumerable<Tensor> ViewsOfStatistics(Tensor vector) => Views(vector, _buffers.Select(each => each.Shape));

    private static IEnumerable<Tensor> Views(Tensor vector, IEnumerable<long[]> shapes)
    {
        var offset = 0L;
        foreach (var shape in shapes)
        {
            yield return vector.as_strided(shape, StridesOf(shape), offset);
            offset += shape.Aggregate(1L, (product, size) => product * size);
        }
    }

    private static long[] StridesOf(long[] shape) => shape switch
    {
        // A kernel of [out, in, height, width] whose strides run over the input channels fastest.
        [_, var channels, var height, var width] => [channels * height * width, 1, width * channels, channels],
        [_, var columns] => [columns, 1],
        _ => [1],
    };
}
