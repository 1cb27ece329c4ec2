namespace ResNet.MLNet;

/// <summary>A layer with weights, for display (see <see cref="ResNetArchitecture.Layers"/>).</summary>
/// <param name="Name">The name in the state dict, such as <c>layer1.0.conv1</c> or <c>fc</c>.</param>
/// <param name="Inputs">Channels or features in.</param>
/// <param name="Outputs">Channels, or classes, out.</param>
/// <param name="Kernel">Height and width of the convolution's kernel, in pixels; null for the fully connected layer.</param>
/// <param name="Stride">The convolution's stride in both directions, 1 or 2; null for the fully connected layer.</param>
public sealed record ResNetLayer(string Name, int Inputs, int Outputs, int? Kernel, int? Stride)
{
    /// <summary>Groups of the convolution, each of which sees its own channels only. Default: 1.</summary>
    public int Groups { get; init; } = 1;
}

/// <summary>A convolution without bias and the batch norm behind it, with their names in the state dict.</summary>
/// <param name="Name">The convolution's name, such as <c>layer1.0.conv1</c>; its one tensor is <c>NAME.weight</c>.</param>
/// <param name="NormName">The batch norm's name, such as <c>layer1.0.bn1</c>.</param>
/// <param name="InChannels">Channels in.</param>
/// <param name="OutChannels">Channels out.</param>
/// <param name="Kernel">Height and width of the kernel, in pixels.</param>
/// <param name="Stride">Stride in both directions.</param>
internal sealed record ConvolutionLayer(string Name, string NormName, int InChannels, int OutChannels, int Kernel, int Stride)
{
    /// <summary>The groups of channels that are convolved apart.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Channels in of one group: the second dimension of the weight.</summary>
    public int GroupChannels => InChannels / Groups;

    /// <summary>The shape of the weight.</summary>
    public int[] WeightShape => [OutChannels, GroupChannels, Kernel, Kernel];

    /// <summary>Zero padding on each side: half the kernel, so that stride 1 keeps the size. A 1x1 convolution has none.</summary>
    public int Padding => Kernel / 2;

    /// <summary>The size that comes out of this layer for a size that goes in, in pixels.</summary>
    public int OutputSize(int size) => (size + 2 * Padding - Kernel) / Stride + 1;
}

/// <summary>The path around a block's convolutions.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Stride">How it sub-samples: 1 or 2.</param>
/// <param name="InChannels">Channels in.</param>
/// <param name="OutChannels">Channels out.</param>
/// <param name="Projection">The 1x1 convolution, if <paramref name="Kind"/> is <see cref="ShortcutKind.Projection"/>.</param>
internal sealed record Shortcut(ShortcutKind Kind, int Stride, int InChannels, int OutChannels, ConvolutionLayer? Projection)
{
    /// <summary>Zero channels in front, for <see cref="ShortcutKind.ZeroPad"/>.</summary>
    public int PadBefore => (OutChannels - InChannels) / 2;

    /// <summary>Zero channels behind, for <see cref="ShortcutKind.ZeroPad"/>.</summary>
    public int PadAfter => OutChannels - InChannels - PadBefore;
}

/// <summary>
/// One block: convolutions, each followed by batch norm; ReLU after each but the last; then the shortcut is added and a last ReLU
/// follows.
/// </summary>
/// <param name="Name">The name in the state dict, such as <c>layer1.0</c>.</param>
/// <param name="Stage">The stage it belongs to, from 1.</param>
/// <param name="Convolutions">Two (basic, plain) or three (bottleneck).</param>
/// <param name="Shortcut">The path around them.</param>
internal sealed record ResNetBlock(string Name, int Stage, IReadOnlyList<ConvolutionLayer> Convolutions, Shortcut Shortcut)
{
    /// <summary>Channels in.</summary>
    public int InChannels => Convolutions[0].InChannels;

    /// <summary>Channels out.</summary>
    public int OutChannels => Convolutions[^1].OutChannels;
}

/// <summary>The fully connected layer at the end.</summary>
/// <param name="Name">The name in the state dict: <c>fc</c>.</param>
/// <param name="InFeatures">Features in.</param>
/// <param name="OutFeatures">Classes out.</param>
internal sealed record LinearLayer(string Name, int InFeatures, int OutFeatures)
{
    /// <summary>The name of the weight, [out, in].</summary>
    public string WeightName => $"{Name}.weight";

    /// <summary>The name of the bias.</summary>
    public string BiasName => $"{Name}.bias";
}

/// <summary>A tensor of the state dict: its name and shape.</summary>
/// <param name="Name">Such as <c>layer1.0.conv1.weight</c>.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="IsParameter">True for what is trained, false for the running statistics of batch norm.</param>
internal sealed record TensorSpec(string Name, IReadOnlyList<int> Shape, bool IsParameter)
{
    /// <summary>The number of values.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
