namespace ResNet.MLNet.Interactive;

/// <summary>A chart of lines, such as the error of several networks over the epochs (see <see cref="Views.Plots"/>).</summary>
public sealed class Plot
{
    /// <summary>How many lines have colors of their own.</summary>
    private const int MostLines = 4;

    /// <summary>A chart of lines.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="lines">The lines, four at most.</param>
    /// <exception cref="ArgumentException">There are more than four lines.</exception>
    public Plot(string title, IEnumerable<PlotLine> lines)
    {
        ArgumentException.ThrowIfNullOrEmpty(title);
        ArgumentNullException.ThrowIfNull(lines);
        Title = title;
        Lines = [.. lines];
        if (Lines.Count > MostLines)
            throw new ArgumentException($"'{title}' has {Lines.Count} lines, and a plot shows {MostLines} at most.", nameof(lines));
    }

    /// <summary>What it shows.</summary>
    public string Title { get; }

    /// <summary>The lines.</summary>
    public IReadOnlyList<PlotLine> Lines { get; }

    /// <summary>What x counts. Default: epoch.</summary>
    public string XName { get; init; } = "epoch";

    /// <summary>
    /// What the places 1, 2, 3, ... of x are called, such as layers: a name at least for each value of the longest line. Default: null,
    /// they are numbers.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer names than a line has values.</exception>
    public IReadOnlyList<string>? XNames
    {
        get;
        init
        {
            if (value is { } names && Lines.FirstOrDefault(line => line.Values.Count > names.Count) is { } line)
            {
                throw new ArgumentException(
                    $"The line '{line.Name}' of '{Title}' has {line.Values.Count} values, and there are {names.Count} names.",
                    nameof(value));
            }

            field = value;
        }
    }

    /// <summary>How y is written, as a format of numbers, such as <c>0 %</c>. Default: up to four decimals.</summary>
    public string YFormat { get; init; } = "0.####";

    internal LineChart ToChart() =>
        new(Title, [.. Lines.Select(line => line.ToSeries())]) { XName = XName, XNames = XNames, YFormat = YFormat };
}

/// <summary>A line of a <see cref="Plot"/>.</summary>
/// <param name="name">What it shows.</param>
/// <param name="values">The values at 1, 2, 3, ...; one that is not finite breaks the line.</param>
/// <param name="isDashed">Whether it is drawn in dashes. Default: false.</param>
public sealed class PlotLine(string name, IEnumerable<double> values, bool isDashed = false)
{
    /// <summary>What it shows.</summary>
    public string Name { get; } = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>The values at 1, 2, 3, ...</summary>
    public IReadOnlyList<double> Values { get; } = [.. values ?? throw new ArgumentNullException(nameof(values))];

    /// <summary>Whether it is drawn in dashes.</summary>
    public bool IsDashed { get; } = isDashed;

    internal ChartSeries ToSeries() => new(Name, [.. Values.Select((value, index) => (index + 1.0, value))], IsDashed);
}
