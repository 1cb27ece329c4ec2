namespace ResNet.MLNet;

/// <summary>The building block that a network repeats (He et al. 2015, Figures 2 and 5).</summary>
public enum BlockKind
{
    /// <summary>Two 3x3 convolutions and a shortcut: ResNet-18, ResNet-34 and the CIFAR networks.</summary>
    Basic,

    /// <summary>1x1, 3x3 and 1x1 convolutions and a shortcut, four times as wide outside: ResNet-50, 101 and 152.</summary>
    Bottleneck,

    /// <summary>Two 3x3 convolutions without a shortcut: the paper's plain networks.</summary>
    Plain,
}

/// <summary>How a network begins.</summary>
public enum StemKind
{
    /// <summary>A 7x7 convolution of stride 2 and a 3x3 max pooling of stride 2, then four stages (Table 1).</summary>
    ImageNet,

    /// <summary>A 3x3 convolution of stride 1, then three stages (section 4.2).</summary>
    Cifar,
}

/// <summary>What a shortcut does where a block changes the dimensions (He et al. 2015, sections 3.3 and 4.1).</summary>
public enum ShortcutOption
{
    /// <summary>
    /// Every other pixel, and zero channels for the missing ones (no parameters). The zeros are shared out evenly before and after
    /// the channels that there are, as in the CIFAR networks that are commonly published.
    /// </summary>
    A,

    /// <summary>A 1x1 convolution where dimensions change, the identity elsewhere. torchvision's way.</summary>
    B,

    /// <summary>A 1x1 convolution in every block.</summary>
    C,
}

/// <summary>Which convolution of a down-sampling bottleneck block has the stride of 2.</summary>
public enum BottleneckStride
{
    /// <summary>The 3x3 convolution: torchvision's networks, known as ResNet v1.5.</summary>
    Middle3x3,

    /// <summary>The first 1x1 convolution: the paper's networks (v1).</summary>
    First1x1,
}

/// <summary>What the shortcut of one particular block is.</summary>
internal enum ShortcutKind
{
    /// <summary>There is none: a block of a plain network.</summary>
    None,

    /// <summary>The block's input as it is.</summary>
    Identity,

    /// <summary>The block's input sub-sampled and padded with zero channels (<see cref="ShortcutOption.A"/>).</summary>
    ZeroPad,

    /// <summary>A 1x1 convolution and its batch norm (<see cref="ShortcutOption.B"/> and <see cref="ShortcutOption.C"/>).</summary>
    Projection,
}
