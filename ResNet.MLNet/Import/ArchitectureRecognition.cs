using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>Tells from names and shapes which network weights belong to.</summary>
internal static partial class ArchitectureRecognition
{
    /// <summary>
    /// The architecture of weights that have torchvision's names. What names and shapes do not tell is taken as usual: shortcuts (a plain
    /// network and option A have the same weights) and v1.5 strides.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not a ResNet that this project knows; the message says what is different.</exception>
    public static ResNetArchitecture Recognize(StateDict weights)
    {
        var stem = ShapeOf(weights, "conv1.weight");
        if (stem is not [var width, 3, var kernel, var kernelWidth] || kernel != kernelWidth)
            throw Unknown($"the first convolution is [{string.Join(", ", stem)}]");
        // Without a classifier it gives features only.
        var classes = weights.ContainsKey("fc.weight") ? ShapeOf(weights, "fc.weight")[0] : 0;
        var blocks = BlocksOf(weights);
        var isBottleneck = weights.ContainsKey("layer1.0.conv3.weight");
        var kind = isBottleneck ? "bottleneck" : "basic";
        var problem = $"a {kernel}x{kernel} stem of {width} channels and stages of {string.Join(", ", blocks)} {kind} blocks";
        try
        {
            var found = StemOf(kernel, isBottleneck) ?? throw Unknown(problem);
            found = found with { StageBlocks = blocks, Classes = classes, Width = width, Shortcut = ShortcutOf(weights, isBottleneck) };
            return isBottleneck ? WithGroups(found, weights) : found;
        }
        catch (ArgumentException)
        {
            throw Unknown(problem);
        }
    }

    /// <summary>Any network with that stem and those blocks; null if there is none.</summary>
    private static ResNetArchitecture? StemOf(int kernel, bool isBottleneck) => (kernel, isBottleneck) switch
    {
        (7, true) => ResNetArchitecture.ResNet50,
        (7, false) => ResNetArchitecture.ResNet18,
        (3, true) => ResNetArchitecture.Parse("cifar-resnet20:bottleneck"),
        (3, false) => ResNetArchitecture.CifarResNet(20),
        _ => null,
    };

    /// <summary>Takes groups and their width from the first block's 3x3 convolution.</summary>
    private static ResNetArchitecture WithGroups(ResNetArchitecture network, StateDict weights)
    {
        var shape = ShapeOf(weights, "layer1.0.conv2.weight");
        if (shape is not [var inside and > 0, var ofGroup and > 0, 3, 3] || inside % ofGroup != 0)
            throw Unknown($"'layer1.0.conv2.weight' is [{string.Join(", ", shape)}]");
        // torchvision's formula backwards, rounded up as it rounds down.
        return network with { Groups = inside / ofGroup, WidthPerGroup = (ofGroup * 64 + network.Width - 1) / network.Width };
    }

    /// <summary>The number of blocks in each stage.</summary>
    private static int[] BlocksOf(StateDict weights)
    {
        var blocks = new SortedDictionary<int, int>();
        foreach (var match in weights.Keys.Select(name => Block().Match(name)).Where(match => match.Success))
        {
            var stage = int.Parse(match.Groups["stage"].Value);
            var count = int.Parse(match.Groups["block"].Value) + 1;
            blocks[stage] = Math.Max(blocks.GetValueOrDefault(stage), count);
        }

        return [.. blocks.Values];
    }

    /// <summary>
    /// No projections: A. One in a block that changes nothing (the first of all, if it is a basic block, or the second of a stage): C. Else
    /// B.
    /// </summary>
    private static ShortcutOption ShortcutOf(StateDict weights, bool isBottleneck)
    {
        var projections = weights.Keys.Where(name => name.EndsWith(".downsample.0.weight", StringComparison.Ordinal)).ToList();
        if (projections.Count == 0) return ShortcutOption.A;
        var inLaterBlock = projections.Exists(name => !name.EndsWith(".0.downsample.0.weight", StringComparison.Ordinal));
        var inFirstBlock = !isBottleneck && projections.Contains("layer1.0.downsample.0.weight");
        return inLaterBlock || inFirstBlock ? ShortcutOption.C : ShortcutOption.B;
    }

    private static IReadOnlyList<int> ShapeOf(StateDict weights, string name) =>
        weights.TryGetValue(name, out var tensor) && tensor.Shape.Count > 0 ? tensor.Shape : throw Unknown($"there is no tensor '{name}'");

    private static InvalidDataException Unknown(string what) => new(
        $"These weights are not a ResNet that is known here: {what}. Known are networks with a 7x7 stem (ImageNet) or a 3x3 stem " +
        "(CIFAR), then 1 to 6 stages of basic or bottleneck blocks, with groups too (ResNeXt). If you know the architecture, name it.");

    [GeneratedRegex(@"^layer(?<stage>[1-9])\.(?<block>\d{1,4})\.")]
    private static partial Regex Block();
}
