using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>How the range that eight bits stand for is chosen from the values that calibration saw.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CalibrationMethod>))]
public enum CalibrationMethod
{
    /// <summary>The range with the least mean squared error.</summary>
    Mse,

    /// <summary>All that was seen.</summary>
    MinMax,

    /// <summary>All but 0.01 % of the values, half on each side.</summary>
    Percentile,

    /// <summary>The range whose eight-bit distribution is nearest to that of the values (Kullback-Leibler), as TensorRT chooses it.</summary>
    Entropy,
}

/// <summary>What an unsigned byte stands for: (byte - <paramref name="ZeroPoint"/>) * <paramref name="Scale"/>.</summary>
internal readonly record struct QuantizationParameters(float Scale, byte ZeroPoint)
{
    private const double Dropped = 1e-4;
    private const int Candidates = 100;

    public static QuantizationParameters Choose(ActivationHistogram values, CalibrationMethod method)
    {
        var (low, high) = method switch
        {
            CalibrationMethod.MinMax => (values.Min, values.Max),
            CalibrationMethod.Percentile => Percentile(values),
            CalibrationMethod.Entropy => Best(values, Divergence),
            _ => Best(values, SquaredError),
        };
        return Of(low, high);
    }

    /// <summary>The range that holds 0 exactly, as padding and ReLU need it.</summary>
    private static QuantizationParameters Of(double low, double high)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        var scale = (high - low) / byte.MaxValue;
        return scale > 0 ? new((float)scale, (byte)Math.Clamp(Math.Round(-low / scale), 0, byte.MaxValue)) : new(1, 0);
    }

    private static (float, float) Percentile(ActivationHistogram values)
    {
        var total = 0L;
        foreach (var count in values.Bins) total += count;
        var drop = (long)(total * Dropped / 2);
        int low = 0, high = values.Bins.Length - 1;
        for (var seen = 0L; low < high && (seen += values.Bins[low]) <= drop; low++)
        {
        }

        for (var seen = 0L; high > low && (seen += values.Bins[high]) <= drop; high--)
        {
        }

        return ((float)Math.Max(values.Min, values.Middle(low) - values.BinWidth / 2), (float)Math.Min(values.Max, values.Middle(high) + values.BinWidth / 2));
    }

    /// <summary>The part of the whole range, both ends drawn in alike, that costs least.</summary>
    private static (float, float) Best(ActivationHistogram values, Func<ActivationHistogram, QuantizationParameters, double> cost)
    {
        var (best, least) = (1.0, double.PositiveInfinity);
        for (var candidate = Candidates; candidate >= 20; candidate--)
        {
            var share = (double)candidate / Candidates;
            if (cost(values, Of(values.Min * share, values.Max * share)) is var found && found < least) (best, least) = (share, found);
        }

        return ((float)(values.Min * best), (float)(values.Max * best));
    }

    private static double SquaredError(ActivationHistogram values, QuantizationParameters range)
    {
        double sum = 0;
        for (var bin = 0; bin < values.Bins.Length; bin++)
        {
            if (values.Bins[bin] == 0) continue;
            var value = values.Middle(bin);
            var error = value - range.Round(value);
            sum += values.Bins[bin] * error * error;
        }

        return sum;
    }

    /// <summary>From the histogram to what is left of it when all bins that share a byte are levelled and what lies outside is added to the outermost byte.</summary>
    private static double Divergence(ActivationHistogram values, QuantizationParameters range)
    {
        var (counts, used) = (new double[byte.MaxValue + 1], new int[byte.MaxValue + 1]);
        double total = 0;
        for (var bin = 0; bin < values.Bins.Length; bin++)
        {
            if (values.Bins[bin] == 0) continue;
            var place = range.ByteOf(values.Middle(bin));
            counts[place] += values.Bins[bin];
            used[place]++;
            total += values.Bins[bin];
        }

        double sum = 0;
        for (var bin = 0; bin < values.Bins.Length; bin++)
        {
            if (values.Bins[bin] == 0) continue;
            var place = range.ByteOf(values.Middle(bin));
            sum += values.Bins[bin] / total * Math.Log(values.Bins[bin] * used[place] / counts[place]);
        }

        return sum;
    }

    private int ByteOf(double value) => (int)Math.Clamp(Math.Round(value / Scale) + ZeroPoint, 0, byte.MaxValue);

    private double Round(double value) => (ByteOf(value) - ZeroPoint) * (double)Scale;
}
