using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>A residual block of a graph: what goes into an addition on two ways from one value.</summary>
/// <param name="Input">The value that both ways begin at.</param>
/// <param name="Convolutions">Those on the longer way, in order.</param>
/// <param name="Projection">The one on the shorter way; null for none.</param>
internal sealed record GraphBlock(string Input, IReadOnlyList<GraphConvolution> Convolutions, GraphConvolution? Projection)
{
    /// <summary>Why a network of He et al. 2016 (arXiv 1603.05027) is not read.</summary>
    public const string Preactivation =
        "batch norm stands before its convolution, as in the second version of ResNet (pre-activation); this project builds the first";

    /// <summary>What lies on the ways; a shortcut without convolution may cut, pool and pad.</summary>
    private static readonly HashSet<string> OnTheWay =
        ["Conv", "BatchNormalization", "Relu", "Identity", "Dropout", "Transpose", "Pad", "Slice", "MaxPool", "AveragePool", "Concat"];

    public int OutChannels => Convolutions[^1].OutChannels;

    /// <summary>How much it sub-samples.</summary>
    public int Stride => Convolutions.Aggregate(1, (product, each) => product * each.Stride);

    /// <summary>Reads the block that ends in an addition.</summary>
    /// <exception cref="InvalidDataException">It is not one of a ResNet; the message says why.</exception>
    public static GraphBlock Read(SimplifiedGraph graph, NodeProto addition)
    {
        var ways = addition.Input.Select(value => Trail(graph, value)).ToList();
        var input = ways[0].Find(ways[1].Contains)
            ?? throw new InvalidDataException($"the two ways into the addition '{addition.Name}' do not begin at one value");
        var convolutions = ways.ConvertAll(way => ConvolutionsOf(graph, way[..way.IndexOf(input)]));
        if (convolutions[0].Count < convolutions[1].Count) convolutions.Reverse();
        if (convolutions is [{ Count: 2 or 3 } main, { Count: <= 1 } around]) return new(input, main, around.FirstOrDefault());
        var count = $"{convolutions[0].Count} and {convolutions[1].Count}";
        throw new InvalidDataException($"a block has {count} convolutions on its two ways; a ResNet's has 2 or 3, and 0 or 1");
    }

    /// <summary>The values on the way back from one, itself first, up to an addition or an input.</summary>
    private static List<string> Trail(SimplifiedGraph graph, string value)
    {
        List<string> trail = [value];
        while (graph.MakerOf(trail[^1]) is { } maker && OnTheWay.Contains(maker.OpType))
            trail.Add(maker.Input.First(input => !graph.IsConstant(input)));
        return trail;
    }

    /// <summary>The convolutions that make some of a trail's values, in the order of the data.</summary>
    private static List<GraphConvolution> ConvolutionsOf(SimplifiedGraph graph, List<string> trail)
    {
        List<GraphConvolution> found = [];
        foreach (var node in Enumerable.Reverse(trail).Select(value => graph.MakerOf(value)!))
        {
            if (node.OpType == "Conv") found.Add(new(graph, node));
            if (node.OpType != "BatchNormalization") continue;
            if (found.Count == 0 || node.Input[0] != found[^1].Output) throw new InvalidDataException(Preactivation);
            found[^1].Take(node);
        }

        return found;
    }

}
