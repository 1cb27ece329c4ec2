using System.Globalization;

namespace ResNet.MLNet;

/// <summary>
/// One residual (or plain) network, described. Everything that must know what a network looks like (the TorchSharp module, the ONNX
/// exporter, the counter of parameters and multiply-adds, the check of weights) walks the layers that this description enumerates.
/// </summary>
/// <remarks>
/// Source: He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015 (arXiv 1512.03385). Names of layers are
/// torchvision's. Two descriptions are equal if they describe the same network.
/// </remarks>
public sealed record ResNetArchitecture
{
    /// <summary>What every batch norm adds to the variance: PyTorch's default, which the published weights were trained with.</summary>
    internal const double BatchNormEpsilon = 1e-5;

    private readonly int _width, _classes;
    private readonly ShortcutOption _shortcut;
    private readonly BottleneckStride _stride;

    private ResNetArchitecture(BlockKind block, StemKind stem, int depth)
    {
        (Block, Stem, Depth) = (block, stem, depth);
        _width = stem == StemKind.ImageNet ? 64 : 16;
        _classes = DefaultClasses;
        _shortcut = DefaultShortcut;
    }

    /// <summary>ResNet-18: basic blocks, 2, 2, 2 and 2 of them.</summary>
    public static ResNetArchitecture ResNet18 { get; } = new(BlockKind.Basic, StemKind.ImageNet, 18);

    /// <summary>ResNet-34: basic blocks, 3, 4, 6 and 3 of them.</summary>
    public static ResNetArchitecture ResNet34 { get; } = new(BlockKind.Basic, StemKind.ImageNet, 34);

    /// <summary>ResNet-50: bottleneck blocks, 3, 4, 6 and 3 of them.</summary>
    public static ResNetArchitecture ResNet50 { get; } = new(BlockKind.Bottleneck, StemKind.ImageNet, 50);

    /// <summary>ResNet-101: bottleneck blocks, 3, 4, 23 and 3 of them.</summary>
    public static ResNetArchitecture ResNet101 { get; } = new(BlockKind.Bottleneck, StemKind.ImageNet, 101);

    /// <summary>ResNet-152: bottleneck blocks, 3, 8, 36 and 3 of them.</summary>
    public static ResNetArchitecture ResNet152 { get; } = new(BlockKind.Bottleneck, StemKind.ImageNet, 152);

    /// <summary>The paper's 18-layer network without shortcuts.</summary>
    public static ResNetArchitecture Plain18 { get; } = new(BlockKind.Plain, StemKind.ImageNet, 18);

    /// <summary>The paper's 34-layer network without shortcuts.</summary>
    public static ResNetArchitecture Plain34 { get; } = new(BlockKind.Plain, StemKind.ImageNet, 34);

    /// <summary>The architectures that the paper names, in its order, each with its default options.</summary>
    public static IReadOnlyList<ResNetArchitecture> All { get; } =
    [
        ResNet18, ResNet34, ResNet50, ResNet101, ResNet152, Plain18, Plain34,
        .. new[] { 20, 32, 44, 56, 110, 1202 }.Select(CifarResNet),
        .. new[] { 20, 32, 44, 56, 110 }.Select(CifarPlain),
    ];

    /// <summary>The block that is repeated.</summary>
    public BlockKind Block { get; }

    /// <summary>How the network begins, and with that how many stages it has: four (ImageNet) or three (CIFAR).</summary>
    public StemKind Stem { get; }

    /// <summary>The number of layers with weights, shortcuts not counted, as in the paper's names.</summary>
    public int Depth { get; }

    /// <summary>What shortcuts do where dimensions change. Default: B, and A for the CIFAR networks. Has no meaning for plain networks.</summary>
    /// <exception cref="ArgumentException">A plain network is given another option than its default.</exception>
    public ShortcutOption Shortcut
    {
        get => _shortcut;
        init => _shortcut = Block != BlockKind.Plain || value == DefaultShortcut
            ? value
            : throw new ArgumentException($"{BaseName} has no shortcuts, so shortcut option {value} means nothing for it.");
    }

    /// <summary>
    /// Where a bottleneck block has its stride. Default: on the 3x3 (v1.5, torchvision). Has no meaning for other blocks.
    /// </summary>
    /// <exception cref="ArgumentException">A network without bottleneck blocks is given another place than its default.</exception>
    public BottleneckStride Stride
    {
        get => _stride;
        init => _stride = Block == BlockKind.Bottleneck || value == default
            ? value
            : throw new ArgumentException($"{BaseName} has no bottleneck blocks, so it knows no v1 and v1.5.");
    }

    /// <summary>Channels of the first stage (of its 3x3 convolutions), from 1; each further stage has twice as many. Default: 64, and 16 for CIFAR.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1..4096.</exception>
    public int Width
    {
        get => _width;
        init => _width = value is >= 1 and <= 4096
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Width), value, "The width of the first stage is 1 to 4096 channels.");
    }

    /// <summary>Number of classes, from 1. Default: 1000, and 10 for CIFAR.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1..1,000,000.</exception>
    public int Classes
    {
        get => _classes;
        init => _classes = value is >= 1 and <= 1_000_000
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Classes), value, "A network has 1 to 1,000,000 classes.");
    }

    /// <summary>
    /// The name with the options that differ from the default, such as <c>resnet50:v1</c> or <c>cifar-resnet20:B,width=8</c>.
    /// <see cref="Parse"/> reads it. The number of classes is not part of it.
    /// </summary>
    public string Name
    {
        get
        {
            List<string> options = [];
            if (Shortcut != DefaultShortcut) options.Add(Shortcut.ToString());
            if (Stride == BottleneckStride.First1x1) options.Add("v1");
            if (Width != (Stem == StemKind.ImageNet ? 64 : 16)) options.Add($"width={Width}");
            return options.Count == 0 ? BaseName : $"{BaseName}:{string.Join(',', options)}";
        }
    }

    /// <summary>The number of blocks in each stage.</summary>
    public IReadOnlyList<int> StageBlocks => (Stem, Depth) switch
    {
        (StemKind.Cifar, _) => [(Depth - 2) / 6, (Depth - 2) / 6, (Depth - 2) / 6],
        (_, 18) => [2, 2, 2, 2],
        (_, 34 or 50) => [3, 4, 6, 3],
        (_, 101) => [3, 4, 23, 3],
        _ => [3, 8, 36, 3],
    };

    /// <summary>How much wider a block is outside than inside: 4 for bottleneck blocks, else 1.</summary>
    public int Expansion => Block == BlockKind.Bottleneck ? 4 : 1;

    /// <summary>The number of features, that is of channels before the fully connected layer.</summary>
    public int FeatureCount => (Width << (StageBlocks.Count - 1)) * Expansion;

    /// <summary>The first convolution.</summary>
    public ConvolutionLayer StemConvolution =>
        Stem == StemKind.ImageNet ? new("conv1", "bn1", 3, Width, 7, 2) : new("conv1", "bn1", 3, Width, 3, 1);

    /// <summary>Whether a 3x3 max pooling with stride 2 and padding 1 follows the first convolution.</summary>
    public bool HasMaxPool => Stem == StemKind.ImageNet;

    /// <summary>The fully connected layer at the end.</summary>
    public LinearLayer Classifier => new("fc", FeatureCount, Classes);

    /// <summary>The blocks, in the order in which an image passes them.</summary>
    public IEnumerable<ResNetBlock> Blocks
    {
        get
        {
            var channels = Width;
            var stageBlocks = StageBlocks;
            for (var stage = 0; stage < stageBlocks.Count; stage++)
            {
                for (var index = 0; index < stageBlocks[stage]; index++)
                {
                    var block = CreateBlock(stage, index, channels);
                    channels = block.OutChannels;
                    yield return block;
                }
            }
        }
    }

    /// <summary>Every convolution with its batch norm, projections among them, in the order of torchvision's state dict.</summary>
    public IEnumerable<ConvolutionLayer> Convolutions
    {
        get
        {
            yield return StemConvolution;
            foreach (var block in Blocks)
            {
                foreach (var convolution in block.Convolutions) yield return convolution;
                if (block.Shortcut.Projection is { } projection) yield return projection;
            }
        }
    }

    /// <summary>Every tensor of the state dict, in torchvision's order (without the counters <c>num_batches_tracked</c>).</summary>
    public IEnumerable<TensorSpec> Tensors
    {
        get
        {
            foreach (var layer in Convolutions)
            {
                yield return new($"{layer.Name}.weight", [layer.OutChannels, layer.InChannels, layer.Kernel, layer.Kernel], true);
                yield return new($"{layer.NormName}.weight", [layer.OutChannels], true);
                yield return new($"{layer.NormName}.bias", [layer.OutChannels], true);
                yield return new($"{layer.NormName}.running_mean", [layer.OutChannels], false);
                yield return new($"{layer.NormName}.running_var", [layer.OutChannels], false);
            }

            yield return new($"{Classifier.Name}.weight", [Classes, FeatureCount], true);
            yield return new($"{Classifier.Name}.bias", [Classes], true);
        }
    }

    /// <summary>The number of trained values: what PyTorch's <c>sum(p.numel() for p in model.parameters())</c> gives.</summary>
    public long ParameterCount => Tensors.Where(tensor => tensor.IsParameter).Sum(tensor => tensor.Count);

    private string BaseName =>
        (Stem == StemKind.Cifar ? "cifar-" : "") + (Block == BlockKind.Plain ? "plain" : "resnet") + Depth.ToString(CultureInfo.InvariantCulture);

    private int DefaultClasses => Stem == StemKind.ImageNet ? 1000 : 10;

    private ShortcutOption DefaultShortcut => Stem == StemKind.ImageNet ? ShortcutOption.B : ShortcutOption.A;

    /// <summary>The CIFAR network of 6n+2 layers with shortcuts (section 4.2): 20, 32, 44, 56, 110, 1202, or any other n from 1.</summary>
    /// <param name="depth">The number of layers, 6n+2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The depth is not 6n+2 with n from 1 to 1000.</exception>
    public static ResNetArchitecture CifarResNet(int depth) => new(BlockKind.Basic, StemKind.Cifar, CheckCifarDepth(depth));

    /// <summary>The CIFAR network of 6n+2 layers without shortcuts.</summary>
    /// <inheritdoc cref="CifarResNet" path="/param|/exception"/>
    public static ResNetArchitecture CifarPlain(int depth) => new(BlockKind.Plain, StemKind.Cifar, CheckCifarDepth(depth));

    /// <summary>
    /// Reads a name: <c>resnet18</c>, <c>34</c>, <c>50</c>, <c>101</c>, <c>152</c>, <c>plain18</c>, <c>plain34</c>, <c>cifar-resnet20</c> (any 6n+2),
    /// <c>cifar-plain20</c>; then, after a colon and separated by commas, options: <c>A</c>, <c>B</c> or <c>C</c> (shortcuts),
    /// <c>v1</c> or <c>v1.5</c> (bottleneck stride), <c>width=N</c> (first stage).
    /// </summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="classes">Number of classes; null for the default, 1000 or 10 (CIFAR).</param>
    /// <exception cref="FormatException">The name is none of these. The message lists those that are.</exception>
    public static ResNetArchitecture Parse(string name, int? classes = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var parts = name.Trim().Split(':', 2);
        try
        {
            var architecture = ParseBase(parts[0].ToLowerInvariant()) ?? throw new FormatException(
                $"There is no architecture named '{name}'. There are: resnet18, resnet34, resnet50, resnet101, resnet152, plain18, plain34, " +
                "cifar-resnetN and cifar-plainN with N = 20, 32, 44, 56, 110, 1202 or any other 6n+2.");
            foreach (var option in parts.Length == 2 ? parts[1].Split(',') : [])
                architecture = WithOption(architecture, option.Trim(), name);
            return classes is { } count ? architecture with { Classes = count } : architecture;
        }
        catch (ArgumentException problem)
        {
            throw new FormatException($"'{name}' does not name an architecture: {problem.Message}", problem);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Classes == DefaultClasses ? Name : $"{Name} ({Classes} classes)";

    /// <summary>The multiply-adds of the convolutions and the fully connected layer for one image, as the paper's Table 1 counts them.</summary>
    /// <param name="height">Height of the image in pixels, from 1.</param>
    /// <param name="width">Width of the image in pixels, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
    public long MultiplyAdds(int height = 224, int width = 224)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var (total, size) = Cost(StemConvolution, (height, width));
        if (HasMaxPool) size = ((size.Height - 1) / 2 + 1, (size.Width - 1) / 2 + 1);
        foreach (var block in Blocks)
        {
            if (block.Shortcut.Projection is { } projection) total += Cost(projection, size).Count;
            foreach (var convolution in block.Convolutions)
            {
                (var count, size) = Cost(convolution, size);
                total += count;
            }
        }

        return total + (long)FeatureCount * Classes;
    }

    private static (long Count, (int Height, int Width) Size) Cost(ConvolutionLayer layer, (int Height, int Width) input)
    {
        var size = (Height: layer.OutputSize(input.Height), Width: layer.OutputSize(input.Width));
        return ((long)layer.InChannels * layer.OutChannels * layer.Kernel * layer.Kernel * size.Height * size.Width, size);
    }

    private ResNetBlock CreateBlock(int stage, int index, int inputs)
    {
        var name = $"layer{stage + 1}.{index}";
        var planes = Width << stage;
        var outputs = planes * Expansion;
        var stride = stage > 0 && index == 0 ? 2 : 1;
        var onFirst = Stride == BottleneckStride.First1x1;
        ConvolutionLayer Convolution(int number, int from, int to, int kernel, int step) =>
            new($"{name}.conv{number}", $"{name}.bn{number}", from, to, kernel, step);
        ConvolutionLayer[] convolutions = Block == BlockKind.Bottleneck
            ?
            [
                Convolution(1, inputs, planes, 1, onFirst ? stride : 1),
                Convolution(2, planes, planes, 3, onFirst ? 1 : stride),
                Convolution(3, planes, outputs, 1, 1),
            ]
            : [Convolution(1, inputs, planes, 3, stride), Convolution(2, planes, planes, 3, 1)];

        var changes = stride != 1 || inputs != outputs;
        var kind = Block == BlockKind.Plain ? ShortcutKind.None
            : Shortcut == ShortcutOption.C || (changes && Shortcut == ShortcutOption.B) ? ShortcutKind.Projection
            : changes ? ShortcutKind.ZeroPad
            : ShortcutKind.Identity;
        var projection = kind == ShortcutKind.Projection
            ? new ConvolutionLayer($"{name}.downsample.0", $"{name}.downsample.1", inputs, outputs, 1, stride)
            : null;
        return new(name, stage + 1, convolutions, new(kind, stride, inputs, outputs, projection));
    }

    private static int CheckCifarDepth(int depth) => depth >= 8 && depth <= 6002 && depth % 6 == 2
        ? depth
        : throw new ArgumentOutOfRangeException(nameof(depth), depth, "A CIFAR network has 6n+2 layers: 8, 14, 20, 32, 44, 56, 110, 1202, ...");

    private static ResNetArchitecture? ParseBase(string name)
    {
        if (All.FirstOrDefault(known => known.BaseName == name) is { } named) return named;
        if (Depth("cifar-resnet") is { } residual) return CifarResNet(residual);
        return Depth("cifar-plain") is { } plain ? CifarPlain(plain) : null;

        int? Depth(string prefix) =>
            name.StartsWith(prefix, StringComparison.Ordinal) &&
            int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var depth)
                ? depth
                : null;
    }

    private static ResNetArchitecture WithOption(ResNetArchitecture architecture, string option, string name) => option.ToLowerInvariant() switch
    {
        "a" => architecture with { Shortcut = ShortcutOption.A },
        "b" => architecture with { Shortcut = ShortcutOption.B },
        "c" => architecture with { Shortcut = ShortcutOption.C },
        "v1" => architecture with { Stride = BottleneckStride.First1x1 },
        "v1.5" => architecture with { Stride = BottleneckStride.Middle3x3 },
        ['w', 'i', 'd', 't', 'h', '=', .. var digits] when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var width) =>
            architecture with { Width = width },
        _ => throw new FormatException(
            $"'{option}' in '{name}' is no option of an architecture. Options are A, B, C (shortcuts), v1, v1.5 (bottleneck stride) and width=N."),
    };
}
