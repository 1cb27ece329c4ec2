namespace ResNet.MLNet;

/// <summary>Where values lie on a drawing, and which of them are written at the axis.</summary>
/// <param name="First">The value at the axis' start.</param>
/// <param name="Last">The value at its end.</param>
/// <param name="From">The place of its start.</param>
/// <param name="To">The place of its end.</param>
/// <param name="Ticks">The values that are written.</param>
internal sealed record ChartAxis(double First, double Last, double From, double To, IReadOnlyList<double> Ticks)
{
    private static readonly int[] Factors = [1, 2, 5];

    /// <summary>Whether equal factors are equally far apart; else equal differences are.</summary>
    public bool IsLogarithmic { get; private init; }

    /// <summary>An axis on which equal differences are equally far apart and that ends with the values.</summary>
    /// <param name="values">What has to find room.</param>
    /// <param name="from">The place of the smallest value.</param>
    /// <param name="to">The place of the largest.</param>
    public static ChartAxis Tight(IReadOnlyList<double> values, double from, double to)
    {
        var (first, last) = Range(values);
        if (first == last) (first, last) = (first - 0.5, last + 0.5);
        var step = RoundUp((last - first) / 6);
        // Whole numbers, such as epochs, are not divided.
        if (values.All(double.IsInteger)) step = Math.Max(1, step);
        return new(first, last, from, to, Multiples(step, first, last));
    }

    /// <summary>An axis on which equal differences are equally far apart and that ends with the round numbers around the values.</summary>
    /// <inheritdoc cref="Tight" path="/param"/>
    public static ChartAxis Rounded(IReadOnlyList<double> values, double from, double to)
    {
        var (first, last) = Range(values);
        if (first == last)
        {
            first -= Math.Max(1e-9, Math.Abs(first) * 0.1);
            last += Math.Max(1e-9, Math.Abs(last) * 0.1);
        }

        var step = RoundUp((last - first) / 4);
        first = Math.Floor(first / step + 1e-9) * step;
        last = Math.Ceiling(last / step - 1e-9) * step;
        return new(first, last, from, to, Multiples(step, first, last));
    }

    /// <summary>An axis on which equal factors are equally far apart and that ends with the values, which are positive.</summary>
    /// <inheritdoc cref="Tight" path="/param"/>
    public static ChartAxis Logarithmic(IReadOnlyList<double> values, double from, double to)
    {
        var (first, last) = Range(values);
        return first == last
            ? new(first / 2, last * 2, from, to, [first]) { IsLogarithmic = true }
            : new(first, last, from, to, Powers(first, last)) { IsLogarithmic = true };
    }

    /// <summary>The place of a value.</summary>
    public double At(double value) => IsLogarithmic
        ? From + (To - From) * Math.Log(value / First) / Math.Log(Last / First)
        : From + (To - From) * (value - First) / (Last - First);

    private static (double First, double Last) Range(IReadOnlyList<double> values) =>
        values.Count == 0 ? (1, 1) : (values.Min(), values.Max());

    private static double[] Multiples(double step, double first, double last)
    {
        var start = (long)Math.Ceiling(first / step - 1e-9);
        var count = (long)Math.Floor(last / step + 1e-9) - start + 1;
        return [.. Enumerable.Range(0, (int)count).Select(index => Math.Round((start + index) * step, 12))];
    }

    /// <summary>The least of 1, 2, 5, 10, ... that is not below a number.</summary>
    private static double RoundUp(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        if (least <= power * 1.0000001) return power;
        if (least <= 2 * power) return 2 * power;
        return least <= 5 * power ? 5 * power : 10 * power;
    }

    private static double[] Powers(double first, double last)
    {
        var lowest = (int)Math.Floor(Math.Log10(first));
        var highest = (int)Math.Ceiling(Math.Log10(last));
        var tens = Enumerable.Range(lowest, highest - lowest + 1).Select(exponent => Math.Pow(10, exponent)).ToArray();
        var inside = tens.Where(IsInside).ToArray();
        // Ten powers of ten are enough to read by, and fewer than two are not.
        if (inside.Length < 2) return [.. tens.SelectMany(ten => Factors.Select(factor => factor * ten)).Where(IsInside)];
        var every = Math.Max(1, (inside.Length + 9) / 10);
        return [.. inside.Where((_, index) => index % every == 0)];

        bool IsInside(double value) => value >= first * (1 - 1e-9) && value <= last * (1 + 1e-9);
    }
}
