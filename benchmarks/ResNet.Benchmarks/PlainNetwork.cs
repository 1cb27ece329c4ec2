using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>The same networks as a TorchSharp user writes them: the library's own modules, float32, nothing tuned.</summary>
internal sealed class PlainNetwork : nn.Module<Tensor, Tensor>
{
    private readonly Sequential _layers;

    private PlainNetwork(Sequential layers)
        : base(nameof(PlainNetwork))
    {
        _layers = layers;
        RegisterComponents();
    }

    public static PlainNetwork ResNet18() => ImageNet(false, [2, 2, 2, 2]);

    public static PlainNetwork ResNet50() => ImageNet(true, [3, 4, 6, 3]);

    public static PlainNetwork CifarResNet20()
    {
        var layers = Start(nn.Conv2d(3, 16, 3, padding: 1, bias: false), nn.BatchNorm2d(16), nn.ReLU(inplace: true));
        var features = AddBlocks(layers, 16, [16, 32, 64], [3, 3, 3], NewBlock);
        return new(Finish(layers, features, 10));

        static Block NewBlock(int inputs, int outputs, int stride) => new(inputs, outputs, stride, bottleneck: false, pad: true);
    }

    public override Tensor forward(Tensor input) => _layers.forward(input);

    private static PlainNetwork ImageNet(bool bottleneck, int[] counts)
    {
        var layers = Start(nn.Conv2d(3, 64, 7, 2, 3, bias: false), nn.BatchNorm2d(64), nn.ReLU(inplace: true), nn.MaxPool2d(3, 2, 1));
        int[] widths = bottleneck ? [256, 512, 1024, 2048] : [64, 128, 256, 512];
        var features = AddBlocks(layers, 64, widths, counts, NewBlock);
        return new(Finish(layers, features, 1000));

        Block NewBlock(int inputs, int outputs, int stride) => new(inputs, outputs, stride, bottleneck, pad: false);
    }

    private static List<nn.Module<Tensor, Tensor>> Start(params nn.Module<Tensor, Tensor>[] stem) => [.. stem];

    private static int AddBlocks(
        List<nn.Module<Tensor, Tensor>> layers, int inputs, int[] widths, int[] counts, Func<int, int, int, Block> make)
    {
        for (var stage = 0; stage < widths.Length; stage++)
        {
            for (var block = 0; block < counts[stage]; block++)
            {
                layers.Add(make(inputs, widths[stage], stage > 0 && block == 0 ? 2 : 1));
                inputs = widths[stage];
            }
        }

        return inputs;
    }

    private static Sequential Finish(List<nn.Module<Tensor, Tensor>> layers, int features, int classes)
    {
        layers.AddRange([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, classes)]);
        return nn.Sequential(layers);
    }

    private sealed class Block : nn.Module<Tensor, Tensor>
    {
        private readonly Sequential _path;
        private readonly Sequential? _projection;
        private readonly int _more, _stride;

        public Block(int inputs, int outputs, int stride, bool bottleneck, bool pad)
            : base(nameof(Block))
        {
            (_more, _stride) = (outputs - inputs, stride);
            var inner = outputs / 4;
            _path = bottleneck
                ? nn.Sequential(
                    nn.Conv2d(inputs, inner, 1, bias: false), nn.BatchNorm2d(inner), nn.ReLU(inplace: true),
                    nn.Conv2d(inner, inner, 3, stride, 1, bias: false), nn.BatchNorm2d(inner), nn.ReLU(inplace: true),
                    nn.Conv2d(inner, outputs, 1, bias: false), nn.BatchNorm2d(outputs))
                : nn.Sequential(
                    nn.Conv2d(inputs, outputs, 3, stride, 1, bias: false), nn.BatchNorm2d(outputs), nn.ReLU(inplace: true),
                    nn.Conv2d(outputs, outputs, 3, padding: 1, bias: false), nn.BatchNorm2d(outputs));
            if (_more > 0 && !pad)
                _projection = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias: false), nn.BatchNorm2d(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var around = input;
            if (_projection is not null) around = _projection.forward(input);
            else if (_more > 0) around = Pad(input);
            return nn.functional.relu(_path.forward(input) + around, inplace: true);
        }

        private Tensor Pad(Tensor input)
        {
            var strided = input[TensorIndex.Ellipsis, TensorIndex.Slice(step: _stride), TensorIndex.Slice(step: _stride)];
            return nn.functional.pad(strided, [0, 0, 0, 0, _more / 2, _more - _more / 2]);
        }
    }
}
