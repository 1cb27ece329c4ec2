using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>How a network is quantized.</summary>
public sealed record QuantizationOptions
{
    /// <summary>How ranges are chosen. Default: least squared error.</summary>
    public CalibrationMethod Method { get; init; }

    /// <summary>The most images that ranges are found from, spread evenly over those given: from 1; default 500.</summary>
    public int CalibrationImages { get; init; } = 500;

    /// <summary>The most images that float and integer network are compared on: from 1; default 500. Those that calibration did not see come first.</summary>
    public int ComparisonImages { get; init; } = 500;

    /// <summary>How the images of a foreign model are prepared. Default: null, as the model file says.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>The true class of an image, an index; null where it is not known. Default: none is.</summary>
    public Func<string, int?>? LabelOf { get; init; }
}

/// <summary>How far quantizing is.</summary>
/// <param name="Comparing">Whether it is comparing already; else it is calibrating.</param>
/// <param name="Done">Images that are done.</param>
/// <param name="Total">Images of this part.</param>
public sealed record QuantizationProgress(bool Comparing, int Done, int Total);

/// <summary>Float and integer network, compared on the same images.</summary>
/// <param name="Images">The number of images.</param>
/// <param name="Agreement">Share of the images for which both have the same best class, 0 to 1; null for a network without classes.</param>
/// <param name="FeatureCosine">Mean cosine of both networks' features, up to 1; null for a network without features.</param>
/// <param name="FloatTop1">Share of the labeled images whose class is the float network's best guess; null without labels.</param>
/// <param name="IntegerTop1">The same for the integer network.</param>
/// <param name="FloatBytes">Size of the float file.</param>
/// <param name="IntegerBytes">Size of the integer file.</param>
/// <param name="SpeedUp">How many times faster one core runs the integer network (without preparing images).</param>
/// <param name="Skipped">Images that could not be read, each with its reason.</param>
public sealed record QuantizationReport(
    int Images, double? Agreement, double? FeatureCosine, double? FloatTop1, double? IntegerTop1, long FloatBytes, long IntegerBytes, double SpeedUp, IReadOnlyList<string> Skipped);

/// <summary>Makes static int8 networks (QDQ: unsigned bytes between layers, signed bytes per output channel for kernels) of float ones, for ONNX Runtime on a CPU.</summary>
public static class ResNetQuantizer
{
    /// <summary>Quantizes a model file.</summary>
    /// <param name="modelFile">A model file of this project, or a ResNet's .onnx from elsewhere.</param>
    /// <param name="images">Images like those that the network will see: some hundreds.</param>
    /// <param name="outputFile">The integer model file to write. It is used like any other.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Stops it; nothing is written.</param>
    /// <exception cref="InvalidDataException">
    /// The model is quantized already or has unknown operators; there are no images that can be read, or they are all the same.
    /// </exception>
    public static QuantizationReport Quantize(
        string modelFile, IReadOnlyList<string> images, string outputFile, QuantizationOptions? options = null, IProgress<QuantizationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentException.ThrowIfNullOrEmpty(outputFile);
        options ??= new();
        if (images.Count == 0) throw new InvalidDataException("There are no images to calibrate with.");
        using var model = ResNetModel.Open(modelFile, options.Preprocessing);
        var floats = model.File.ReadBytes();
        try
        {
            var graph = new QuantizedGraph(ModelProto.Parser.ParseFrom(floats));
            ConcurrentQueue<string> skipped = [];
            var calibration = Spread(images, options.CalibrationImages);
            var statistics = Calibrate(graph, calibration, model.Preprocessing, skipped, progress, cancellation);
            var ranges = graph.Values.ToDictionary(name => name, name => QuantizationParameters.Choose(statistics[name], options.Method), StringComparer.Ordinal);
            var result = graph.Quantize(ranges, (name, channel) => statistics[name].MeanOf(channel));

            var unseen = images.Except(calibration).ToList();
            var compared = Spread(unseen.Count > 0 ? unseen : images, options.ComparisonImages);
            using var integer = new ResNetModel(OpenedModel.Open(result.ToByteArray()), default);
            var report = Compare(model, integer, compared, options.LabelOf, skipped, progress, cancellation) with { FloatBytes = floats.LongLength, IntegerBytes = result.CalculateSize() };
            SetCard(result, model.Card, options, calibration.Count, report);
            AtomicFile.Write(outputFile, result.WriteTo);
            return report;
        }
        catch (InvalidDataException problem) when (!problem.Message.Contains(modelFile, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"'{modelFile}' cannot be quantized: {problem.Message}", problem);
        }
    }

    private static Dictionary<string, ActivationHistogram> Calibrate(
        QuantizedGraph graph, IReadOnlyList<string> images, ImagePreprocessing preprocessing, ConcurrentQueue<string> skipped, IProgress<QuantizationProgress>? progress, CancellationToken cancellation)
    {
        var histograms = graph.Values.ToDictionary(name => name, _ => new ActivationHistogram(), StringComparer.Ordinal);
        using var sessionOptions = new SessionOptions { IntraOpNumThreads = Environment.ProcessorCount, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(graph.WithValuesAsOutputs(), sessionOptions);
        using var run = new RunOptions();
        var preparer = new ImagePreparer(preprocessing);
        var (input, first) = (new float[preparer.Length], Array.Empty<float>());
        var (read, differ) = (0, false);
        for (var i = 0; i < images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!TryPrepare(preparer, images[i], input, skipped)) continue;
            if (read++ == 0) first = [.. input];
            differ = differ || !first.AsSpan().SequenceEqual(input);
            using var value = OrtValue.CreateTensorValueFromMemory(input, [1, 3, preprocessing.Crop, preprocessing.Crop]);
            using var outputs = session.Run(run, [ModelFile.InputName], [value], graph.Values);
            Parallel.For(0, outputs.Count, output => histograms[graph.Values[output]].Add(outputs[output].GetTensorDataAsSpan<float>(), (int)outputs[output].GetTensorTypeAndShape().Shape[1]));
            progress?.Report(new(false, i + 1, images.Count));
        }

        if (read == 0) throw new InvalidDataException($"not one of the {images.Count} images for calibration can be read. {skipped.FirstOrDefault()}");
        if (!differ) throw new InvalidDataException(read == 1 ? "one image is not enough to find the ranges of activations." : $"the {read} images for calibration are all the same.");
        return histograms;
    }

    private static QuantizationReport Compare(
        ResNetModel floats, ResNetModel integer, IReadOnlyList<string> images, Func<string, int?>? labelOf, ConcurrentQueue<string> skipped, IProgress<QuantizationProgress>? progress, CancellationToken cancellation)
    {
        var hasClasses = floats.ClassCount is not null;
        var (count, same, labeled, floatRight, integerRight, cosines, floatTime, integerTime) = (0, 0, 0, 0, 0, 0.0, TimeSpan.Zero, TimeSpan.Zero);
        var preparer = new ImagePreparer(floats.Preprocessing);
        var pixels = new float[preparer.Length];
        for (var i = 0; i < images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!TryPrepare(preparer, images[i], pixels, skipped)) continue;
            var (left, leftTime) = Timed(floats, hasClasses ? ResNetOutput.Logits : ResNetOutput.Features, pixels);
            var (right, rightTime) = Timed(integer, hasClasses ? ResNetOutput.Logits : ResNetOutput.Features, pixels);
            if (count++ > 0) (floatTime, integerTime) = (floatTime + leftTime, integerTime + rightTime);
            if (hasClasses)
            {
                var (floatBest, integerBest) = (Scores.ArgMax(left), Scores.ArgMax(right));
                if (floatBest == integerBest) same++;
                if (labelOf?.Invoke(images[i]) is { } label)
                {
                    labeled++;
                    if (floatBest == label) floatRight++;
                    if (integerBest == label) integerRight++;
                }

                if (floats.FeatureCount is not null) (left, right) = (Timed(floats, ResNetOutput.Features, pixels).Values, Timed(integer, ResNetOutput.Features, pixels).Values);
            }

            if (floats.FeatureCount is not null) cosines += Cosine(left, right);
            progress?.Report(new(true, i + 1, images.Count));
        }

        return new(
            count, hasClasses && count > 0 ? (double)same / count : null, floats.FeatureCount is not null && count > 0 ? cosines / count : null,
            labeled > 0 ? (double)floatRight / labeled : null, labeled > 0 ? (double)integerRight / labeled : null, 0, 0,
            integerTime > TimeSpan.Zero ? floatTime / integerTime : 1, [.. skipped.Distinct()]);
    }

    private static (float[] Values, TimeSpan Time) Timed(ResNetModel model, ResNetOutput output, float[] pixels)
    {
        using var worker = model.Rent(Sharing.Throughput, model.Preprocessing, output, ImageDecoder.DefaultMaximumPixels);
        worker.Prepare(0, pixels);
        var start = Stopwatch.GetTimestamp();
        var values = worker.Run(1).ToArray();
        return (values, Stopwatch.GetElapsedTime(start));
    }

    private static void SetCard(ModelProto model, ModelCard card, QuantizationOptions options, int calibrated, QuantizationReport report)
    {
        var metrics = new Dictionary<string, double>();
        Add("int8.agreement", report.Agreement);
        Add("int8.featureCosine", report.FeatureCosine);
        Add("top1", report.IntegerTop1);
        Add("float.top1", report.FloatTop1 ?? (card.Metrics?.TryGetValue("top1", out var known) == true ? known : null));
        var changed = card with
        {
            Metrics = metrics,
            Quantization = $"static int8 (QDQ), ranges by {options.Method.ToString().ToLowerInvariant()} from {calibrated} images, biases corrected; compared with the float network on {report.Images} images",
        };
        ModelFile.SetCard(model, changed);

        void Add(string name, double? value)
        {
            if (value is { } figure) metrics[name] = figure;
        }
    }

    private static bool TryPrepare(ImagePreparer preparer, string path, float[] pixels, ConcurrentQueue<string> skipped)
    {
        try
        {
            preparer.Prepare(new(path), pixels);
            return true;
        }
        catch (InvalidImageException problem)
        {
            skipped.Enqueue(problem.Message);
            return false;
        }
    }

    /// <summary>As many as wanted, spread evenly, so that a folder of classes gives images of each.</summary>
    private static IReadOnlyList<string> Spread(IReadOnlyList<string> images, int most) =>
        images.Count <= most ? images : [.. Enumerable.Range(0, most).Select(index => images[(int)((long)index * images.Count / most)])];

    private static double Cosine(float[] left, float[] right)
    {
        double product = 0, leftSquare = 0, rightSquare = 0;
        for (var i = 0; i < left.Length; i++) (product, leftSquare, rightSquare) = (product + left[i] * (double)right[i], leftSquare + left[i] * (double)left[i], rightSquare + right[i] * (double)right[i]);
        return leftSquare > 0 && rightSquare > 0 ? product / Math.Sqrt(leftSquare * rightSquare) : leftSquare == rightSquare ? 1 : 0;
    }
}
