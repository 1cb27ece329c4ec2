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
    private readonly Lock _lock = new();
    private readonly Dictionary<Sharing, InferenceEngine> _engines = [];
    private readonly ExecutionDevice _device;
    private bool _disposed;

    private ResNetModel(ModelFileHeader header, ModelCard card, ExecutionDevice device, string? path, byte[]? bytes, byte[]? hash)
    {
        (Card, _device, _path, _bytes, _hash) = (card, device, path, bytes, hash);
        if (!header.Inputs.TryGetValue(ModelFile.InputName, out var input) || input is not [_, 3, _, _])
            throw new InvalidDataException($"The model has no input '{ModelFile.InputName}' [batch, 3, height, width].");
        FeatureCount = WidthOf(ModelFile.FeaturesName);
        ClassCount = WidthOf(ModelFile.LogitsName) ?? WidthOf(ModelFile.ProbabilitiesName);
        if (FeatureCount is null && ClassCount is null) throw new InvalidDataException("The model has neither features nor scores as outputs.");
        try
        {
            Architecture = card.Architecture == ForeignModel.ForeignArchitecture ? null : ResNetArchitecture.Parse(card.Architecture, ClassCount);
        }
        catch (FormatException problem)
        {
            throw new InvalidDataException(problem.Message, problem);
        }

        // A device that cannot be used is told now and not with the first image.
        if (device.GpuDeviceId is not null) Engine(Sharing.Throughput);

        int? WidthOf(string output) => header.Outputs.TryGetValue(output, out var shape) && shape is [_, > 0 and var width] ? (int)width : null;
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

    /// <summary>Images of a run where nothing else is said: one on a CPU, where more are no faster.</summary>
    internal int UsualBatchSize => _device.GpuDeviceId is null || Warning is not null ? 1 : 16;

    /// <summary>What the log should be told: that the GPU could not be used; null if there is nothing.</summary>
    internal string? Warning { get; private set; }

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
            var header = ModelFileHeader.Read(file);
            if (header.Card is null) return OpenForeign(File.ReadAllBytes(path), preprocessing, device);
            file.Position = 0;
            // ONNX Runtime reads the file itself, when it is needed first: the weights are in memory once. It is read again if the model is saved as part of a pipeline.
            return new(header, With(header.Card, preprocessing), device, Path.GetFullPath(path), null, SHA256.HashData(file));
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
        return Run(output, new ImageInput(imagePath));
    }

    /// <summary>Runs the network on an encoded image. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file.</param>
    /// <param name="output">What is asked for.</param>
    /// <inheritdoc cref="Run(string, ResNetOutput)" path="/returns|/exception"/>
    public float[] Run(ReadOnlyMemory<byte> encodedImage, ResNetOutput output = ResNetOutput.Probabilities) =>
        Run(output, new ImageInput(encodedImage));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var engine in _engines.Values) engine.Dispose();
            _engines.Clear();
        }
    }

    /// <summary>Opens the bytes of a model file of this project.</summary>
    internal static ResNetModel Open(byte[] bytes, ExecutionDevice device)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        var header = ModelFileHeader.Read(stream);
        return new(header, header.Card ?? throw new InvalidDataException("The model file has lost its card."), device, null, bytes, null);
    }

    /// <summary>Takes a worker for one thread; give it back with <see cref="Return"/>.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidDataException">ONNX Runtime cannot load the model.</exception>
    internal InferenceWorker Rent(Sharing sharing, ImagePreprocessing preprocessing, ResNetOutput output, long maximumPixels, int batchSize = 1) =>
        Engine(sharing).Rent(new(preprocessing, NameOf(output), Width(output), maximumPixels, batchSize));

    /// <summary>Gives a worker back.</summary>
    internal static void Return(InferenceWorker worker) => worker.Owner.Return(worker);

    private static ResNetModel OpenForeign(byte[] bytes, ImagePreprocessing? preprocessing, ExecutionDevice device)
    {
        if (preprocessing is null)
            throw new InvalidDataException("The ONNX file has no model card, so it does not say how its images are to be prepared. Give a preprocessing (ImagePreprocessing.ImageNet for torchvision's networks).");
        var model = ModelProto.Parser.ParseFrom(bytes);
        ForeignModel.Adapt(model, preprocessing);
        return Open(model.ToByteArray(), device);
    }

    private static ModelCard With(ModelCard card, ImagePreprocessing? preprocessing) =>
        preprocessing is null ? card : card with { Preprocessing = preprocessing };

    /// <summary>The engine for a way of sharing the machine, made when it is asked for first. A GPU has one for all.</summary>
    private InferenceEngine Engine(Sharing sharing)
    {
        if (_device.GpuDeviceId is not null) sharing = Sharing.Throughput;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(ResNetModel));
            if (_engines.TryGetValue(sharing, out var engine)) return engine;
            try
            {
                engine = new(_device, sharing, options => _bytes is null ? new(_path!, options) : new(_bytes, options));
            }
            catch (InvalidDataException problem) when (_path is not null)
            {
                throw new InvalidDataException($"'{_path}': {problem.Message}", problem);
            }

            Warning = engine.Warning;
            return _engines[sharing] = engine;
        }
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
        ResNetOutput.Features => ModelFile.FeaturesName,
        ResNetOutput.Logits => ModelFile.LogitsName,
        _ => ModelFile.ProbabilitiesName,
    };

    private float[] Run(ResNetOutput output, ImageInput image)
    {
        var worker = Rent(Sharing.Latency, Preprocessing, output, ImageDecoder.DefaultMaximumPixels);
        try
        {
            worker.Prepare(0, image);
            return worker.Run(1).ToArray();
        }
        finally
        {
            Return(worker);
        }
    }
}
