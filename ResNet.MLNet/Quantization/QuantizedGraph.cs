using System.Runtime.InteropServices;
using Google.Protobuf;
using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>
/// Rewrites a float network into ONNX's QDQ form: every value between layers becomes bytes, every kernel signed bytes with a scale for each output channel,
/// every bias 32-bit integers. ONNX Runtime fuses that to integer convolutions, additions and max pooling. What stays float: the subtraction of the mean, the global average pool (so that features keep
/// their precision), the classifier.
/// </summary>
internal sealed class QuantizedGraph
{
    private static readonly HashSet<string> Known = ["Sub", "Div", "Conv", "Relu", "MaxPool", "Add", "GlobalAveragePool", "Flatten", "Gemm", "Softmax", "Slice", "Pad", "Identity", "Reshape", "MatMul"];
    private readonly ModelProto _model;
    private readonly Dictionary<string, NodeProto> _makers;
    private readonly ILookup<string, NodeProto> _users;
    private readonly Dictionary<string, TensorProto> _constants;

    /// <param name="model">The float model; it is changed.</param>
    /// <exception cref="InvalidDataException">It is quantized already, or has operators that are not known.</exception>
    public QuantizedGraph(ModelProto model)
    {
        _model = model;
        var nodes = model.Graph.Node;
        if (nodes.Any(node => node.OpType is "QuantizeLinear" or "DequantizeLinear" || node.OpType.StartsWith("QLinear", StringComparison.Ordinal) || node.OpType is "ConvInteger"))
            throw new InvalidDataException("The model is quantized already.");
        var unknown = nodes.Select(node => node.OpType).Where(type => !Known.Contains(type)).Distinct().ToList();
        if (unknown.Count > 0) throw new InvalidDataException($"The model has operators that are not quantized here: {string.Join(", ", unknown)}.");
        _constants = model.Graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _makers = nodes.SelectMany(node => node.Output.Select(output => (output, node))).ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);
        ReplaceZeroPadding();
        _users = nodes.SelectMany(node => node.Input.Select(input => (input, node))).ToLookup(pair => pair.input, pair => pair.node, StringComparer.Ordinal);
        Values = [.. nodes.Where(node => node.OpType is "Conv" or "Add" or "MaxPool").SelectMany(node => node.OpType == "Conv" ? node.Input.Take(1) : node.Input)
            .Concat(nodes.Where(node => node.OpType == "GlobalAveragePool").Select(node => node.Input[0])).Where(name => !_constants.ContainsKey(name)).Select(SourceOfRange).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The values whose ranges calibration has to find.</summary>
    public IReadOnlyList<string> Values { get; }

    /// <summary>The float network with these values as further outputs, for calibration.</summary>
    public byte[] WithValuesAsOutputs()
    {
        var model = _model.Clone();
        model.Graph.Output.Clear();
        foreach (var name in Values) model.Graph.Output.Add(new ValueInfoProto { Name = name, Type = new() { TensorType = new() { ElemType = (int)TensorProto.Types.DataType.Float } } });
        return model.ToByteArray();
    }

    /// <summary>Writes the integer network.</summary>
    /// <param name="ranges">The range of each of <see cref="Values"/>.</param>
    /// <param name="means">The mean of a channel of such a value, for the correction of biases.</param>
    public ModelProto Quantize(IReadOnlyDictionary<string, QuantizationParameters> ranges, Func<string, int, double> means)
    {
        var added = new OnnxGraph("");
        Dictionary<string, string> dequantized = new(StringComparer.Ordinal);
        HashSet<string> dropped = new(StringComparer.Ordinal);
        foreach (var node in _model.Graph.Node.ToList())
        {
            // A ReLU's zero is the byte's lowest value, so that rounding to bytes does its work.
            if (node.OpType == "Relu" && IsQuantized(node.Output[0])) continue;
            var copy = node.Clone();
            if (node.OpType == "Conv") QuantizeConvolution(added, copy, ranges[SourceOfRange(node.Input[0])], channel => means(SourceOfRange(node.Input[0]), channel), dropped);
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
        foreach (var name in dropped) result.Graph.Initializer.Remove(result.Graph.Initializer.First(tensor => tensor.Name == name));
        result.Graph.Initializer.AddRange(added.Graph.Initializer);
        return result;
    }

    /// <summary>Max pooling only chooses among values, so that it keeps its input's range and no rounding happens.</summary>
    private string SourceOfRange(string name) => _makers.TryGetValue(name, out var maker) && maker.OpType == "MaxPool" ? SourceOfRange(maker.Input[0]) : name;

    /// <summary>The value behind a ReLU that follows alone.</summary>
    private string Final(string name) => _users[name].ToList() is [{ OpType: "Relu" } relu] ? relu.Output[0] : name;

    private bool IsQuantized(string name) => Values.Contains(SourceOfRange(name)) && (_makers[name].OpType is "Conv" or "Add" or "Relu" or "MaxPool" or "Sub" or "Div" or "Identity");

    private static string Insert(OnnxGraph graph, string from, string name, QuantizationParameters range)
    {
        var (scale, zero) = ($"{name}.scale", $"{name}.zero");
        graph.Constant(scale, [range.Scale]);
        graph.Graph.Initializer.Add(new TensorProto { Name = zero, DataType = (int)TensorProto.Types.DataType.Uint8, RawData = ByteString.CopyFrom(range.ZeroPoint) });
        graph.Node("QuantizeLinear", $"{name}.quantized", [from, scale, zero]);
        return graph.Node("DequantizeLinear", $"{name}.dequantized", [$"{name}.quantized", scale, zero]);
    }

    private void QuantizeConvolution(OnnxGraph graph, NodeProto node, QuantizationParameters input, Func<int, double> meanOf, HashSet<string> dropped)
    {
        var (weight, kernel) = (node.Input[1], Floats(_constants[node.Input[1]]));
        int[] shape = [.. _constants[weight].Dims.Select(size => (int)size)];
        var (outputs, count) = (shape[0], kernel.Length / shape[0]);
        var area = count / shape[1];
        var bias = node.Input.Count > 2 ? Floats(_constants[node.Input[2]]) : new float[outputs];
        var (bytes, scales, integers, biasScales) = (new sbyte[kernel.Length], new float[outputs], new int[outputs], new float[outputs]);
        for (var output = 0; output < outputs; output++)
        {
            var part = kernel.AsSpan(output * count, count);
            var greatest = 0f;
            foreach (var value in part) greatest = Math.Max(greatest, Math.Abs(value));
            var scale = greatest > 0 ? greatest / sbyte.MaxValue : 1;
            // What rounding the kernel does to the mean of the output, the bias takes back.
            double shift = 0;
            for (var i = 0; i < count; i++)
            {
                var rounded = (sbyte)Math.Clamp(MathF.Round(part[i] / scale), -sbyte.MaxValue, sbyte.MaxValue);
                bytes[output * count + i] = rounded;
                shift += (part[i] - rounded * (double)scale) * meanOf(i / area);
            }

            scales[output] = scale;
            biasScales[output] = scale * input.Scale;
            integers[output] = (int)Math.Clamp(Math.Round((bias[output] + shift) / biasScales[output]), int.MinValue, int.MaxValue);
        }

        var name = node.Output[0];
        Add($"{name}.kernel", TensorProto.Types.DataType.Int8, MemoryMarshal.AsBytes<sbyte>(bytes), shape);
        Add($"{name}.kernel.zero", TensorProto.Types.DataType.Int8, new byte[outputs], outputs);
        graph.Constant($"{name}.kernel.scale", scales, outputs);
        Add($"{name}.integer.bias", TensorProto.Types.DataType.Int32, MemoryMarshal.AsBytes<int>(integers), outputs);
        Add($"{name}.integer.bias.zero", TensorProto.Types.DataType.Int32, new byte[4 * outputs], outputs);
        graph.Constant($"{name}.integer.bias.scale", biasScales, outputs);
        foreach (var old in node.Input.Skip(1)) dropped.Add(old);
        node.Input[1] = graph.Node("DequantizeLinear", $"{name}.kernel.dequantized", [$"{name}.kernel", $"{name}.kernel.scale", $"{name}.kernel.zero"], Attribute("axis", 0L));
        var shifted = graph.Node("DequantizeLinear", $"{name}.bias.dequantized", [$"{name}.integer.bias", $"{name}.integer.bias.scale", $"{name}.integer.bias.zero"], Attribute("axis", 0L));
        if (node.Input.Count > 2) node.Input[2] = shifted;
        else node.Input.Add(shifted);

        void Add(string tensor, TensorProto.Types.DataType type, ReadOnlySpan<byte> raw, params ReadOnlySpan<int> dimensions)
        {
            var made = new TensorProto { Name = tensor, DataType = (int)type, RawData = ByteString.CopyFrom(raw) };
            foreach (var size in dimensions) made.Dims.Add(size);
            graph.Graph.Initializer.Add(made);
        }
    }

    /// <summary>
    /// The shortcut of option A takes every second pixel and adds channels of zeros. A 1x1 convolution with ones and zeros does the same, exactly, also in integers.
    /// </summary>
    private void ReplaceZeroPadding()
    {
        var nodes = _model.Graph.Node;
        foreach (var pad in nodes.Where(node => node.OpType == "Pad").ToList())
        {
            var slice = _makers.GetValueOrDefault(pad.Input[0]) is { OpType: "Slice" } found ? found : null;
            var source = slice?.Input[0] ?? pad.Input[0];
            var pads = Integers(pad.Input[1]);
            if (pads is not [0, var before, 0, 0, 0, var after, 0, 0]) throw new InvalidDataException($"The operator '{pad.Name}' pads something else than channels.");
            long[] steps = slice is null ? [1, 1] : Integers(slice.Input[4]);
            var inputs = ChannelsOf(source);
            var outputs = inputs + (int)(before + after);
            var ones = new float[outputs * inputs];
            for (var channel = 0; channel < inputs; channel++) ones[(channel + (int)before) * inputs + channel] = 1;
            var builder = new OnnxGraph("");
            var name = pad.Output[0];
            builder.Constant($"{name}.ones", ones, outputs, inputs, 1, 1);
            builder.Node("Conv", name, [source, $"{name}.ones"], Attribute("kernel_shape", 1, 1), Attribute("strides", steps));
            _model.Graph.Initializer.Add(builder.Graph.Initializer[0]);
            _constants[$"{name}.ones"] = builder.Graph.Initializer[0];
            _makers[name] = builder.Graph.Node[0];
            nodes[nodes.IndexOf(pad)] = builder.Graph.Node[0];
            if (slice is not null) nodes.Remove(slice);
        }
    }

    private int ChannelsOf(string value)
    {
        var maker = _makers[value];
        return maker.OpType == "Conv" ? (int)_constants[maker.Input[1]].Dims[0] : ChannelsOf(maker.Input[0]);
    }

    private long[] Integers(string name)
    {
        var tensor = _constants[name];
        return tensor.Int64Data.Count > 0 ? [.. tensor.Int64Data] : MemoryMarshal.Cast<byte, long>(tensor.RawData.Span).ToArray();
    }

    private static float[] Floats(TensorProto tensor) => tensor.FloatData.Count > 0 ? [.. tensor.FloatData] : MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();
}
