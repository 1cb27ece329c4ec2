using System.Runtime.InteropServices;
using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>Adds nodes and constants to an ONNX graph. Each node is named as the one value that it makes.</summary>
internal sealed class OnnxGraph(string name)
{
    public GraphProto Graph { get; } = new() { Name = name };

    public string Input(string value, params ReadOnlySpan<object> dimensions)
    {
        Graph.Input.Add(FloatValue(value, dimensions));
        return value;
    }

    public void Output(string value, params ReadOnlySpan<object> dimensions) => Graph.Output.Add(FloatValue(value, dimensions));

    public string Constant(string value, float[] values, params ReadOnlySpan<int> shape)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("ONNX files are written on little-endian machines only.");
        var bytes = new byte[(long)values.Length * sizeof(float)];
        MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes);
        var tensor = new TensorProto
        {
            Name = value,
            DataType = (int)TensorProto.Types.DataType.Float,
            RawData = UnsafeByteOperations.UnsafeWrap(bytes),
        };
        foreach (var size in shape) tensor.Dims.Add(size);
        Graph.Initializer.Add(tensor);
        return value;
    }

    public string Constant(string value, TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, params ReadOnlySpan<int> shape)
    {
        var tensor = new TensorProto { Name = value, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        foreach (var size in shape) tensor.Dims.Add(size);
        Graph.Initializer.Add(tensor);
        return value;
    }

    public string Constant(string value, params ReadOnlySpan<long> values)
    {
        var tensor = new TensorProto { Name = value, DataType = (int)TensorProto.Types.DataType.Int64, Dims = { values.Length } };
        foreach (var number in values) tensor.Int64Data.Add(number);
        Graph.Initializer.Add(tensor);
        return value;
    }

    /// <summary>What is subtracted from raw pixels, 0 to 255: [1, 3, 1, 1], or [1, 3, size, size] if there is a mean image.</summary>
    public string MeanOf(ImagePreprocessing preprocessing, string value)
    {
        var mean = preprocessing.Mean;
        if (preprocessing.MeanImage is not { } image) return Constant(value, [255 * mean.R, 255 * mean.G, 255 * mean.B], 1, 3, 1, 1);
        return Constant(value, Array.ConvertAll(image.Values.ToArray(), each => 255 * each), 1, 3, image.Size, image.Size);
    }

    public string Node(string operation, string output, IEnumerable<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = operation, Name = output, Output = { output }, Input = { inputs } };
        foreach (var attribute in attributes) node.Attribute.Add(attribute);
        Graph.Node.Add(node);
        return output;
    }

    /// <summary>Lets every node that takes one value take another.</summary>
    public static void RenameInput(GraphProto graph, string from, string to)
    {
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                if (node.Input[i] == from) node.Input[i] = to;
            }
        }
    }

    /// <summary>
    /// Removes the nodes and constants that no output needs. ONNX Runtime would remove them, too, with a warning for each on the console.
    /// </summary>
    public static void RemoveUnused(GraphProto graph)
    {
        HashSet<string> needed = [.. graph.Output.Select(output => output.Name)];
        // Nodes stand behind those whose values they take.
        for (var i = graph.Node.Count - 1; i >= 0; i--)
        {
            if (graph.Node[i].Output.Any(needed.Contains)) needed.UnionWith(ValuesOf(graph.Node[i]));
            else graph.Node.RemoveAt(i);
        }

        foreach (var unused in graph.Initializer.Where(tensor => !needed.Contains(tensor.Name)).ToList()) graph.Initializer.Remove(unused);
    }

    /// <summary>Makes initializers of the nodes that are constants, which is where everything here looks for them.</summary>
    public static void LiftConstants(GraphProto graph)
    {
        foreach (var node in graph.Node.Where(node => node.OpType == "Constant").ToList())
        {
            if (node.Attribute is not [{ Name: "value", T: { } tensor }]) continue;
            tensor.Name = node.Output[0];
            graph.Initializer.Add(tensor);
            graph.Node.Remove(node);
        }
    }

    /// <summary>Checks that each value is made once, before it is used, as ONNX wants it; so that walks through the graph end.</summary>
    /// <exception cref="InvalidDataException">It is not so; the message names the value.</exception>
    public static void EnsureOrdered(GraphProto graph)
    {
        HashSet<string> known = new(StringComparer.Ordinal) { "" };
        known.UnionWith(graph.Input.Select(value => value.Name));
        known.UnionWith(graph.Initializer.Select(tensor => tensor.Name));
        foreach (var node in graph.Node)
        {
            if (node.Input.FirstOrDefault(input => !known.Contains(input)) is { } missing)
                throw new InvalidDataException($"The graph is damaged: '{missing}' is used before it is made, or nothing makes it.");
            if (node.Output.FirstOrDefault(output => output.Length > 0 && !known.Add(output)) is { } twice)
                throw new InvalidDataException($"The graph is damaged: '{twice}' is made twice.");
        }
    }

    /// <summary>The node that makes each value.</summary>
    public static Dictionary<string, NodeProto> Makers(GraphProto graph)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output) makers[output] = node;
        }

        return makers;
    }

    public static AttributeProto Attribute(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.Kind.Int, I = value };

    public static AttributeProto Attribute(string name, params long[] values) =>
        new() { Name = name, Type = AttributeProto.Types.Kind.Ints, Ints = { values } };

    /// <summary>A float tensor; a dimension is a number or the name of a free one.</summary>
    /// <summary>The values that a node takes, those inside its subgraphs included.</summary>
    private static IEnumerable<string> ValuesOf(NodeProto node)
    {
        var graphs = node.Attribute.SelectMany(attribute => attribute.Graphs.Concat(attribute.G is { } graph ? [graph] : []));
        var inner = graphs.SelectMany(graph => graph.Node.SelectMany(ValuesOf).Concat(graph.Output.Select(output => output.Name)));
        return node.Input.Concat(inner);
    }

    private static ValueInfoProto FloatValue(string name, ReadOnlySpan<object> dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (var dimension in dimensions)
        {
            shape.Dim.Add(dimension is string parameter
                ? new TensorShapeProto.Types.Dimension { DimParam = parameter }
                : new TensorShapeProto.Types.Dimension { DimValue = (int)dimension });
        }

        return FloatValue(name, shape);
    }

    public static ValueInfoProto FloatValue(string name, TensorShapeProto? shape = null)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
        return new() { Name = name, Type = new() { TensorType = tensor } };
    }
}
