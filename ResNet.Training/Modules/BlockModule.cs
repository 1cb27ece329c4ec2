using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// One residual (or plain) block: batch norm after each convolution, ReLU after each but the last, then the shortcut and a last ReLU.
/// </summary>
internal sealed class BlockModule : nn.Module<Tensor, Tensor>
{
    private readonly Shortcut _shortcut;
    private readonly (Convolution Convolution, BatchNorm Norm)[] _layers;
    private readonly nn.Module<Tensor, Tensor>? _projection;

    public BlockModule(ResNetBlock block, Generator generator)
        : base(nameof(BlockModule))
    {
        _shortcut = block.Shortcut;
        _layers = [.. block.Convolutions.Select(CreateLayer)];
        if (_shortcut.Projection is { } projection)
        {
            _projection = nn.Sequential(new Convolution(projection, generator), new BatchNorm(projection.OutChannels));
            register_module("downsample", _projection);
        }

        (Convolution Convolution, BatchNorm Norm) CreateLayer(ConvolutionLayer layer)
        {
            var convolution = Register(layer.Name, new Convolution(layer, generator));
            return (convolution, Register(layer.NormName, new BatchNorm(layer.OutChannels)));
        }

        // The architecture's names are whole (layer1.0.conv1); here the last part is wanted.
        T Register<T>(string name, T module)
            where T : nn.Module
        {
            register_module(name[(name.LastIndexOf('.') + 1)..], module);
            return module;
        }
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var value = input;
        foreach (var (convolution, norm) in _layers[..^1]) value = norm.Apply(convolution.forward(value));
        var (last, lastNorm) = _layers[^1];
        var shortcut = _shortcut.Kind == ShortcutKind.None ? null : Around(input);
        return lastNorm.Apply(last.forward(value), shortcut).MoveToOuterDisposeScope();
    }

    private Tensor Around(Tensor input) => _shortcut.Kind switch
    {
        ShortcutKind.Projection => _projection!.forward(input),
        ShortcutKind.ZeroPad => ZeroPad(input),
        _ => input,
    };

    private Tensor ZeroPad(Tensor input)
    {
        var step = TensorIndex.Slice(step: _shortcut.Stride);
        var sampled = _shortcut.Stride == 1 ? input : input[TensorIndex.Ellipsis, step, step];
        return nn.functional.pad(sampled, [0, 0, 0, 0, _shortcut.PadBefore, _shortcut.PadAfter]);
    }
}
