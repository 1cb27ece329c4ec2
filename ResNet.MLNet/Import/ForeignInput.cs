using ResNet.MLNet.Onnx;
using Dimension = ResNet.MLNet.Onnx.TensorShapeProto.Types.Dimension;

namespace ResNet.MLNet;

/// <summary>The one image input of a graph from elsewhere.</summary>
/// <param name="Value">The input.</param>
/// <param name="Height">Its height in pixels; 0 for a free one.</param>
/// <param name="Width">Its width in pixels; 0 for a free one.</param>
/// <param name="IsChannelsLast">Whether it is [batch, height, width, 3], as TensorFlow has it.</param>
internal sealed record ForeignInput(ValueInfoProto Value, int Height, int Width, bool IsChannelsLast)
{
    private const int Channels = 3;

    /// <summary>The first dimension.</summary>
    public Dimension Batch => Value.Type.TensorType.Shape.Dim[0];

    /// <summary>Finds it. Weights that are listed as inputs, as old files have them, are taken off that list.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not one of float32 images.</exception>
    public static ForeignInput Find(GraphProto graph)
    {
        var constants = graph.Initializer.Select(tensor => tensor.Name).ToHashSet();
        foreach (var constant in graph.Input.Where(value => constants.Contains(value.Name)).ToList()) graph.Input.Remove(constant);
        if (graph.Input is not [{ Type.TensorType: { } type } input] || type.Shape is not { Dim: [_, var second, var third, var fourth] })
            throw NoImage(graph);
        if (type.ElemType != (int)TensorProto.Types.DataType.Float)
            throw new InvalidDataException($"The model's input '{input.Name}' is not of fractions (float32, float16).");
        if (second.DimValue == Channels) return new(input, (int)third.DimValue, (int)fourth.DimValue, false);
        return fourth.DimValue == Channels ? new(input, (int)second.DimValue, (int)third.DimValue, true) : throw NoImage(graph);
    }

    /// <summary>The shape of the input that images are given to: [batch, 3, height, width].</summary>
    public TensorShapeProto ShapeOf(int height, int width)
    {
        var channels = new Dimension { DimValue = Channels };
        return new() { Dim = { Batch.Clone(), channels, Size(height, "height"), Size(width, "width") } };
    }

    private static Dimension Size(int size, string name) => size > 0 ? new() { DimValue = size } : new() { DimParam = name };

    private static InvalidDataException NoImage(GraphProto graph) => new(
        "The model has no image input: a ResNet has one input [batch, 3, height, width], this has " +
        $"{string.Join(", ", graph.Input.Select(ForeignOutputs.Describe))}.");
}
