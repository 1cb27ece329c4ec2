using Google.Protobuf;
using Google.Protobuf.Collections;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>What an ONNX file says outside its weights and layers, which are skipped.</summary>
/// <param name="Card">The model card; null if the file has none.</param>
/// <param name="Inputs">The shapes of the inputs by name; 0 for a free dimension.</param>
/// <param name="Outputs">The shapes of the outputs.</param>
internal sealed record ModelFileHeader(
    ModelCard? Card, IReadOnlyDictionary<string, long[]> Inputs, IReadOnlyDictionary<string, long[]> Outputs)
{
    /// <summary>Reads the header of a file. Takes no more memory than the header has, however large the weights are.</summary>
    /// <exception cref="InvalidDataException">It is not an ONNX file, or its card cannot be read.</exception>
    public static ModelFileHeader Read(Stream stream)
    {
        try
        {
            using var input = new CodedInputStream(stream, leaveOpen: true);
            var hasGraph = false;
            RepeatedField<StringStringEntryProto> metadata = [];
            Dictionary<string, long[]> inputs = new(StringComparer.Ordinal);
            Dictionary<string, long[]> outputs = new(StringComparer.Ordinal);
            while (input.ReadTag() is not 0 and var tag)
            {
                switch (WireFormat.GetTagFieldNumber(tag))
                {
                    case ModelProto.MetadataPropsFieldNumber:
                        metadata.Add(StringStringEntryProto.Parser.ParseFrom(input.ReadBytes()));
                        break;
                    case ModelProto.GraphFieldNumber:
                        hasGraph = true;
                        ReadGraph(input, inputs, outputs);
                        break;
                    default:
                        input.SkipLastField();
                        break;
                }
            }

            if (!hasGraph) throw new InvalidDataException("The file is not an ONNX model: it has no graph.");
            return new(ModelFile.FindCard(metadata), inputs, outputs);
        }
        catch (InvalidProtocolBufferException problem)
        {
            throw new InvalidDataException($"The file is not an ONNX model: {problem.Message}", problem);
        }
    }

    private static void ReadGraph(CodedInputStream input, Dictionary<string, long[]> inputs, Dictionary<string, long[]> outputs)
    {
        var length = input.ReadLength();
        var end = input.Position + length;
        while (input.Position < end && input.ReadTag() is not 0 and var tag)
        {
            var shapes = WireFormat.GetTagFieldNumber(tag) switch
            {
                GraphProto.InputFieldNumber => inputs,
                GraphProto.OutputFieldNumber => outputs,
                _ => null,
            };
            if (shapes is null)
            {
                input.SkipLastField();
                continue;
            }

            var value = ValueInfoProto.Parser.ParseFrom(input.ReadBytes());
            shapes[value.Name] = [.. value.Type?.TensorType?.Shape?.Dim.Select(size => size.DimValue) ?? []];
        }
    }
}
