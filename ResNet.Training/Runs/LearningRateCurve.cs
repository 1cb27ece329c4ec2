using System.Globalization;

namespace ResNet.Training;

/// <summary>A step of the search for a learning rate.</summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Loss">The loss at that step, smoothed.</param>
public readonly record struct RatePoint(double Rate, double Loss);

/// <summary>
/// The loss of a network over rising learning rates (Smith 2017), and the rate at which it fell fastest: a good greatest rate for a
/// schedule. <see cref="ResNetTraining.FindLearningRate"/> measures it.
/// </summary>
public sealed class LearningRateCurve
{
    internal LearningRateCurve(IReadOnlyList<RatePoint> points, bool diverged)
    {
        Points = points;
        Diverged = diverged;
        Suggestion = points[Steepest(points)].Rate;
    }

    /// <summary>The rates that were tried, rising, with the smoothed losses.</summary>
    public IReadOnlyList<RatePoint> Points { get; }

    /// <summary>Whether the search ended because the loss diverged, not because all rates were tried.</summary>
    public bool Diverged { get; }

    /// <summary>The rate at which the loss fell fastest.</summary>
    public double Suggestion { get; }

    /// <summary>Writes the plot as SVG: the smoothed loss over the rate, with the suggestion marked.</summary>
    /// <param name="path">The file, by custom <c>*.svg</c>.</param>
    public void WritePlot(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var losses = new ChartSeries("smoothed loss", [.. Points.Select(point => (point.Rate, point.Loss))]);
        new LineChart("Loss at rising learning rates", losses)
        {
            XName = "learning rate",
            LogarithmicX = true,
            Marker = (Suggestion, string.Create(CultureInfo.InvariantCulture, $"{Suggestion:g2}")),
        }.Write(path);
    }

    /// <summary>
    /// The steepest fall of the loss over the logarithm of the rate; steps are equal on that axis. The first tenth, where the mean is still
    /// settling, does not count.
    /// </summary>
    private static int Steepest(IReadOnlyList<RatePoint> points)
    {
        var steepest = double.PositiveInfinity;
        var at = points.Count / 2;
        for (var i = Math.Max(1, points.Count / 10); i < points.Count - 1; i++)
        {
            var slope = points[i + 1].Loss - points[i - 1].Loss;
            if (slope < steepest)
            {
                steepest = slope;
                at = i;
            }
        }

        return at;
    }
}
