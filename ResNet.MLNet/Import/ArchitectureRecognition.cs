using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>Tells from names and shapes which network weights belong to.</summary>
internal static partial class ArchitectureRecognition
{
    /// <summary>
    /// The architecture of weights that have torchvision's names. What names and shapes do not tell is taken as usual: shortcuts (a plain network and option A have the
    /// same weights) and v1.5 strides.
    /// </summary>
    /// <exception cref="InvalidDataException">It is no ResNet that this project knows; the message says what is different.</exception>
    public static ResNetArchitecture Recognize(StateDict weights)
    {
        var stem = Shape("conv1.weight");
        if (stem is not [var width, 3, var kernel, var kernelWidth] || kernel != kernelWidth)
            throw Unknown($"the first convolution is [{string.Join(", ", stem)}]");
        var classes = Shape("fc.weight")[0];
        var blocks = new SortedDictionary<int, int>();
        foreach (var match in weights.Keys.Select(name => Block().Match(name)).Where(match => match.Success))
        {
            var (stage, index) = (int.Parse(match.Groups[1].Value), int.Parse(match.Groups[2].Value));
            blocks[stage] = Math.Max(blocks.GetValueOrDefault(stage), index + 1);
        }

        var bottleneck = weights.ContainsKey("layer1.0.conv3.weight");
        var candidates = Candidates([.. blocks.Values], bottleneck, kernel).Select(candidate => candidate with { Classes = classes, Width = width }).ToList();
        if (candidates.Count == 0)
            throw Unknown($"a {kernel}x{kernel} stem of {width} channels and stages of {string.Join(", ", blocks.Values)} {(bottleneck ? "bottleneck" : "basic")} blocks");
        var wanted = ShortcutOf(weights, bottleneck);
        return candidates[0].Shortcut == wanted ? candidates[0] : candidates[0] with { Shortcut = wanted };

        IReadOnlyList<int> Shape(string name) => weights.TryGetValue(name, out var tensor) && tensor.Shape.Count > 0 ? tensor.Shape : throw Unknown($"there is no tensor '{name}'");
    }

    private static IEnumerable<ResNetArchitecture> Candidates(int[] blocks, bool bottleneck, int kernel)
    {
        if (kernel == 7)
        {
            return ResNetArchitecture.All.Where(known => known.Stem == StemKind.ImageNet && known.Block != BlockKind.Plain
                && known.Block == (bottleneck ? BlockKind.Bottleneck : BlockKind.Basic) && known.StageBlocks.SequenceEqual(blocks));
        }

        return kernel == 3 && !bottleneck && blocks is [var n, var second, var third] && n == second && n == third && n is >= 1 and <= 1000
            ? [ResNetArchitecture.CifarResNet(6 * n + 2)]
            : [];
    }

    /// <summary>No projections: A. One in a block that changes nothing (the first of all, if it is a basic block, or the second of a stage): C. Else B.</summary>
    private static ShortcutOption ShortcutOf(StateDict weights, bool bottleneck)
    {
        var projections = weights.Keys.Where(name => name.EndsWith(".downsample.0.weight", StringComparison.Ordinal)).ToList();
        if (projections.Count == 0) return ShortcutOption.A;
        var all = projections.Exists(name => !name.EndsWith(".0.downsample.0.weight", StringComparison.Ordinal)) || (!bottleneck && projections.Contains("layer1.0.downsample.0.weight"));
        return all ? ShortcutOption.C : ShortcutOption.B;
    }

    private static InvalidDataException Unknown(string what) => new(
        $"These weights are no ResNet that is known here: {what}. Known are ResNet-18, 34, 50, 101, 152 and the CIFAR networks of 6n+2 layers. If you know the architecture, name it.");

    [GeneratedRegex(@"^layer([1-9])\.(\d{1,4})\.")]
    private static partial Regex Block();
}
