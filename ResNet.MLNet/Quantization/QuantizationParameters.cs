namespace ResNet.MLNet;

/// <summary>What an unsigned byte stands for: (byte - <paramref name="ZeroPoint"/>) * <paramref name="Scale"/>.</summary>
internal readonly record struct QuantizationParameters(float Scale, byte ZeroPoint)
{
    private const double Dropped = 1e-4;
    private const int Candidates = 100;
    private const int SmallestCandidate = 20;

    /// <summary>The parameters that a method chooses for values.</summary>
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
        low = Math.Min(low, 0);
        high = Math.Max(high, 0);
        var scale = (high - low) / byte.MaxValue;
        return scale > 0 ? new((float)scale, (byte)Math.Clamp(Math.Round(-low / scale), 0, byte.MaxValue)) : new(1, 0);
    }

    private static (float, float) Percentile(ActivationHistogram values)
    {
        var total = 0L;
        foreach (var count in values.Bins) total += count;
        var drop = (long)(total * Dropped / 2);
        var low = 0;
        var high = values.Bins.Length - 1;
        for (var seen = values.Bins[low]; low < high && seen <= drop; seen += values.Bins[low]) low++;
        for (var seen = values.Bins[high]; high > low && seen <= drop; seen += values.Bins[high]) high--;
        var from = values.Middle(low) - values.BinWidth / 2;
        var to = values.Middle(high) + values.BinWidth / 2;
        return ((float)Math.Max(values.Min, from), (float)Math.Min(values.Max, to));
    }

    /// <summary>The part of the whole range, both ends drawn in alike, that costs least.</summary>
    private static (float, float) Best(ActivationHistogram values, Func<ActivationHistogram, QuantizationParameters, double> cost)
    {
        var best = 1.0;
        var least = double.PositiveInfinity;
        for (var candidate = Candidates; candidate >= SmallestCandidate; candidate--)
        {
            var share = (double)candidate / Candidates;
            var found = cost(values, Of(values.Min * share, values.Max * share));
            if (found < least)
            {
                best = share;
                least = found;
            }
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

    /// <summary>
    /// The Kullback-Leibler divergence from the histogram to what is left of it when all bins that share a byte are leveled and what lies
    /// outside is added to the outermost byte.
    /// </summary>
    private static double Divergence(ActivationHistogram values, QuantizationParameters range)
    {
        var counts = new double[byte.MaxValue + 1];
        var used = new int[byte.MaxValue + 1];
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
