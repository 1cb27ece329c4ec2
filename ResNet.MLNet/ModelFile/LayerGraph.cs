using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>Changes the graph of a network, so that it gives what lies between its input and its scores.</summary>
internal static class LayerGraph
{
    /// <summary>The output with the logits that each place of the last map would have by itself: [places, classes].</summary>
    public const string PlaceLogits = "places." + ModelFile.LogitsName;

    /// <summary>Gives a graph other outputs, and removes what they do not need.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="values">The values, as a float network names them.</param>
    /// <returns>The values' names in this graph: those of a network of integers are other ones.</returns>
    /// <exception cref="InvalidDataException">The graph has no such value.</exception>
    public static string[] SetOutputs(ModelProto model, IEnumerable<string> values)
    {
        var makers = OnnxGraph.Makers(model.Graph);
        string[] names = [.. values.Select(NameOf)];
        model.Graph.Output.Clear();
        model.Graph.Output.AddRange(names.Distinct(StringComparer.Ordinal).Select(name => OnnxGraph.FloatValue(name)));
        OnnxGraph.RemoveUnused(model.Graph);
        return names;

        string NameOf(string value)
        {
            var dequantized = QuantizedName(value);
            if (makers.ContainsKey(dequantized)) return dequantized;
            return makers.ContainsKey(value) ? value : throw new InvalidDataException($"The graph has no value '{value}'.");
        }
    }

    /// <summary>The name of the floats that the bytes of a value stand for.</summary>
    public static string QuantizedName(string value) => $"{value}.dequantized";

    /// <summary>
    /// Adds <see cref="PlaceLogits"/>: what follows the global average pool, once more, for each place in place of their mean. What
    /// follows is linear up to the logits, so the mean of the places' logits is the image's (class activation maps; Zhou et al. 2016).
    /// </summary>
    /// <param name="model">A model for one image; it is changed.</param>
    /// <param name="features">Channels of the last map.</param>
    /// <returns>The name of the last map.</returns>
    /// <exception cref="InvalidDataException">The graph does not end in a mean over all places.</exception>
    public static string AddPlaces(ModelProto model, int features)
    {
        var graph = model.Graph;
        var pool = FindPool(graph)
            ?? throw new InvalidDataException("The network does not end in a global average pool, so its places cannot be told apart.");
        var map = pool.Input[0];
        var added = new OnnxGraph("");
        var isSquare = pool.OpType == "GlobalAveragePool" || !pool.Attribute.Any(attribute => attribute is { Name: "keepdims", I: 0 });
        // [1, channels, height, width] to [places, channels, 1, 1], or without the ones where the pool leaves them out.
        added.Node("Transpose", "places.last", [map], OnnxGraph.Attribute("perm", 0, 2, 3, 1));
        ReadOnlySpan<long> shape = isSquare ? [-1, features, 1, 1] : [-1, features];
        added.Constant("places.shape", shape);
        var places = added.Node("Reshape", "places", ["places.last", "places.shape"]);
        Dictionary<string, string> renamed = new(StringComparer.Ordinal) { [pool.Output[0]] = places };
        foreach (var node in graph.Node.SkipWhile(node => node != pool).Skip(1))
        {
            if (!node.Input.Any(renamed.ContainsKey)) continue;
            var copy = node.Clone();
            copy.Name = $"places.{node.Name}";
            for (var i = 0; i < copy.Input.Count; i++) copy.Input[i] = renamed.GetValueOrDefault(copy.Input[i], copy.Input[i]);
            for (var i = 0; i < copy.Output.Count; i++) copy.Output[i] = renamed[copy.Output[i]] = $"places.{copy.Output[i]}";
            added.Graph.Node.Add(copy);
        }

        graph.Node.AddRange(added.Graph.Node);
        graph.Initializer.AddRange(added.Graph.Initializer);
        return map;
    }

    /// <summary>The node that makes one value of each channel; null if there is none.</summary>
    private static NodeProto? FindPool(GraphProto graph)
    {
        var makers = OnnxGraph.Makers(graph);
        var value = ModelFile.FeaturesName;
        while (makers.TryGetValue(value, out var maker))
        {
            if (maker.OpType == "GlobalAveragePool" || maker.OpType == "ReduceMean" && IsOverPlaces(maker)) return maker;
            if (maker.OpType is not ("Flatten" or "Reshape" or "Squeeze" or "Identity")) return null;
            value = maker.Input[0];
        }

        return null;
    }

    private static bool IsOverPlaces(NodeProto node) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == "axes")?.Ints is [2, 3] or [-2, -1];
}
