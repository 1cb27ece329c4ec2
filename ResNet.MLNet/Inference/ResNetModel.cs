using System.Security.Cryptography;
using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>What is asked of a network.</summary>
public enum ResNetOutput
{
    /// <summary>The global average pool: [<see cref="ResNetModel.FeatureCount"/>], ready for any trainer.</summary>
    Features,

    /// <summary>The scores before softmax: [<see cref="ResNetModel.ClassCount"/>].</summary>
    Logits,

    /// <summary>The scores after softmax: [<see cref="ResNetModel.ClassCount"/>], 0 to 1, with sum 1.</summary>
    Probabilities,
}

/// <summary>An opened model file: what its card says, and the network, ready to run. One instance serves many threads.</summary>
public sealed class ResNetModel : IDisposable
{
    private readonly string? _path;
    private readonly byte[]? _bytes;
    private readonly byte[]? _hash;

    private ResNetModel(InferenceEngine engine, ModelCard card, string? path, byte[]? bytes, byte[]? hash)
    {
        (Engine, Card, _path, _bytes, _hash) = (engine, card, path, bytes, hash);
        FeatureCount = engine.Width(OnnxExporter.FeaturesName);
        ClassCount = engine.Width(OnnxExporter.LogitsName) ?? engine.Width(OnnxExporter.ProbabilitiesName);
        if (FeatureCount is null && ClassCount is null) throw new InvalidDataException("The model has neither features nor scores as outputs.");
        Architecture = card.Architecture == ForeignOnnx.ForeignArchitecture ? null : ResNetArchitecture.Parse(card.Architecture, ClassCount);
    }

    /// <summary>What the file says of itself.</summary>
    public ModelCard Card { get; }

    /// <summary>The architecture; null for a file from elsewhere.</summary>
    public ResNetArchitecture? Architecture { get; }

    /// <summary>How images become the network's input.</summary>
    public ImagePreprocessing Preprocessing => Card.Preprocessing;

    /// <summary>The classes' names in the order of the scores, if known.</summary>
    public IReadOnlyList<string>? Labels => Card.Labels;

    /// <summary>Number of features; null if the file does not give them.</summary>
    public int? FeatureCount { get; }

    /// <summary>Number of classes; null if the file gives no scores.</summary>
    public int? ClassCount { get; }

    internal InferenceEngine Engine { get; }

    /// <summary>Opens a model file of this project, or a ResNet's .onnx from elsewhere.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="preprocessing">
    /// How images become the input of a file from elsewhere, which does not say so itself. Null for our own model files.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device to run on; null (default) for the CPU.</param>
    /// <param name="fallbackToCpu">Whether to run on the CPU if that device cannot be used; else that is an error.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no ONNX file, no ResNet, or it has no card and no preprocessing is given.</exception>
    /// <exception cref="InvalidOperationException">The CUDA device cannot be used.</exception>
    public static ResNetModel Open(string path, ImagePreprocessing? preprocessing = null, int? gpuDeviceId = null, bool fallbackToCpu = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no model file '{path}'.", path);
        var device = new ExecutionDevice(gpuDeviceId, fallbackToCpu);
        try
        {
            using var file = File.OpenRead(path);
            if (ModelFileHeader.ReadCard(file) is not { } json) return OpenForeign(File.ReadAllBytes(path), preprocessing, device);
            // ONNX Runtime reads the file itself: the weights are in memory once. It is read again if the model is saved as part of a pipeline.
            var whole = Path.GetFullPath(path);
            return Create(new(device, options => new(whole, options)), ReadCard(json, preprocessing), whole, null, Hash(file));
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    /// <summary>Runs the network on an image file. May be called from many threads at once.</summary>
    /// <param name="imagePath">The file (JPEG, PNG, BMP, GIF, WebP).</param>
    /// <param name="output">What is asked for.</param>
    /// <returns>[<see cref="FeatureCount"/>] features or [<see cref="ClassCount"/>] scores.</returns>
    /// <exception cref="InvalidImageException">The image cannot be read; the message names it.</exception>
    /// <exception cref="ArgumentException">The model has no such output.</exception>
    public float[] Run(string imagePath, ResNetOutput output = ResNetOutput.Probabilities)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        return Run(output, worker => worker.Run(imagePath).ToArray());
    }

    /// <summary>Runs the network on an encoded image. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file.</param>
    /// <param name="output">What is asked for.</param>
    /// <inheritdoc cref="Run(string, ResNetOutput)" path="/returns|/exception"/>
    public float[] Run(ReadOnlyMemory<byte> encodedImage, ResNetOutput output = ResNetOutput.Probabilities) =>
        Run(output, worker => worker.Run(encodedImage.Span).ToArray());

    /// <inheritdoc/>
    public void Dispose() => Engine.Dispose();

    /// <summary>Opens the bytes of a model file of this project.</summary>
    internal static ResNetModel Open(byte[] bytes, ExecutionDevice device)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        var json = ModelFileHeader.ReadCard(stream) ?? throw new InvalidDataException("The model file has lost its card.");
        return Create(new(device, options => new(bytes, options)), ReadCard(json, null), null, bytes, null);
    }

    private static ResNetModel OpenForeign(byte[] bytes, ImagePreprocessing? preprocessing, ExecutionDevice device)
    {
        if (preprocessing is null)
            throw new InvalidDataException("The ONNX file has no model card, so it does not say how its images are to be prepared. Give a preprocessing (ImagePreprocessing.ImageNet for torchvision's networks).");
        var model = ModelProto.Parser.ParseFrom(bytes);
        ForeignOnnx.Adapt(model, preprocessing);
        return Open(model.ToByteArray(), device);
    }

    private static ModelCard ReadCard(string json, ImagePreprocessing? preprocessing)
    {
        var card = ModelCard.FromJson(json);
        return preprocessing is null ? card : card with { Preprocessing = preprocessing };
    }

    private static ResNetModel Create(InferenceEngine engine, ModelCard card, string? path, byte[]? bytes, byte[]? hash)
    {
        try
        {
            return new(engine, card, path, bytes, hash);
        }
        catch (Exception problem)
        {
            engine.Dispose();
            if (problem is FormatException) throw new InvalidDataException(problem.Message, problem);
            throw;
        }
    }

    private static byte[] Hash(FileStream file)
    {
        file.Position = 0;
        return SHA256.HashData(file);
    }

    /// <summary>The bytes of the model file.</summary>
    internal byte[] ReadBytes()
    {
        if (_bytes is not null) return _bytes;
        var bytes = File.ReadAllBytes(_path!);
        return SHA256.HashData(bytes).AsSpan().SequenceEqual(_hash)
            ? bytes
            : throw new InvalidDataException($"'{_path}' is not the file any more that was opened, so the pipeline cannot be saved with it. Open it again.");
    }

    internal int Width(ResNetOutput output) => (output == ResNetOutput.Features ? FeatureCount : ClassCount)
        ?? throw new ArgumentException($"The model has no {output.ToString().ToLowerInvariant()}.", nameof(output));

    internal static string NameOf(ResNetOutput output) => output switch
    {
        ResNetOutput.Features => OnnxExporter.FeaturesName,
        ResNetOutput.Logits => OnnxExporter.LogitsName,
        _ => OnnxExporter.ProbabilitiesName,
    };

    private float[] Run(ResNetOutput output, Func<InferenceWorker, float[]> run)
    {
        _ = Width(output);
        var worker = Engine.Rent(Preprocessing, NameOf(output), ImageDecoder.DefaultMaximumPixels);
        try
        {
            return run(worker);
        }
        finally
        {
            Engine.Return(worker);
        }
    }
}
