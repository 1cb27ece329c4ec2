using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// Rewrites a float network into ONNX's QDQ form: every value between layers becomes bytes, every kernel signed bytes with a scale for each
/// output channel, every bias 32-bit integers. ONNX Runtime fuses that to integer convolutions, additions and max pooling. What stays
/// float: the subtraction of the mean, the global average pool (so that features keep their precision), the classifier.
/// </summary>
internal sealed class QuantizedGraph
{
    private static readonly HashSet<string> Known =
    [
        "Sub", "Div", "Conv", "Relu", "MaxPool", "Add", "GlobalAveragePool", "Flatten", "Gemm", "Softmax", "Sigmoid", "Slice", "Pad",
        "Identity", "Reshape", "MatMul", "Gather",
    ];

    /// <summary>The operators whose results become bytes, if a range was found for them.</summary>
    private static readonly HashSet<string> MakersOfBytes = ["Conv", "Add", "Relu", "MaxPool", "Sub", "Div", "Identity", "Gather"];

    private readonly ModelProto _model;
    private readonly Dictionary<string, TensorProto> _constants;
    private readonly Dictionary<string, NodeProto> _makers;
    private readonly ILookup<string, NodeProto> _users;

    /// <param name="model">The float model; it is changed.</param>
    /// <exception cref="InvalidDataException">It is quantized already, or has operators that are not known.</exception>
    public QuantizedGraph(ModelProto model)
    {
        EnsureIsFloat(model.Graph);
        ZeroPaddedShortcut.ReplaceAll(model.Graph);
        OnnxGraph.RemoveUnused(model.Graph);
        _model = model;
        _constants = model.Graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _makers = OnnxGraph.Makers(model.Graph);
        _users = model.Graph.Node.SelectMany(node => node.Input.Select(input => (input, node)))
            .ToLookup(pair => pair.input, pair => pair.node, StringComparer.Ordinal);
        Values = [.. FindValues(model.Graph)];
    }

    /// <summary>The values whose ranges calibration has to find.</summary>
    public IReadOnlyList<string> Values { get; }

    /// <summary>The float network with these values as its outputs, for calibration.</summary>
    public byte[] WithValuesAsOutputs()
    {
        var model = _model.Clone();
        model.Graph.Output.Clear();
        foreach (var name in Values) model.Graph.Output.Add(OnnxGraph.FloatValue(name));
        OnnxGraph.RemoveUnused(model.Graph);
        return model.ToByteArray();
    }

    /// <summary>Writes the integer network.</summary>
    /// <param name="ranges">The range of each of <see cref="Values"/>.</param>
    /// <param name="meanOf">Gives the mean of a channel of such a value, for the correction of biases.</param>
    public ModelProto Quantize(IReadOnlyDictionary<string, QuantizationParameters> ranges, Func<string, int, double> meanOf)
    {
        var added = new OnnxGraph("");
        Dictionary<string, string> dequantized = new(StringComparer.Ordinal);
        foreach (var node in _model.Graph.Node)
        {
            // A ReLU's zero is the byte's lowest value, so that rounding to bytes does its work.
            if (node.OpType == "Relu" && IsQuantized(node.Output[0])) continue;
            var copy = node.Clone();
            if (node.OpType == "Conv")
            {
                var input = SourceOfRange(node.Input[0]);
                var convolution = new QuantizedConvolution(node, _constants, ranges[input].Scale, channel => meanOf(input, channel));
                convolution.Replace(copy, added);
            }

            for (var i = 0; i < copy.Input.Count; i++)
            {
                if (dequantized.TryGetValue(copy.Input[i], out var bytes)) copy.Input[i] = bytes;
            }

            added.Graph.Node.Add(copy);
            var made = Final(node.Output[0]);
            if (IsQuantized(made)) dequantized[made] = Insert(added, node.Output[0], made, ranges[SourceOfRange(made)]);
        }

        var result = _model.Clone();
        result.Graph.Node.Clear();
        result.Graph.Node.AddRange(added.Graph.Node);
        result.Graph.Initializer.AddRange(added.Graph.Initializer);
        OnnxGraph.RemoveUnused(result.Graph);
        return result;
    }

    private static void EnsureIsFloat(GraphProto graph)
    {
        if (graph.Node.Any(node => IsOfIntegers(node.OpType))) throw new InvalidDataException("The model is quantized already.");
        var unknown = graph.Node.Select(node => node.OpType).Where(type => !Known.Contains(type)).Distinct().ToList();
        if (unknown.Count > 0)
            throw new InvalidDataException($"The model has operators that are not quantized here: {string.Join(", ", unknown)}.");
    }

    private static bool IsOfIntegers(string type) =>
        type is "QuantizeLinear" or "DequantizeLinear" or "ConvInteger" || type.StartsWith("QLinear", StringComparison.Ordinal);

    /// <summary>What goes into convolutions, additions and max pooling, and then what goes into the global average pool.</summary>
    private IEnumerable<string> FindValues(GraphProto graph)
    {
        var inputs = graph.Node.Where(node => node.OpType is "Conv" or "Add" or "MaxPool")
            .SelectMany(node => node.OpType == "Conv" ? node.Input.Take(1) : node.Input);
        var pooled = graph.Node.Where(node => node.OpType == "GlobalAveragePool").Select(node => node.Input[0]);
        return inputs.Concat(pooled).Where(name => !_constants.ContainsKey(name)).Select(SourceOfRange).Distinct(StringComparer.Ordinal);
    }

    /// <summary>Max pooling only chooses among values, so that it keeps its input's range and no rounding happens.</summary>
    private string SourceOfRange(string name) =>
        _makers.TryGetValue(name, out var maker) && maker.OpType == "MaxPool" ? SourceOfRange(maker.Input[0]) : name;

    /// <summary>The value behind a ReLU that follows alone.</summary>
    private string Final(string name) => _users[name].ToList() is [{ OpType: "Relu" } relu] ? relu.Output[0] : name;

    private bool IsQuantized(string name) => Values.Contains(SourceOfRange(name)) && MakersOfBytes.Contains(_makers[name].OpType);

    /// <summary>Adds the rounding of a value to bytes; gives the value that the bytes stand for.</summary>
    private static string Insert(OnnxGraph graph, string from, string name, QuantizationParameters range)
    {
        var scale = graph.Constant($"{name}.scale", [range.Scale]);
        var zero = graph.Constant($"{name}.zero", TensorProto.Types.DataType.Uint8, [range.ZeroPoint]);
        var bytes = graph.Node("QuantizeLinear", $"{name}.quantized", [from, scale, zero]);
        return graph.Node("DequantizeLinear", LayerGraph.QuantizedName(name), [bytes, scale, zero]);
    }
}
