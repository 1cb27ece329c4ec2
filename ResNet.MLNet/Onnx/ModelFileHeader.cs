using Google.Protobuf;

namespace ResNet.MLNet.Onnx;

/// <summary>Looks into an ONNX file without reading its weights: fields of the outermost message that are not wanted are passed over.</summary>
internal static class ModelFileHeader
{
    /// <summary>The JSON of the model card; null if the file has none.</summary>
    /// <exception cref="InvalidDataException">It is no ONNX file.</exception>
    public static string? ReadCard(Stream stream)
    {
        try
        {
            using var input = new CodedInputStream(stream, leaveOpen: true);
            var hasGraph = false;
            string? card = null;
            while (input.ReadTag() is not 0 and var tag)
            {
                if (WireFormat.GetTagFieldNumber(tag) == ModelProto.MetadataPropsFieldNumber && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                {
                    var entry = StringStringEntryProto.Parser.ParseFrom(input.ReadBytes());
                    if (entry.Key == ModelCard.MetadataKey) card = entry.Value;
                    continue;
                }

                hasGraph |= WireFormat.GetTagFieldNumber(tag) == ModelProto.GraphFieldNumber;
                input.SkipLastField();
            }

            return hasGraph ? card : throw new InvalidDataException("The file is no ONNX model: it has no graph.");
        }
        catch (InvalidProtocolBufferException problem)
        {
            throw new InvalidDataException($"The file is no ONNX model: {problem.Message}", problem);
        }
    }
}
