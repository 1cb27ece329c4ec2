using System.Diagnostics;

namespace ResNet.MLNet;

/// <summary>Compares a float network with the integer network that was made of it, image by image.</summary>
/// <param name="floats">The float network.</param>
/// <param name="integer">The integer network.</param>
/// <param name="options">Limits of images, and their true classes.</param>
internal sealed class NetworkComparison(ResNetModel floats, ResNetModel integer, QuantizationOptions options)
{
    private readonly bool _hasClasses = floats.ClassCount is not null;
    private readonly bool _hasFeatures = floats.FeatureCount is not null;
    private TimeSpan _floatTime;
    private TimeSpan _integerTime;
    private int _images;
    private int _same;
    private int _labeled;
    private int _floatCorrect;
    private int _integerCorrect;
    private double _cosines;

    /// <summary>Runs both networks on images.</summary>
    /// <param name="images">The paths.</param>
    /// <param name="skipped">Receives why images could not be read; what is in it goes into the report, too.</param>
    /// <param name="progress">Receives how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    public QuantizationReport Run(
        IReadOnlyList<string> images, List<string> skipped, IProgress<QuantizationProgress>? progress, CancellationToken cancellation)
    {
        var preparer = new ImagePreparer(floats.Preprocessing, options.Limits);
        var pixels = new float[preparer.Length];
        for (var i = 0; i < images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!Calibration.TryPrepare(preparer, images[i], pixels, skipped)) continue;
            Compare(images[i], pixels);
            progress?.Report(new(true, i + 1, images.Count));
        }

        return new()
        {
            Images = _images,
            Agreement = _hasClasses ? Share(_same, _images) : null,
            FeatureCosine = _hasFeatures ? Share(_cosines, _images) : null,
            FloatTop1 = Share(_floatCorrect, _labeled),
            IntegerTop1 = Share(_integerCorrect, _labeled),
            SpeedUp = _integerTime > TimeSpan.Zero ? _floatTime / _integerTime : 1,
            Skipped = [.. skipped.Distinct()],
        };
    }

    private static double? Share(double part, int count) => count > 0 ? part / count : null;

    private void Compare(string path, float[] pixels)
    {
        var output = _hasClasses ? ResNetOutput.Logits : ResNetOutput.Features;
        var left = Run(floats, output, pixels, out var floatTime);
        var right = Run(integer, output, pixels, out var integerTime);
        // The first run of each network also prepares its memory.
        if (_images++ > 0)
        {
            _floatTime += floatTime;
            _integerTime += integerTime;
        }

        if (_hasClasses)
        {
            CompareClasses(path, Scores.ArgMax(left), Scores.ArgMax(right));
            if (!_hasFeatures) return;
            left = Run(floats, ResNetOutput.Features, pixels, out _);
            right = Run(integer, ResNetOutput.Features, pixels, out _);
        }

        _cosines += Cosine(left, right);
    }

    private void CompareClasses(string path, int floatClass, int integerClass)
    {
        if (floatClass == integerClass) _same++;
        if (options.LabelOf?.Invoke(path) is not { } label) return;
        _labeled++;
        if (floatClass == label) _floatCorrect++;
        if (integerClass == label) _integerCorrect++;
    }

    private static float[] Run(ResNetModel model, ResNetOutput output, float[] pixels, out TimeSpan time)
    {
        using var worker = model.Rent(Sharing.Throughput, model.Preprocessing, output, ImageLimits.Standard);
        worker.Prepare(0, pixels);
        var start = Stopwatch.GetTimestamp();
        var values = worker.Run(1).ToArray();
        time = Stopwatch.GetElapsedTime(start);
        return values;
    }

    private static double Cosine(float[] left, float[] right)
    {
        double product = 0;
        double leftSquare = 0;
        double rightSquare = 0;
        for (var i = 0; i < left.Length; i++)
        {
            product += left[i] * (double)right[i];
            leftSquare += left[i] * (double)left[i];
            rightSquare += right[i] * (double)right[i];
        }

        if (leftSquare > 0 && rightSquare > 0) return product / Math.Sqrt(leftSquare * rightSquare);
        return leftSquare == rightSquare ? 1 : 0;
    }
}
