using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>What the outputs of a graph from elsewhere are, told by the nodes that make them.</summary>
/// <param name="Features">The value that the global average pool gives, or that is the only output; null if there is none.</param>
/// <param name="FeatureCount">How many values that is for an image.</param>
/// <param name="Logits">The scores before softmax or sigmoid; null for a network that gives features only.</param>
/// <param name="Probabilities">The value of a softmax or sigmoid in the graph; null if softmax is still to be applied.</param>
/// <param name="Classes">How many scores there are.</param>
internal sealed record ForeignOutputs(string? Features, int FeatureCount, string? Logits, string? Probabilities, int Classes)
{
    private static readonly HashSet<string> PassThrough =
        ["Identity", "Flatten", "Reshape", "Squeeze", "Dropout", "Cast", "Transpose", "Unsqueeze"];

    private static readonly HashSet<string> Pools = ["GlobalAveragePool", "AveragePool", "ReduceMean", "GlobalMaxPool"];
    private static readonly HashSet<string> Heads = ["Gemm", "MatMul", "Add", "Conv"];

    /// <summary>Tells what the outputs of a graph are.</summary>
    /// <exception cref="InvalidDataException">None is features or scores, or several are scores; the message names them.</exception>
    public static ForeignOutputs Find(GraphProto graph)
    {
        var makers = Makers(graph);
        List<(ValueInfoProto Output, string Kind, string Source)> found = [];
        foreach (var output in graph.Output)
        {
            if (WidthOf(output) is null) continue;
            var maker = MakerOf(output.Name, makers);
            var kind = maker?.OpType ?? "";
            found.Add((output, kind, kind is "Softmax" or "Sigmoid" or "LogSoftmax" ? maker!.Input[0] : output.Name));
        }

        if (found.Count == 0)
        {
            throw new InvalidDataException(
                "The model has no output of features or scores [batch, N]; it has " +
                $"{string.Join(", ", graph.Output.Select(Describe))}.");
        }

        var features = found.Where(each => Pools.Contains(each.Kind)).ToList();
        // The same scores may leave twice: as they are and as probabilities.
        var scores = found.Except(features).GroupBy(each => Bare(each.Source, makers)).ToList();
        if (scores.Count > 1)
        {
            var names = string.Join(", ", scores.Select(group => Describe(group.First().Output)));
            throw new InvalidDataException(
                $"The model has several outputs that may be its scores: {names}. Save it with the one that is meant: in Python, " +
                "onnx.utils.extract_model(path, new_path, inputs, [output]).");
        }

        if (scores.Count == 0) return new(features[0].Output.Name, WidthOf(features[0].Output)!.Value, null, null, 0);
        var group = scores[0].ToList();
        var logits = group[0].Source;
        var probabilities = group.Find(each => each.Kind is "Softmax" or "Sigmoid").Output?.Name;
        var classes = WidthOf(group[0].Output)!.Value;
        if (classes == 1)
        {
            throw new InvalidDataException(
                $"The model's output {Describe(group[0].Output)} is one score for two classes, and a softmax over one value is always 1. " +
                "Give the last layer two outputs: weights 0 and w, biases 0 and b compute the same.");
        }

        var pool = PoolBefore(logits, makers, graph);
        return new(pool, pool is null ? 0 : ChannelsOf(pool, makers, graph), logits, probabilities, classes);
    }

    /// <summary>How an adapted graph makes its probabilities.</summary>
    public static ScoreFunction FunctionOf(GraphProto graph) =>
        MakerOf(ModelFile.ProbabilitiesName, Makers(graph)) is { OpType: "Sigmoid" } ? ScoreFunction.Sigmoid : ScoreFunction.Softmax;

    /// <summary>A value as text, for messages.</summary>
    public static string Describe(ValueInfoProto value)
    {
        var sizes = value.Type?.TensorType?.Shape?.Dim.Select(size => size.DimParam is { Length: > 0 } name ? name : $"{size.DimValue}");
        return $"'{value.Name}' [{string.Join(", ", sizes ?? [])}]";
    }

    /// <summary>The number of values for an image of [batch, N] or [batch, N, 1, 1]; null for other shapes.</summary>
    private static int? WidthOf(ValueInfoProto output) => output.Type?.TensorType?.Shape?.Dim is { Count: 2 or 4 } sizes
        && sizes[1].DimValue > 0 && sizes.Skip(2).All(size => size.DimValue == 1) ? (int)sizes[1].DimValue : null;

    /// <summary>The node that makes a value, nodes that only pass values through left out; null if no node makes it.</summary>
    private static NodeProto? MakerOf(string name, Dictionary<string, NodeProto> makers) => makers.GetValueOrDefault(Bare(name, makers));

    /// <summary>The value behind nodes that only pass it through.</summary>
    private static string Bare(string name, Dictionary<string, NodeProto> makers)
    {
        while (makers.TryGetValue(name, out var node) && PassThrough.Contains(node.OpType)) name = node.Input[0];
        return name;
    }

    /// <summary>What the global average pool before the scores gives; null if there is none.</summary>
    private static string? PoolBefore(string logits, Dictionary<string, NodeProto> makers, GraphProto graph)
    {
        if (MakerOf(logits, makers) is not { } head || !Heads.Contains(head.OpType)) return null;
        var constants = graph.Initializer.Select(tensor => tensor.Name).ToHashSet();
        for (var node = head; node is not null;)
        {
            var input = node.Input.FirstOrDefault(name => !constants.Contains(name) && MakerOf(name, makers) is not { OpType: "Constant" });
            if (input is null) return null;
            if (MakerOf(input, makers) is not { } maker) return null;
            if (Pools.Contains(maker.OpType)) return maker.Output[0];
            node = maker;
        }

        return null;
    }

    /// <summary>The channels of a value: those of the convolution that it comes from.</summary>
    private static int ChannelsOf(string value, Dictionary<string, NodeProto> makers, GraphProto graph)
    {
        while (makers.TryGetValue(value, out var node))
        {
            if (node.OpType == "Conv" && graph.Initializer.FirstOrDefault(tensor => tensor.Name == node.Input[1]) is { } kernel)
                return (int)kernel.Dims[0];
            value = node.Input[0];
        }

        return 0;
    }
}
