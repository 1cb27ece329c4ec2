using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// Makes static int8 networks (QDQ: unsigned bytes between layers, signed bytes per output channel for kernels) of float ones, for ONNX
/// Runtime on a CPU.
/// </summary>
public static class ResNetQuantizer
{
    /// <summary>Quantizes a model file.</summary>
    /// <param name="modelFile">A model file of this project, or a ResNet's .onnx from elsewhere.</param>
    /// <param name="images">The paths of some hundreds of images like those that the network will see.</param>
    /// <param name="outputFile">The integer model file to write. It is used like any other.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Receives how far it is.</param>
    /// <param name="cancellation">Stops it; nothing is written.</param>
    /// <returns>The comparison of both networks.</returns>
    /// <exception cref="FileNotFoundException">There is no such model file.</exception>
    /// <exception cref="InvalidDataException">
    /// The model is quantized already or has unknown operators; there are no images that can be read, or they are all the same.
    /// </exception>
    /// <exception cref="ArgumentException">The file to write is the model file or one of the images.</exception>
    public static QuantizationReport Quantize(
        string modelFile,
        IReadOnlyList<string> images,
        string outputFile,
        QuantizationOptions? options = null,
        IProgress<QuantizationProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentException.ThrowIfNullOrEmpty(outputFile);
        OutputFile.EnsureNotInput(outputFile, [modelFile, .. images]);
        options ??= new();
        if (images.Count == 0) throw new InvalidDataException("There are no images to calibrate with.");
        using var model = ResNetModel.Open(modelFile, options.Preprocessing);
        var floats = model.File.ReadBytes();
        try
        {
            List<string> skipped = [];
            var seen = Spread(images, options.CalibrationImages);
            var result = Quantize(floats, model.Preprocessing, seen, options, skipped, progress, cancellation);
            ModelFile.SetCard(result, model.Card with { Quantization = "static int8, not compared yet" });

            var unseen = images.Except(seen).ToList();
            var compared = Spread(unseen.Count > 0 ? unseen : images, options.ComparisonImages);
            using var integer = new ResNetModel(OpenedModel.Open(ModelFile.ToBytes(result)), default);
            var comparison = new NetworkComparison(model, integer, options);
            var report = comparison.Run(compared, skipped, progress, cancellation) with
            {
                FloatBytes = floats.LongLength,
                IntegerBytes = result.CalculateSize(),
            };
            ModelFile.SetCard(result, CardOf(model.Card, options.Method, seen.Count, report));
            AtomicFile.Write(outputFile, stream => ModelFileSeal.Write(result, stream));
            return report;
        }
        catch (InvalidDataException problem) when (!problem.Message.Contains(modelFile, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"'{modelFile}' cannot be quantized: {problem.Message}", problem);
        }
    }

    private static ModelProto Quantize(
        byte[] floats,
        ImagePreprocessing preprocessing,
        IReadOnlyList<string> images,
        QuantizationOptions options,
        List<string> skipped,
        IProgress<QuantizationProgress>? progress,
        CancellationToken cancellation)
    {
        var graph = new QuantizedGraph(ModelProto.Parser.ParseFrom(floats));
        var calibration = new Calibration(graph, preprocessing, options.Limits);
        calibration.Run(images, skipped, progress, cancellation);
        return graph.Quantize(calibration.Ranges(options.Method), calibration.MeanOf);
    }

    private static ModelCard CardOf(ModelCard card, CalibrationMethod method, int calibrated, QuantizationReport report)
    {
        var metrics = new Dictionary<string, double>();
        Add("int8.agreement", report.Agreement);
        Add("int8.featureCosine", report.FeatureCosine);
        Add("top1", report.IntegerTop1);
        Add("float.top1", report.FloatTop1 ?? KnownTop1(card));
        var ranges = method.ToString().ToLowerInvariant();
        return card with
        {
            Metrics = metrics,
            Quantization =
                $"static int8 (QDQ), ranges by {ranges} from {calibrated} images, biases corrected; " +
                $"compared with the float network on {report.Images} images",
        };

        void Add(string name, double? value)
        {
            if (value is { } figure) metrics[name] = figure;
        }
    }

    private static double? KnownTop1(ModelCard card) =>
        card.Metrics is { } metrics && metrics.TryGetValue("top1", out var known) ? known : null;

    /// <summary>As many as wanted, spread evenly, so that a folder of classes gives images of each.</summary>
    private static IReadOnlyList<string> Spread(IReadOnlyList<string> images, int most) =>
        images.Count <= most ? images : [.. Enumerable.Range(0, most).Select(index => images[(int)((long)index * images.Count / most)])];
}
