namespace ResNet.MLNet;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Points">Its points, x ascending. A point with a value that is not finite breaks the line.</param>
/// <param name="Dashed">Whether it is drawn in dashes, which also tell it from others without color.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dashed = false)
{
    /// <summary>The points that have a y.</summary>
    public IEnumerable<(double X, double Y)> FinitePoints => Points.Where(point => double.IsFinite(point.Y));
}
