using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// A graph as ONNX Runtime simplifies it: constants computed, identities, dropout and transposes that cancel each other removed, padding and
/// biases brought into the convolutions. So graphs of different exporters become alike. Batch norm stays as it is.
/// </summary>
internal sealed class SimplifiedGraph
{
    /// <summary>Folding would lose what training needs: the statistics of batch norm and its weights.</summary>
    private const string LeftOut = "ConvBNFusion";

    private readonly Dictionary<string, float[]?> _floats = new(StringComparer.Ordinal);

    private SimplifiedGraph(ModelProto model)
    {
        Model = model;
        Constants = model.Graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Makers = OnnxGraph.Makers(model.Graph);
        Users = model.Graph.Node.SelectMany(node => node.Input.Select(input => (input, node)))
            .ToLookup(pair => pair.input, pair => pair.node, StringComparer.Ordinal);
        Input = model.Graph.Input.First(value => !Constants.ContainsKey(value.Name)).Name;
    }

    public ModelProto Model { get; }

    /// <summary>The name of the one input.</summary>
    public string Input { get; }

    public IReadOnlyDictionary<string, TensorProto> Constants { get; }

    /// <summary>The node that makes each value.</summary>
    public IReadOnlyDictionary<string, NodeProto> Makers { get; }

    /// <summary>The nodes that take each value.</summary>
    public ILookup<string, NodeProto> Users { get; }

    /// <summary>Simplifies a model of float32 numbers.</summary>
    /// <exception cref="InvalidDataException">ONNX Runtime cannot load it.</exception>
    public static SimplifiedGraph Of(ModelProto model)
    {
        OnnxRuntimeLibrary.Load();
        using var folder = new ScratchFolder();
        var path = Path.Combine(folder.Path, "simplified.onnx");
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC,
            OptimizedModelFilePath = path,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("optimization.disable_specified_optimizers", LeftOut);
        try
        {
            new InferenceSession(model.ToByteArray(), options).Dispose();
        }
        catch (OnnxRuntimeException problem)
        {
            throw new InvalidDataException($"ONNX Runtime cannot load the model: {problem.Message}", problem);
        }

        using var stream = File.OpenRead(path);
        return new(ModelProto.Parser.ParseFrom(stream));
    }

    /// <summary>The node that makes a value; null for an input or a constant.</summary>
    public NodeProto? MakerOf(string value) => Makers.GetValueOrDefault(value);

    /// <summary>Whether a value does not depend on the image.</summary>
    public bool IsConstant(string value) => Constants.ContainsKey(value);

    /// <summary>The floats of a constant.</summary>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public float[] FloatsOf(string name)
    {
        if (!_floats.TryGetValue(name, out var values))
            _floats[name] = values = Constants.TryGetValue(name, out var tensor) ? WidenedNumbers.ToFloats(tensor) : null;
        return values ?? throw new InvalidDataException($"'{name}' is not a constant of floats.");
    }

    /// <summary>The shape of a constant.</summary>
    public int[] ShapeOf(string name) => Constants.TryGetValue(name, out var tensor) ? [.. tensor.Dims.Select(size => (int)size)] : [];
}
