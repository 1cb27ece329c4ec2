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
        var classes = ShapeOf(weights, "fc.weight")[0];
        var blocks = BlocksOf(weights);
        var isBottleneck = weights.ContainsKey("layer1.0.conv3.weight");
        if (Find(blocks, isBottleneck, kernel) is not { } found)
        {
            var kind = isBottleneck ? "bottleneck" : "basic";
            throw Unknown($"a {kernel}x{kernel} stem of {width} channels and stages of {string.Join(", ", blocks)} {kind} blocks");
        }

        return found with { Classes = classes, Width = width, Shortcut = ShortcutOf(weights, isBottleneck) };
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

    private static ResNetArchitecture? Find(int[] blocks, bool isBottleneck, int kernel)
    {
        var kind = isBottleneck ? BlockKind.Bottleneck : BlockKind.Basic;
        if (kernel == 7)
        {
            return ResNetArchitecture.All.FirstOrDefault(known =>
                known.Stem == StemKind.ImageNet && known.Block == kind && known.StageBlocks.SequenceEqual(blocks));
        }

        if (kernel != 3 || isBottleneck || blocks is not [>= 1 and <= 1000, _, _] || blocks.Distinct().Count() > 1) return null;
        return ResNetArchitecture.CifarResNet(6 * blocks[0] + 2);
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
        $"These weights are not a ResNet that is known here: {what}. Known are ResNet-18, 34, 50, 101, 152 and the CIFAR networks of " +
        "6n+2 layers. If you know the architecture, name it.");

    [GeneratedRegex(@"^layer(?<stage>[1-9])\.(?<block>\d{1,4})\.")]
    private static partial Regex Block();
}
