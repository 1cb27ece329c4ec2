using System.Runtime.InteropServices;
using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>
/// The shortcut of option A takes every second pixel and adds channels of zeros. A 1x1 convolution with ones and zeros does the same,
/// exactly, also in integers.
/// </summary>
internal sealed class ZeroPaddedShortcut
{
    private readonly GraphProto _graph;
    private readonly Dictionary<string, NodeProto> _makers;
    private readonly Dictionary<string, TensorProto> _constants;

    private ZeroPaddedShortcut(GraphProto graph)
    {
        _graph = graph;
        _makers = Makers(graph);
        _constants = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>Replaces every such shortcut of a graph by its convolution.</summary>
    /// <exception cref="InvalidDataException">Something other than channels is padded.</exception>
    public static void ReplaceAll(GraphProto graph)
    {
        var shortcuts = new ZeroPaddedShortcut(graph);
        foreach (var pad in graph.Node.Where(node => node.OpType == "Pad").ToList()) shortcuts.Replace(pad);
    }

    private void Replace(NodeProto pad)
    {
        var slice = _makers.GetValueOrDefault(pad.Input[0]) is { OpType: "Slice" } found ? found : null;
        var source = slice?.Input[0] ?? pad.Input[0];
        if (Integers(pad.Input[1]) is not [0, var before, 0, 0, 0, var after, 0, 0])
            throw new InvalidDataException($"The operator '{pad.Name}' pads something other than channels.");
        long[] steps = slice is null ? [1, 1] : Integers(slice.Input[4]);
        var inputs = ChannelsOf(source);
        var outputs = inputs + (int)(before + after);
        var ones = new float[outputs * inputs];
        for (var channel = 0; channel < inputs; channel++) ones[(channel + (int)before) * inputs + channel] = 1;

        var added = new OnnxGraph("");
        var name = pad.Output[0];
        var kernel = added.Constant($"{name}.ones", ones, outputs, inputs, 1, 1);
        added.Node("Conv", name, [source, kernel], Attribute("kernel_shape", 1, 1), Attribute("strides", steps));
        var convolution = added.Graph.Node[0];
        _graph.Initializer.Add(added.Graph.Initializer[0]);
        _graph.Node[_graph.Node.IndexOf(pad)] = convolution;
        if (slice is not null) _graph.Node.Remove(slice);
        _constants[kernel] = added.Graph.Initializer[0];
        _makers[name] = convolution;
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
}
