using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// A convolution without bias whose arithmetic follows its input: a bfloat16 input is convolved in bfloat16 with weights that stay float32
/// for the optimizer, as PyTorch's autocast does.
/// </summary>
internal sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly long[] _stride, _padding;
    private readonly long _groups;

    public Convolution(MLNet.ConvolutionLayer layer, Generator generator)
        : base(nameof(Convolution))
    {
        _stride = [layer.Stride, layer.Stride];
        _padding = [layer.Padding, layer.Padding];
        _groups = layer.Groups;
        // He initialization (He et al. 2015b), fan out: the variance of the gradients stays through the layers.
        var deviation = Math.Sqrt(2.0 / ((long)layer.OutChannels * layer.Kernel * layer.Kernel));
        using var values = normal(0, deviation, [.. layer.WeightShape.Select(size => (long)size)], generator: generator);
        _weight = nn.Parameter(values);
        register_parameter("weight", _weight);
    }

    public override Tensor forward(Tensor input)
    {
        if (input.dtype == _weight.dtype) return nn.functional.conv2d(input, _weight, strides: _stride, padding: _padding, groups: _groups);
        using var weight = _weight.to(input.dtype);
        return nn.functional.conv2d(input, weight, strides: _stride, padding: _padding, groups: _groups);
    }
}
