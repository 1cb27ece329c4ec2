using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>An opened model file: what its card says, and the network, ready to run. One instance serves many threads.</summary>
public sealed partial class ResNetModel : IDisposable
{
    private readonly ExecutionDevice _device;
    private readonly Lock _lock = new();
    private readonly Dictionary<Sharing, InferenceEngine> _engines = [];
    private ImageLimits _limits = ImageLimits.Standard;
    private bool _disposed;

    internal ResNetModel(OpenedModel file, ExecutionDevice device)
    {
        File = file;
        _device = device;
        try
        {
            // What is missing, and a device that cannot be used, is reported now and not with the first image.
            OnnxRuntimeLibrary.Load();
            if (device.GpuDeviceId is not null) Engine(Sharing.Throughput);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What the file says of itself.</summary>
    public ModelCard Card => File.Card;

    /// <summary>The architecture; null for a file from elsewhere.</summary>
    public ResNetArchitecture? Architecture => File.Architecture;

    /// <summary>How images become the network's input.</summary>
    public ImagePreprocessing Preprocessing => Card.Preprocessing;

    /// <summary>The classes' names in the order of the scores, if known.</summary>
    public IReadOnlyList<string>? Labels => Card.Labels;

    /// <summary>Number of features; null if the file does not give them.</summary>
    public int? FeatureCount => File.FeatureCount;

    /// <summary>Number of classes; null if the file gives no scores.</summary>
    public int? ClassCount => File.ClassCount;

    /// <summary>
    /// The digest that the file states of itself, which is checked before the network is loaded; null for a file that states none, because
    /// it is from elsewhere or older.
    /// </summary>
    public string? Digest => File.Digest;

    /// <summary>
    /// The largest image that is decoded, in pixels, from 1; checked before memory is taken. Default: 178,956,970, as Pillow.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumPixels
    {
        get => _limits.MaximumPixels;
        set => _limits = _limits with { MaximumPixels = Guard.AtLeast(value, 1) };
    }

    /// <summary>The longest image file that is read, in bytes, from 1. Default: 256 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumFileBytes
    {
        get => _limits.MaximumFileBytes;
        set => _limits = _limits with { MaximumFileBytes = Guard.AtLeast(value, 1) };
    }

    internal OpenedModel File { get; }

    /// <summary>Images of a run where nothing else is said: one on a CPU, where more are no faster.</summary>
    internal int UsualBatchSize => _device.GpuDeviceId is null || Warning is not null ? 1 : 16;

    /// <summary>A warning for the log: that the GPU cannot be used; null if there is none.</summary>
    internal string? Warning { get; private set; }

    /// <summary>
    /// Opens a model file of this project, or a ResNet's .onnx from elsewhere. The file is held open, its weights are loaded with the first
    /// image and checked against the digest in the file. Another file may be renamed over it meanwhile; this stays the one that was opened.
    /// </summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="preprocessing">
    /// How images become the input of a file from elsewhere, which does not say so itself. Null for our own model files: what is given for
    /// one changes sizes, crop and filter; what its graph does itself (mean, standard deviation, channel order) stays as its card says.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device to run on; null (default) for the CPU.</param>
    /// <param name="fallbackToCpu">Whether to run on the CPU if that device cannot be used; else that is an error.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is not an ONNX file, not a ResNet, it has no card and no preprocessing is given, or its input is of another size than the
    /// preprocessing's crop.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// ONNX Runtime is missing or too old (<see cref="OnnxRuntimeLibrary"/>), or the CUDA device cannot be used.
    /// </exception>
    public static ResNetModel Open(
        string path, ImagePreprocessing? preprocessing = null, int? gpuDeviceId = null, bool fallbackToCpu = false) =>
        new(OpenedModel.Open(path, preprocessing), new(gpuDeviceId, fallbackToCpu));

    /// <summary>
    /// Checks the file against its digest now, which otherwise happens with the first image; one without a digest against what it was when
    /// it was opened.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is damaged, or was written since it was opened; the message names it.</exception>
    public void CheckFile() => File.Check();

    /// <summary>Runs the network on an image file. May be called from many threads at once.</summary>
    /// <param name="imagePath">The file (JPEG, PNG, BMP, GIF, WebP).</param>
    /// <param name="output">The output that is wanted. Default: probabilities.</param>
    /// <returns>[<see cref="FeatureCount"/>] features or [<see cref="ClassCount"/>] scores.</returns>
    /// <exception cref="InvalidImageException">The image cannot be read; the message names it.</exception>
    /// <exception cref="ArgumentException">The model has no such output.</exception>
    /// <exception cref="InvalidDataException">The model file cannot be loaded, is damaged, or was written since it was opened.</exception>
    public float[] Run(string imagePath, ResNetOutput output = ResNetOutput.Probabilities)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        return Run(new ImageInput(imagePath), output);
    }

    /// <summary>Runs the network on an encoded image. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file.</param>
    /// <param name="output">The output that is wanted. Default: probabilities.</param>
    /// <inheritdoc cref="Run(string, ResNetOutput)"/>
    public float[] Run(ReadOnlyMemory<byte> encodedImage, ResNetOutput output = ResNetOutput.Probabilities) =>
        Run(new ImageInput(encodedImage), output);

    /// <summary>Runs the network on an encoded image in a stream. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file, from the stream's position to its end. The stream stays open.</param>
    /// <param name="output">The output that is wanted. Default: probabilities.</param>
    /// <inheritdoc cref="Run(string, ResNetOutput)"/>
    public float[] Run(Stream encodedImage, ResNetOutput output = ResNetOutput.Probabilities)
    {
        ArgumentNullException.ThrowIfNull(encodedImage);
        return Run(ImageInput.Read(encodedImage, _limits), output);
    }

    /// <summary>Runs the network on decoded pixels. May be called from many threads at once.</summary>
    /// <param name="image">The image (Rgba32 or Bgra32), which stays the caller's.</param>
    /// <param name="output">The output that is wanted. Default: probabilities.</param>
    /// <inheritdoc cref="Run(string, ResNetOutput)"/>
    public float[] Run(MLImage image, ResNetOutput output = ResNetOutput.Probabilities)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Run(new ImageInput(image), output);
    }

    /// <summary>Classifies an image file. May be called from many threads at once.</summary>
    /// <param name="imagePath">The file (JPEG, PNG, BMP, GIF, WebP).</param>
    /// <param name="top">
    /// How many of the most probable classes are wanted, from 1. Default: 5. A network with fewer classes gives all. A network of several
    /// labels an image (<see cref="ModelCard.Thresholds"/>) gives those that reach their thresholds, whatever this is: all, or none.
    /// </param>
    /// <returns>The most probable classes, the most probable first.</returns>
    /// <exception cref="InvalidImageException">The image cannot be read; the message names it.</exception>
    /// <exception cref="ArgumentException">The model has no classes, or <paramref name="top"/> is less than 1.</exception>
    /// <exception cref="InvalidDataException">The model file cannot be loaded, is damaged, or was written since it was opened.</exception>
    public IReadOnlyList<ClassPrediction> Classify(string imagePath, int top = 5)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        return Classify(new ImageInput(imagePath), top);
    }

    /// <summary>Classifies an encoded image. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file.</param>
    /// <param name="top">
    /// How many of the most probable classes are wanted, from 1. Default: 5. A network with fewer classes gives all. A network of several
    /// labels an image (<see cref="ModelCard.Thresholds"/>) gives those that reach their thresholds, whatever this is: all, or none.
    /// </param>
    /// <inheritdoc cref="Classify(string, int)"/>
    public IReadOnlyList<ClassPrediction> Classify(ReadOnlyMemory<byte> encodedImage, int top = 5) =>
        Classify(new ImageInput(encodedImage), top);

    /// <summary>Classifies an encoded image in a stream. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file, from the stream's position to its end. The stream stays open.</param>
    /// <param name="top">
    /// How many of the most probable classes are wanted, from 1. Default: 5. A network with fewer classes gives all. A network of several
    /// labels an image (<see cref="ModelCard.Thresholds"/>) gives those that reach their thresholds, whatever this is: all, or none.
    /// </param>
    /// <inheritdoc cref="Classify(string, int)"/>
    public IReadOnlyList<ClassPrediction> Classify(Stream encodedImage, int top = 5)
    {
        ArgumentNullException.ThrowIfNull(encodedImage);
        return Classify(ImageInput.Read(encodedImage, _limits), top);
    }

    /// <summary>Classifies decoded pixels. May be called from many threads at once.</summary>
    /// <param name="image">The image (Rgba32 or Bgra32), which stays the caller's.</param>
    /// <param name="top">
    /// How many of the most probable classes are wanted, from 1. Default: 5. A network with fewer classes gives all. A network of several
    /// labels an image (<see cref="ModelCard.Thresholds"/>) gives those that reach their thresholds, whatever this is: all, or none.
    /// </param>
    /// <inheritdoc cref="Classify(string, int)"/>
    public IReadOnlyList<ClassPrediction> Classify(MLImage image, int top = 5)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Classify(new ImageInput(image), top);
    }

    /// <summary>
    /// Writes the model file, from which any program that runs ONNX files can run the network. What was at the path stays until the new
    /// file is complete.
    /// </summary>
    /// <param name="path">The file to write, by custom <c>*.onnx</c>.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="InvalidDataException">The file that was opened is damaged or was written since; the message names it.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var bytes = File.ReadBytes();
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var engine in _engines.Values) engine.Dispose();
            _places?.Dispose();
            _engines.Clear();
            File.Dispose();
        }
    }

    /// <summary>Takes a worker for one thread; disposing the lease gives it back.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidDataException">
    /// ONNX Runtime cannot load the model, or the file is damaged or was written since it was opened.
    /// </exception>
    internal WorkerLease Rent(
        Sharing sharing, ImagePreprocessing preprocessing, ResNetOutput output, ImageLimits limits, int batchSize = 1) =>
        Engine(sharing).Rent(new(preprocessing, OpenedModel.NameOf(output), File.Width(output), limits, batchSize));

    /// <summary>The engine for a way of sharing the machine, created when it is needed first. A GPU has one for all.</summary>
    private InferenceEngine Engine(Sharing sharing)
    {
        if (_device.GpuDeviceId is not null) sharing = Sharing.Throughput;
        lock (_lock)
        {
            ThrowIfDisposed(_disposed);
            if (_engines.TryGetValue(sharing, out var engine)) return engine;
            engine = new(File, _device, sharing);
            Warning = engine.Warning;
            return _engines[sharing] = engine;
        }
    }

    /// <summary>Says that the network is disposed of, and who may have done it.</summary>
    /// <exception cref="ObjectDisposedException">It is.</exception>
    internal static void ThrowIfDisposed([DoesNotReturnIf(true)] bool isDisposed)
    {
        if (!isDisposed) return;
        throw new ObjectDisposedException(
            typeof(ResNetModel).FullName,
            "The network has been disposed of. A PredictionEngine disposes of its model, too, unless it is made so: " +
            "CreatePredictionEngine<...>(model, new PredictionEngineOptions { OwnsTransformer = false }).");
    }

    private float[] Run(ImageInput image, ResNetOutput output)
    {
        using var worker = Rent(Sharing.Latency, Preprocessing, output, _limits);
        worker.Prepare(0, image);
        return worker.Run(1).ToArray();
    }

    private ClassPrediction[] Classify(ImageInput image, int top)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        var probabilities = Run(image, ResNetOutput.Probabilities);
        var best = Card.Thresholds is { } thresholds ? Scores.Reaching(probabilities, thresholds) : Scores.TopK(probabilities, top);
        return [.. best.Select(index => new ClassPrediction(LabelOf(index), probabilities[index]) { Index = index })];
    }

    /// <summary>The name of a class; its number, in digits, if the model does not know its names.</summary>
    internal string LabelOf(int index) => Labels is { } labels && index < labels.Count ? labels[index] : index.ToString();
}
