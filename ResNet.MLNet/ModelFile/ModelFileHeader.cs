using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>What an ONNX file says outside its weights and layers, which are skipped.</summary>
/// <param name="Card">The model card; null if the file has none.</param>
/// <param name="Digest">The digest that the file states of itself (see <see cref="ModelFileSeal"/>); null if it states none.</param>
/// <param name="Inputs">The shapes of the inputs by name; 0 for a free dimension.</param>
/// <param name="Outputs">The shapes of the outputs.</param>
/// <param name="HasExternalData">Whether weights lie in other files (<see cref="ExternalData"/>). Files with a card have none.</param>
internal sealed record ModelFileHeader(
    ModelCard? Card,
    string? Digest,
    IReadOnlyDictionary<string, long[]> Inputs,
    IReadOnlyDictionary<string, long[]> Outputs,
    bool HasExternalData)
{
    /// <summary>The number of convolutions in the graph, without those of integers.</summary>
    public int Convolutions { get; private init; }

    /// <summary>Reads the header of a file. Takes no more memory and time than the header has, however large the weights are.</summary>
    /// <param name="stream">The file, read from its beginning; it can be sought in.</param>
    /// <exception cref="InvalidDataException">
    /// It is not an ONNX file, its card is damaged or cannot be read, or it has a card and its weights lie in another file.
    /// </exception>
    public static ModelFileHeader Read(Stream stream)
    {
        var walk = new Walk(stream);
        try
        {
            walk.Through(Message.Model, stream.Length, depth: 0);
        }
        catch (Exception problem) when (problem is InvalidProtocolBufferException or OverflowException or EndOfStreamException)
        {
            throw new InvalidDataException($"The file is not an ONNX model: {problem.Message}", problem);
        }

        if (!walk.HasGraph) throw new InvalidDataException("The file is not an ONNX model: it has no graph.");
        var digest = ModelFileSeal.Find(walk.Metadata, stream);
        var card = ModelFile.FindCard(walk.Metadata);
        if (card is null || walk.WeightFile is null) return Header();
        throw new InvalidDataException(
            $"The model's weights lie outside its file, in {walk.WeightFile}, and would be lost where only the file is copied or saved. " +
            "Save it as one file: in Python, onnx.save(onnx.load(path), path) without save_as_external_data.");

        ModelFileHeader Header() =>
            new(card, digest, walk.Inputs, walk.Outputs, walk.WeightFile is not null) { Convolutions = walk.Convolutions };
    }

    /// <summary>The messages of the format that tensors may lie in.</summary>
    private enum Message
    {
        None,
        Model,
        Graph,
        InnerGraph,
        Function,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
    }

    /// <summary>One walk through a file.</summary>
    private sealed class Walk(Stream stream)
    {
        // No network is nested so deep; a damaged file is not to end the stack.
        private const int DeepestNesting = 64;
        private const int ExternalDataField = 13, DataLocationField = 14, External = 1;

        private readonly WireReader _reader = new(stream);
        private string _location = "another file";

        public bool HasGraph { get; private set; }

        public int Convolutions { get; private set; }

        /// <summary>What holds weights that lie outside the file; null if none do.</summary>
        public string? WeightFile { get; private set; }

        public List<StringStringEntryProto> Metadata { get; } = [];

        public Dictionary<string, long[]> Inputs { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, long[]> Outputs { get; } = new(StringComparer.Ordinal);

        public void Through(Message message, long end, int depth)
        {
            if (depth > DeepestNesting) throw new InvalidDataException("The file is not an ONNX model: its graphs are nested too deep.");
            while (_reader.Next(end))
            {
                var next = _reader.End;
                Take(message);
                if (Inside(message, _reader.Field) is not Message.None and var inner && _reader.HasContent) Through(inner, next, depth + 1);
                stream.Position = next;
            }
        }

        private void Take(Message message)
        {
            switch ((message, _reader.Field))
            {
                case (Message.Model, ModelProto.MetadataPropsFieldNumber):
                    Metadata.Add(StringStringEntryProto.Parser.ParseFrom(_reader.Read()));
                    break;
                case (Message.Model, ModelProto.GraphFieldNumber):
                    HasGraph = true;
                    break;
                case (Message.Graph, GraphProto.InputFieldNumber):
                    AddShape(Inputs);
                    break;
                case (Message.Graph, GraphProto.OutputFieldNumber):
                    AddShape(Outputs);
                    break;
                case (Message.Node, NodeProto.OpTypeFieldNumber):
                    if (_reader.Read().AsSpan().SequenceEqual("Conv"u8)) Convolutions++;
                    break;
                case (Message.Tensor, ExternalDataField):
                    var entry = StringStringEntryProto.Parser.ParseFrom(_reader.Read());
                    if (entry.Key == "location") _location = $"'{entry.Value}'";
                    break;
                case (Message.Tensor, DataLocationField) when _reader.Value == External:
                    WeightFile = _location;
                    break;
            }
        }

        private void AddShape(Dictionary<string, long[]> shapes)
        {
            var value = ValueInfoProto.Parser.ParseFrom(_reader.Read());
            shapes[value.Name] = [.. value.Type?.TensorType?.Shape?.Dim.Select(size => size.DimValue) ?? []];
        }

        /// <summary>What lies in a field, by the numbers of onnx.proto, those that our own definition leaves out, too.</summary>
        private static Message Inside(Message message, int field) => (message, field) switch
        {
            (Message.Model, 7) => Message.Graph,
            (Message.Model, 25) => Message.Function,
            (Message.Function, 7) => Message.Node,
            (Message.Graph or Message.InnerGraph, 1) => Message.Node,
            (Message.Graph or Message.InnerGraph, 5) => Message.Tensor,
            (Message.Graph or Message.InnerGraph, 15) => Message.SparseTensor,
            (Message.Node, 5) => Message.Attribute,
            (Message.Attribute, 5 or 10) => Message.Tensor,
            (Message.Attribute, 6 or 11) => Message.InnerGraph,
            (Message.Attribute, 22 or 23) => Message.SparseTensor,
            (Message.SparseTensor, 1 or 2) => Message.Tensor,
            _ => Message.None,
        };
    }
}
