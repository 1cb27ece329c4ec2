using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>What a worker is made for.</summary>
/// <param name="Preprocessing">How images are prepared.</param>
/// <param name="Output">The network's output that is wanted.</param>
/// <param name="Width">Values of that output for one image.</param>
/// <param name="Limits">What an image may cost.</param>
/// <param name="BatchSize">The most images of one run.</param>
internal sealed record WorkerKey(ImagePreprocessing Preprocessing, string Output, int Width, ImageLimits Limits, int BatchSize);

/// <summary>
/// Prepares images and runs the network on them, in tensors that it keeps. Used by one thread at a time.
/// </summary>
internal sealed class InferenceWorker : IDisposable
{
    private readonly InferenceSession _session;
    private readonly ImagePreparer _preparer;
    private readonly float[] _input;
    private readonly float[] _output;
    private readonly RunOptions _options = new();
    private readonly OrtIoBinding _binding;
    private OrtValue? _inputValue;
    private OrtValue? _outputValue;
    private (int First, int Count) _bound;

    // The one size of batch that a graph from elsewhere takes; null for any.
    private readonly int? _fixedBatch;

    // What the images of the next run are called in messages.
    private readonly string?[] _names;
    private readonly string? _modelName;

    /// <param name="session">The network.</param>
    /// <param name="key">What the worker is for.</param>
    /// <param name="modelName">What the network is called in messages; null if it has no name.</param>
    public InferenceWorker(InferenceSession session, WorkerKey key, string? modelName)
    {
        _session = session;
        _modelName = modelName;
        _names = new string?[key.BatchSize];
        Key = key;
        _preparer = new(key.Preprocessing, key.Limits);
        _fixedBatch = session.InputMetadata[ModelFile.InputName].Dimensions[0] is > 0 and var batch ? batch : null;
        // Whole batches.
        var places = _fixedBatch is { } size ? (key.BatchSize + size - 1) / size * size : key.BatchSize;
        var floats = (long)places * _preparer.Length;
        if (floats > Array.MaxLength)
        {
            throw new ArgumentException(
                $"{key.BatchSize} images of {key.Preprocessing.Crop} x {key.Preprocessing.Crop} pixels are too many for one run of the " +
                "network. Choose a smaller BatchSize.");
        }

        // Pinned, so that ONNX Runtime reads and writes these very arrays.
        _input = GC.AllocateUninitializedArray<float>(places * _preparer.Length, pinned: true);
        _output = GC.AllocateUninitializedArray<float>(places * key.Width, pinned: true);
        _binding = session.CreateIoBinding();
    }

    public WorkerKey Key { get; }

    /// <summary>The memory that it holds while it is idle.</summary>
    public long KeptBytes => _preparer.KeptBytes + sizeof(float) * ((long)_input.Length + _output.Length);

    /// <summary>Prepares an image as one of the next run.</summary>
    /// <param name="index">Its place, from 0 up to the batch size.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="InvalidImageException">The image cannot be read; the place can be used for another one.</exception>
    public void Prepare(int index, ImageInput image)
    {
        _names[index] = image.Name;
        _preparer.Prepare(image, Place(index));
    }

    /// <summary>Takes pixels that are prepared already as one image of the next run.</summary>
    /// <param name="index">Its place, from 0 up to the batch size.</param>
    /// <param name="pixels">[3, crop, crop] values.</param>
    public void Prepare(int index, ReadOnlySpan<float> pixels)
    {
        _names[index] = null;
        pixels.CopyTo(Place(index));
    }

    /// <summary>Runs the network on the images at the first places.</summary>
    /// <param name="count">How many.</param>
    /// <returns>[count, width] values, all finite, valid until the next run.</returns>
    /// <exception cref="InvalidDataException">The network gives a value that is not finite; the message names the image.</exception>
    public ReadOnlySpan<float> Run(int count)
    {
        var batch = _fixedBatch ?? count;
        for (var first = 0; first < count; first += batch)
        {
            // What lies behind the last image is computed along, and not read.
            if (_bound != (first, batch)) Bind(first, batch);
            _session.RunWithBinding(_options, _binding);
        }

        var values = _output.AsSpan(0, count * Key.Width);
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i])) throw NotFinite(values[i], _names[i / Key.Width]);
        }

        return values;
    }

    public void Dispose()
    {
        _binding.Dispose();
        _inputValue?.Dispose();
        _outputValue?.Dispose();
        _options.Dispose();
    }

    private InvalidDataException NotFinite(float value, string? image)
    {
        var model = _modelName is null ? "The network" : $"'{_modelName}'";
        var of = image is null ? "an image" : $"'{image}'";
        return new(
            $"{model} gives {Key.Output} of {of} that are not finite ({value}). Its weights are damaged or too large; " +
            "make or download it again.");
    }

    private Span<float> Place(int index) => _input.AsSpan(index * _preparer.Length, _preparer.Length);

    private void Bind(int first, int count)
    {
        _binding.ClearBoundInputs();
        _binding.ClearBoundOutputs();
        _inputValue?.Dispose();
        _outputValue?.Dispose();
        var memory = OrtMemoryInfo.DefaultInstance;
        var size = Key.Preprocessing.Crop;
        var input = _input.AsMemory(first * _preparer.Length, count * _preparer.Length);
        var output = _output.AsMemory(first * Key.Width, count * Key.Width);
        _inputValue = OrtValue.CreateTensorValueFromMemory(memory, input, [count, 3, size, size]);
        _outputValue = OrtValue.CreateTensorValueFromMemory(memory, output, [count, Key.Width]);
        _binding.BindInput(ModelFile.InputName, _inputValue);
        _binding.BindOutput(Key.Output, _outputValue);
        _bound = (first, count);
    }
}

/// <summary>A worker that one thread has rented. Disposing it, which must happen once, gives the worker back.</summary>
internal readonly ref struct WorkerLease(InferenceEngine owner, InferenceWorker worker)
{
    /// <inheritdoc cref="InferenceWorker.Prepare(int, ImageInput)"/>
    public void Prepare(int index, ImageInput image) => worker.Prepare(index, image);

    /// <inheritdoc cref="InferenceWorker.Prepare(int, ReadOnlySpan{float})"/>
    public void Prepare(int index, ReadOnlySpan<float> pixels) => worker.Prepare(index, pixels);

    /// <inheritdoc cref="InferenceWorker.Run"/>
    public ReadOnlySpan<float> Run(int count) => worker.Run(count);

    public void Dispose() => owner.Return(worker);
}
