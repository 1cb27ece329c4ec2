namespace ResNet.MLNet;

/// <summary>
/// One residual (or plain) network, described. Everything that must know what a network looks like (the TorchSharp module, the graph
/// of a model file, the counter of parameters and multiply-adds, the check of weights) walks the layers that this description enumerates.
/// </summary>
/// <remarks>
/// Source: He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015 (arXiv 1512.03385). Names of layers are
/// torchvision's. Two descriptions are equal if they describe the same network.
/// </remarks>
public sealed partial record ResNetArchitecture
{
    /// <summary>What every batch norm adds to the variance: PyTorch's default, which the published weights were trained with.</summary>
    internal const double BatchNormEpsilon = 1e-5;

    private const int ImageNetWidth = 64;
    private const int CifarWidth = 16;

    private const int UsualWidthPerGroup = 64;
    private const int MostGroups = 4096;

    private readonly int _width;
    private readonly int _classes;
    private readonly int _groups = 1;
    private readonly int _widthPerGroup = UsualWidthPerGroup;
    private readonly ShortcutOption _shortcut;
    private readonly BottleneckStride _stride;
    private readonly StageCounts _stages;

    private ResNetArchitecture(BlockKind block, StemKind stem, params IReadOnlyList<int> stageBlocks)
    {
        Block = block;
        Stem = stem;
        _stages = new(stageBlocks);
        _width = DefaultWidth;
        _classes = DefaultClasses;
        _shortcut = DefaultShortcut;
    }

    /// <summary>ResNet-18: basic blocks, 2, 2, 2 and 2 of them.</summary>
    public static ResNetArchitecture ResNet18 { get; } = new(BlockKind.Basic, StemKind.ImageNet, 2, 2, 2, 2);

    /// <summary>ResNet-34: basic blocks, 3, 4, 6 and 3 of them.</summary>
    public static ResNetArchitecture ResNet34 { get; } = new(BlockKind.Basic, StemKind.ImageNet, 3, 4, 6, 3);

    /// <summary>ResNet-50: bottleneck blocks, 3, 4, 6 and 3 of them.</summary>
    public static ResNetArchitecture ResNet50 { get; } = new(BlockKind.Bottleneck, StemKind.ImageNet, 3, 4, 6, 3);

    /// <summary>ResNet-101: bottleneck blocks, 3, 4, 23 and 3 of them.</summary>
    public static ResNetArchitecture ResNet101 { get; } = new(BlockKind.Bottleneck, StemKind.ImageNet, 3, 4, 23, 3);

    /// <summary>ResNet-152: bottleneck blocks, 3, 8, 36 and 3 of them.</summary>
    public static ResNetArchitecture ResNet152 { get; } = new(BlockKind.Bottleneck, StemKind.ImageNet, 3, 8, 36, 3);

    /// <summary>The paper's 18-layer network without shortcuts.</summary>
    public static ResNetArchitecture Plain18 { get; } = new(BlockKind.Plain, StemKind.ImageNet, 2, 2, 2, 2);

    /// <summary>The paper's 34-layer network without shortcuts.</summary>
    public static ResNetArchitecture Plain34 { get; } = new(BlockKind.Plain, StemKind.ImageNet, 3, 4, 6, 3);

#pragma warning disable CA1707 // The names that torchvision gave them.
    /// <summary>ResNeXt-50 (Xie et al. 2016, arXiv 1611.05431): ResNet-50 with 32 groups of 4 channels.</summary>
    public static ResNetArchitecture ResNeXt50_32x4d { get; } = ResNet50 with { Groups = 32, WidthPerGroup = 4 };

    /// <summary>ResNeXt-101 with 32 groups of 8 channels.</summary>
    public static ResNetArchitecture ResNeXt101_32x8d { get; } = ResNet101 with { Groups = 32, WidthPerGroup = 8 };

    /// <summary>ResNeXt-101 with 64 groups of 4 channels.</summary>
    public static ResNetArchitecture ResNeXt101_64x4d { get; } = ResNet101 with { Groups = 64, WidthPerGroup = 4 };

    /// <summary>Wide ResNet-50-2 (Zagoruyko and Komodakis 2016, arXiv 1605.07146): twice as many channels inside the blocks.</summary>
    public static ResNetArchitecture WideResNet50_2 { get; } = ResNet50 with { WidthPerGroup = 128 };

    /// <summary>Wide ResNet-101-2.</summary>
    public static ResNetArchitecture WideResNet101_2 { get; } = ResNet101 with { WidthPerGroup = 128 };
#pragma warning restore CA1707

    /// <summary>
    /// The architectures that the paper names, in its order, then the relatives of which torchvision has weights, each with its default
    /// options.
    /// </summary>
    public static IReadOnlyList<ResNetArchitecture> All { get; } =
    [
        ResNet18, ResNet34, ResNet50, ResNet101, ResNet152, Plain18, Plain34,
        .. new[] { 20, 32, 44, 56, 110, 1202 }.Select(CifarResNet),
        .. new[] { 20, 32, 44, 56, 110 }.Select(CifarPlain),
        ResNeXt50_32x4d, ResNeXt101_32x8d, ResNeXt101_64x4d, WideResNet50_2, WideResNet101_2,
    ];

    /// <summary>The block that is repeated.</summary>
    public BlockKind Block { get; private init; }

    /// <summary>How the network begins, and with that how many stages it usually has: four (ImageNet) or three (CIFAR).</summary>
    public StemKind Stem { get; }

    /// <summary>The number of layers with weights, shortcuts not counted and the classifier counted, as in the paper's names.</summary>
    public int Depth => StageBlocks.Sum() * (Block == BlockKind.Bottleneck ? 3 : 2) + 2;

    /// <summary>
    /// What shortcuts do where dimensions change. Default: B, and A for the CIFAR networks. Has no meaning for plain networks.
    /// </summary>
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
            : throw new ArgumentException($"{BaseName} has no bottleneck blocks, so neither v1 nor v1.5 applies to it.");
    }

    /// <summary>
    /// Channels of the first stage (of its 3x3 convolutions), from 1; each further stage has twice as many. Default: 64, and 16 for CIFAR.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1..4096.</exception>
    public int Width
    {
        get => _width;
        init => _width = value is >= 1 and <= 4096
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Width), value, "The width of the first stage is 1 to 4096 channels.");
    }

    /// <summary>
    /// Number of classes; 0 for a network without a classifier, which gives features only (as timm's <c>num_classes=0</c>). Default: 1000,
    /// and 10 for CIFAR.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0..1,000,000.</exception>
    public int Classes
    {
        get => _classes;
        init => _classes = value is >= 0 and <= 1_000_000
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Classes), value, "A network has 1 to 1,000,000 classes, or 0: features only.");
    }

    /// <summary>
    /// The number of blocks in each stage: 1 to 6 stages of 1 to 1000 blocks. Each stage after the first halves height and width.
    /// </summary>
    /// <exception cref="ArgumentException">There are no such stages.</exception>
    public IReadOnlyList<int> StageBlocks { get => _stages; init => _stages = new(value); }

    /// <summary>
    /// Groups of the 3x3 convolution of a bottleneck block, 1 to 4096 (ResNeXt's cardinality); each sees its own channels only. Default: 1.
    /// torchvision's <c>groups</c>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    /// <exception cref="ArgumentException">The network has no bottleneck blocks.</exception>
    public int Groups { get => _groups; init => _groups = CheckGroups(value, 1, nameof(Groups)); }

    /// <summary>
    /// Channels of a group of the 3x3 convolution of a bottleneck block in a first stage of 64 channels, 1 to 4096; in proportion with
    /// <see cref="Width"/> and the stage. Default: 64. torchvision's <c>width_per_group</c>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    /// <exception cref="ArgumentException">The network has no bottleneck blocks.</exception>
    public int WidthPerGroup
    {
        get => _widthPerGroup;
        init => _widthPerGroup = CheckGroups(value, UsualWidthPerGroup, nameof(WidthPerGroup));
    }

    /// <summary>How much wider a block is outside than inside: 4 for bottleneck blocks, else 1.</summary>
    public int Expansion => Block == BlockKind.Bottleneck ? 4 : 1;

    /// <summary>The number of features, that is of channels before the fully connected layer.</summary>
    public int FeatureCount => (Width << (StageBlocks.Count - 1)) * Expansion;

    private int DefaultWidth => Stem == StemKind.ImageNet ? ImageNetWidth : CifarWidth;

    private int DefaultClasses => Stem == StemKind.ImageNet ? 1000 : 10;

    private ShortcutOption DefaultShortcut => Stem == StemKind.ImageNet ? ShortcutOption.B : ShortcutOption.A;

    /// <summary>The CIFAR network of 6n+2 layers with shortcuts (section 4.2): 20, 32, 44, 56, 110, 1202, or any other n from 1.</summary>
    /// <param name="depth">The number of layers, 6n+2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The depth is not 6n+2 with n from 1 to 1000.</exception>
    public static ResNetArchitecture CifarResNet(int depth) => OfCifar(BlockKind.Basic, depth);

    /// <summary>The CIFAR network of 6n+2 layers without shortcuts.</summary>
    /// <inheritdoc cref="CifarResNet" path="/param|/exception"/>
    public static ResNetArchitecture CifarPlain(int depth) => OfCifar(BlockKind.Plain, depth);

    private static ResNetArchitecture OfCifar(BlockKind block, int depth)
    {
        var n = (depth - 2) / 6;
        if (n is >= 1 and <= StageCounts.MostBlocks && depth == 6 * n + 2) return new(block, StemKind.Cifar, n, n, n);
        const string Problem = "A CIFAR network has 6n+2 layers: 8, 14, 20, 32, 44, 56, 110, 1202, ...";
        throw new ArgumentOutOfRangeException(nameof(depth), depth, Problem);
    }

    private int CheckGroups(int value, int usual, string name)
    {
        if (value is < 1 or > MostGroups) throw new ArgumentOutOfRangeException(name, value, $"{name} must be 1 to {MostGroups}.");
        if (Block == BlockKind.Bottleneck || value == usual) return value;
        throw new ArgumentException($"{BaseName} has no bottleneck blocks, so {name} means nothing for it.");
    }
}
