using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>
/// Prepares and runs one image at a time, in tensors that it keeps. Used by one thread at a time.
/// </summary>
internal sealed class InferenceWorker : IDisposable
{
    private readonly InferenceSession _session;
    private readonly ImagePreparer _preparer;
    private readonly (ImagePreprocessing Preprocessing, string Output, long MaximumPixels) _purpose;
    private readonly float[] _input, _output;
    private readonly OrtValue _inputValue, _outputValue;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();

    public InferenceWorker(InferenceEngine owner, InferenceSession session, ImagePreprocessing preprocessing, string output, int width, long maximumPixels)
    {
        (Owner, _session) = (owner, session);
        _purpose = (preprocessing, output, maximumPixels);
        _preparer = new(preprocessing, maximumPixels);
        // Pinned, so that ONNX Runtime reads and writes these very arrays.
        _input = GC.AllocateUninitializedArray<float>(_preparer.Length, pinned: true);
        _output = GC.AllocateUninitializedArray<float>(width, pinned: true);
        _inputValue = OrtValue.CreateTensorValueFromMemory(_input, [1, 3, preprocessing.Crop, preprocessing.Crop]);
        _outputValue = OrtValue.CreateTensorValueFromMemory(_output, [1, width]);
        _binding = session.CreateIoBinding();
        _binding.BindInput(OnnxExporter.InputName, _inputValue);
        _binding.BindOutput(output, _outputValue);
    }

    /// <summary>Whom it is given back to.</summary>
    public InferenceEngine Owner { get; }

    public bool Fits(ImagePreprocessing preprocessing, string output, long maximumPixels) => _purpose == (preprocessing, output, maximumPixels);

    /// <summary>Runs the network on an image file. The result is valid until the next call.</summary>
    /// <exception cref="InvalidImageException">The image cannot be read.</exception>
    public ReadOnlySpan<float> Run(string path)
    {
        _preparer.Prepare(path, _input);
        return Run();
    }

    /// <inheritdoc cref="Run(string)"/>
    public ReadOnlySpan<float> Run(scoped ReadOnlySpan<byte> encoded)
    {
        _preparer.Prepare(encoded, _input);
        return Run();
    }

    /// <inheritdoc cref="Run(string)"/>
    public ReadOnlySpan<float> Run(MLImage image)
    {
        _preparer.Prepare(image, _input);
        return Run();
    }

    public void Dispose()
    {
        _binding.Dispose();
        _inputValue.Dispose();
        _outputValue.Dispose();
        _options.Dispose();
    }

    private ReadOnlySpan<float> Run()
    {
        _session.RunWithBinding(_options, _binding);
        return _output;
    }
}
