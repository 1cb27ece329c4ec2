using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>Runs the float network over images and keeps how the values of each activation are spread.</summary>
/// <param name="graph">The network.</param>
/// <param name="preprocessing">How images are prepared.</param>
/// <param name="limits">What an image may cost.</param>
internal sealed class Calibration(QuantizedGraph graph, ImagePreprocessing preprocessing, ImageLimits limits)
{
    private readonly Dictionary<string, ActivationHistogram> _histograms =
        graph.Values.ToDictionary(name => name, _ => new ActivationHistogram(), StringComparer.Ordinal);

    /// <summary>Runs the network over the images.</summary>
    /// <param name="images">The paths.</param>
    /// <param name="skipped">Receives why images could not be read.</param>
    /// <param name="progress">Receives how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="InvalidDataException">No image can be read, or all are the same.</exception>
    public void Run(
        IReadOnlyList<string> images, List<string> skipped, IProgress<QuantizationProgress>? progress, CancellationToken cancellation)
    {
        using var session = CreateSession();
        using var options = new RunOptions();
        var preparer = new ImagePreparer(preprocessing, limits);
        var input = new float[preparer.Length];
        float[] first = [];
        var read = 0;
        var differ = false;
        for (var i = 0; i < images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!TryPrepare(preparer, images[i], input, skipped)) continue;
            if (read++ == 0) first = [.. input];
            differ = differ || !first.AsSpan().SequenceEqual(input);
            Add(session, options, input);
            progress?.Report(new(false, i + 1, images.Count));
        }

        if (read == 0)
        {
            throw new InvalidDataException(
                $"not one of the {images.Count} images for calibration can be read. {skipped.FirstOrDefault()}");
        }

        if (differ) return;
        throw new InvalidDataException(read == 1
            ? "one image is not enough to find the ranges of activations."
            : $"the {read} images for calibration are all the same.");
    }

    /// <summary>The range of each value of the graph.</summary>
    public Dictionary<string, QuantizationParameters> Ranges(CalibrationMethod method) =>
        _histograms.ToDictionary(each => each.Key, each => QuantizationParameters.Choose(each.Value, method), StringComparer.Ordinal);

    /// <summary>The mean of a channel of a value of the graph.</summary>
    public double MeanOf(string value, int channel) => _histograms[value].MeanOf(channel);

    /// <summary>Prepares an image; false, and why, if it cannot be read.</summary>
    public static bool TryPrepare(ImagePreparer preparer, string path, float[] pixels, List<string> skipped)
    {
        try
        {
            preparer.Prepare(new(path), pixels);
            return true;
        }
        catch (InvalidImageException problem)
        {
            skipped.Add(problem.Message);
            return false;
        }
    }

    private InferenceSession CreateSession()
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = Environment.ProcessorCount,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        return new(graph.WithValuesAsOutputs(), options);
    }

    private void Add(InferenceSession session, RunOptions options, float[] input)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(input, [1, 3, preprocessing.Crop, preprocessing.Crop]);
        using var outputs = session.Run(options, [ModelFile.InputName], [value], graph.Values);
        Parallel.For(0, outputs.Count, index =>
        {
            var channels = (int)outputs[index].GetTensorTypeAndShape().Shape[1];
            _histograms[graph.Values[index]].Add(outputs[index].GetTensorDataAsSpan<float>(), channels);
        });
    }
}
