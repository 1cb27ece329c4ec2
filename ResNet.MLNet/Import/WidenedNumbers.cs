using System.Runtime.InteropServices;
using Google.Protobuf;
using ResNet.MLNet.Onnx;
using static ResNet.MLNet.Onnx.TensorProto.Types;

namespace ResNet.MLNet;

/// <summary>
/// Brings a graph of half, bfloat16 or double numbers to float32, which is what this project computes in and what a CPU is fastest with.
/// The weights stay what they are, each as a float32.
/// </summary>
internal static class WidenedNumbers
{
    private const string Cast = "Cast", CastTarget = "to";

    /// <summary>Changes the types of all weights, values and casts.</summary>
    public static void Widen(GraphProto graph)
    {
        foreach (var tensor in graph.Initializer) Widen(tensor);
        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            if (value.Type?.TensorType is { } type && TypeOf(type.ElemType) is not null) type.ElemType = (int)DataType.Float;
        }

        foreach (var node in graph.Node) Widen(node);
    }

    /// <summary>The numbers of a tensor as floats; null if they are not fractions.</summary>
    public static float[]? ToFloats(TensorProto tensor)
    {
        if (tensor.DataType == (int)DataType.Float)
            return tensor.RawData.IsEmpty ? [.. tensor.FloatData] : MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();
        if (TypeOf(tensor.DataType) is not { } type) return null;
        if (!tensor.RawData.IsEmpty) return type.ToFloats(tensor.RawData.Span);
        if (type == NumberType.Float64) return [.. tensor.DoubleData.Select(value => (float)value)];
        // 16-bit numbers that are not raw lie in the lower halves of integers.
        ushort[] halves = [.. tensor.Int32Data.Select(value => (ushort)value)];
        return type.ToFloats(MemoryMarshal.AsBytes<ushort>(halves));
    }

    private static void Widen(NodeProto node)
    {
        foreach (var attribute in node.Attribute)
        {
            if (attribute.T is { } tensor) Widen(tensor);
            if (attribute.G is { } inner) Widen(inner);
            foreach (var graph in attribute.Graphs) Widen(graph);
            if (node.OpType == Cast && attribute.Name == CastTarget && TypeOf((int)attribute.I) is not null)
                attribute.I = (int)DataType.Float;
        }
    }

    private static void Widen(TensorProto tensor)
    {
        if (TypeOf(tensor.DataType) is null || ToFloats(tensor) is not { } values) return;
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        tensor.DataType = (int)DataType.Float;
        tensor.Int32Data.Clear();
        tensor.DoubleData.Clear();
    }

    /// <summary>The type of fractions that ONNX's number stands for, other than float32; null for any other.</summary>
    private static NumberType? TypeOf(int type) => (DataType)type switch
    {
        DataType.Float16 => NumberType.Float16,
        DataType.Bfloat16 => NumberType.BFloat16,
        DataType.Double => NumberType.Float64,
        _ => null,
    };
}
