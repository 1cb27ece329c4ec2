using System.Globalization;
using System.Text;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet;

/// <summary>
/// A chart of lines as SVG, for a page or as a file of its own. Whatever the pointer is over shows its values, without a script. Colors
/// come from style sheets, light or dark as the reader has it.
/// </summary>
/// <param name="Title">What it shows.</param>
/// <param name="Series">The lines; at most as many as there are colors in chart.css.</param>
internal sealed record LineChart(string Title, params IReadOnlyList<ChartSeries> Series)
{
    private const int Width = 480, Height = 264, Margin = 16;

    /// <summary>The edges of the part that the lines are drawn in.</summary>
    private const int Left = 44, Right = 468, Top = 54, Bottom = 222;

    /// <summary>Room for a letter that is wide.</summary>
    private const double LetterWidth = 6.4;

    /// <summary>The most places that show their values, and the most points that are dots.</summary>
    private const int MostColumns = 160, MostDots = 40;

    /// <summary>What x is.</summary>
    public string XName { get; init; } = "epoch";

    /// <summary>What the places 1, 2, 3, ... of x are called, such as layers; null where x is a number.</summary>
    public IReadOnlyList<string>? XNames { get; init; }

    /// <summary>Whether x is drawn on a logarithmic axis; points whose x is not positive are then left out.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>How y is written, as a format of numbers.</summary>
    public string YFormat { get; init; } = "0.####";

    /// <summary>Whether the axis of y includes 0, for what is compared by factors.</summary>
    public bool FromZero { get; init; }

    /// <summary>An x that is pointed out, and what is written beside it.</summary>
    public (double X, string Name)? Marker { get; init; }

    /// <summary>Writes it as a file of its own.</summary>
    public void Write(string path)
    {
        var svg = ToSvg();
        var width = Width + 2 * Margin;
        var height = Height + 2 * Margin;
        svg.AddFirst(
            Element(Svg + "style", Resource("theme.css") + Resource("chart.css")),
            Rectangle(-Margin, -Margin, width, height, Class("page")));
        // Room around it, and its own size; on a page both come from the style sheet.
        svg.SetAttributeValue("viewBox", $"{-Margin} {-Margin} {width} {height}");
        svg.Add(Attribute("width", 2 * width), Attribute("height", 2 * height));
        Html.Write(path, null, svg);
    }

    /// <summary>The chart as an element of a page, which needs chart.css and the colors of theme.css.</summary>
    public XElement ToSvg()
    {
        var lines = Series.Select(series => series with { Points = [.. series.Points.Where(HasPlace)] }).ToList();
        var places = lines.SelectMany(series => series.Points).Select(point => point.X);
        if (Marker is { } marker) places = places.Append(marker.X);
        double[] xs = [.. places.Distinct().Order()];
        var values = lines.SelectMany(series => series.FinitePoints).Select(point => point.Y);
        double[] ys = [.. FromZero ? values.Append(0) : values];

        var x = LogarithmicX ? ChartAxis.Logarithmic(xs, Left, Right) : ChartAxis.Tight(xs, Left, Right);
        var y = ChartAxis.Rounded(ys, Bottom, Top);
        return Element(
            Svg + "svg",
            Class("chart"),
            Attribute("viewBox", $"0 0 {Width} {Height}"),
            Attribute("role", "img"),
            Attribute("aria-label", Title),
            Text("title", 0, 14, "start", Title),
            Legend(),
            Grid(y),
            Line("axis", Left, Bottom, Right, Bottom),
            TicksOf(x),
            Text("name", Right, Height - 4, "end", XName),
            MarkerAt(x),
            lines.Select((series, number) => Drawn(series, number, x, y)),
            Columns(lines, xs, x, y));
    }

    private bool HasPlace((double X, double Y) point) => double.IsFinite(point.X) && (!LogarithmicX || point.X > 0);

    private IEnumerable<XElement> Grid(ChartAxis y)
    {
        foreach (var tick in y.Ticks)
        {
            yield return Line("grid", Left, y.At(tick), Right, y.At(tick));
            yield return Text("tick", Left - 8, y.At(tick) + 3.5, "end", tick.ToString(YFormat, CultureInfo.InvariantCulture));
        }
    }

    private IEnumerable<XElement> TicksOf(ChartAxis x)
    {
        foreach (var tick in XNames is null ? x.Ticks : NamedPlaces(x))
        {
            yield return Line("axis", x.At(tick), Bottom, x.At(tick), Bottom + 4);
            var name = x.IsLogarithmic ? Power(tick) : PlaceName(tick, "#,0.####");
            yield return Text("tick", x.At(tick), Bottom + 17, "middle", name);
        }
    }

    /// <summary>The places whose names are written: as many as do not touch each other.</summary>
    private IEnumerable<double> NamedPlaces(ChartAxis x)
    {
        int first = (int)Math.Ceiling(x.First), last = (int)Math.Floor(x.Last);
        var widest = LetterWidth * XNames!.Select(name => name.Length).DefaultIfEmpty(0).Max() + 8;
        var every = Math.Max(1, (int)Math.Ceiling(widest / (x.At(first + 1) - x.At(first))));
        for (var place = first; place <= last; place += every) yield return place;
    }

    /// <summary>The name of a place of x or, where it has none, its number.</summary>
    private string PlaceName(double x, string format) => XNames is { } names && double.IsInteger(x) && x >= 1 && x <= names.Count
        ? names[(int)x - 1]
        : x.ToString(format, CultureInfo.InvariantCulture);

    private IEnumerable<XElement> MarkerAt(ChartAxis x)
    {
        if (Marker is not { } marker) yield break;
        var at = x.At(marker.X);
        yield return Line("marker", at, Top, at, Bottom);
        var isRight = at > (Left + Right) / 2.0;
        yield return Text("marker-name", isRight ? at + 3 : at - 3, Top - 5, isRight ? "end" : "start", marker.Name);
    }

    private IEnumerable<XElement> Legend()
    {
        var at = 0.0;
        foreach (var (number, series) in Series.Index())
        {
            yield return Line(LineClass(series, number), at, 33, at + 18, 33);
            yield return Text("key", at + 24, 36.5, "start", series.Name);
            // The width of the text is known to the browser alone; this leaves room for wide letters.
            at += 24 + LetterWidth * series.Name.Length + 18;
        }
    }

    private static IEnumerable<XElement> Drawn(ChartSeries series, int number, ChartAxis x, ChartAxis y)
    {
        var path = PathOf(series, x, y);
        if (path.Length > 0) yield return Element(Svg + "path", Class(LineClass(series, number)), Attribute("d", path));
        if (series.Points.Count > MostDots) yield break;
        foreach (var point in series.FinitePoints) yield return Dot(number, x.At(point.X), y.At(point.Y), 2.2);
    }

    private static string PathOf(ChartSeries series, ChartAxis x, ChartAxis y)
    {
        var path = new StringBuilder();
        var isBroken = true;
        foreach (var point in series.Points)
        {
            var isThere = double.IsFinite(point.Y);
            if (isThere) path.Append(isBroken ? 'M' : 'L').Append(Number(x.At(point.X))).Append(' ').Append(Number(y.At(point.Y)));
            isBroken = !isThere;
        }

        return path.ToString();
    }

    /// <summary>Invisible columns that show a line, dots and values while the pointer is over them.</summary>
    private IEnumerable<XElement> Columns(List<ChartSeries> lines, double[] xs, ChartAxis x, ChartAxis y)
    {
        var step = Math.Max(1, (xs.Length + MostColumns - 1) / MostColumns);
        double[] shown = [.. xs.Where((_, index) => index % step == 0 || index == xs.Length - 1)];
        foreach (var (index, value) in shown.Index())
        {
            var at = x.At(value);
            var from = index == 0 ? Left - 4 : (x.At(shown[index - 1]) + at) / 2;
            var to = index == shown.Length - 1 ? Right + 4 : (x.At(shown[index + 1]) + at) / 2;
            var found = lines.Index().SelectMany(line => ValueAt(value, line.Item, line.Index)).ToList();
            if (found.Count == 0) continue;
            var values = found.Select(each => lines.Count > 1 ? $"{each.Name} {Precise(each.Y)}" : Precise(each.Y));
            var place = $"{XName} {PlaceName(value, "#,0.######")}";
            yield return Element(
                Svg + "g",
                Class("column"),
                Rectangle(from, Top - 8, to - from, Bottom - Top + 24),
                Line("guide", at, Top, at, Bottom),
                found.Select(each => Dot(each.Number, at, y.At(each.Y), 4)),
                Text("values", Right, 14, "end", string.Join("  ·  ", values.Prepend(place))));
        }
    }

    /// <summary>The value of a line at a place, if it has one there.</summary>
    private static IEnumerable<SeriesValue> ValueAt(double x, ChartSeries series, int number) =>
        series.Points.Where(point => point.X == x).Take(1).Where(point => double.IsFinite(point.Y))
            .Select(point => new SeriesValue(series.Name, number, point.Y));

    private string Precise(double value)
    {
        var format = Math.Abs(value) >= 100 ? "#,0" : "0.####";
        if (YFormat.Contains('%', StringComparison.Ordinal)) format = "0.00 %";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static string LineClass(ChartSeries series, int number) => $"line s{number}{(series.Dashed ? " dashed" : "")}";

    private static XElement Dot(int number, double x, double y, double radius) =>
        Element(Svg + "circle", Class($"dot s{number}"), Attribute("cx", x), Attribute("cy", y), Attribute("r", radius));

    private static XElement Line(string name, double x1, double y1, double x2, double y2) =>
        Element(Svg + "line", Class(name), Attribute("x1", x1), Attribute("y1", y1), Attribute("x2", x2), Attribute("y2", y2));

    private static XElement Rectangle(double x, double y, double width, double height, XAttribute? name = null) =>
        Element(Svg + "rect", name, Attribute("x", x), Attribute("y", y), Attribute("width", width), Attribute("height", height));

    private static XElement Text(string name, double x, double y, string anchor, string text) =>
        Element(Svg + "text", Class(name), Attribute("x", x), Attribute("y", y), Attribute("text-anchor", anchor), text);

    /// <summary>A number of a logarithmic axis: 10⁻⁴, 2·10⁻⁴.</summary>
    private static string Power(double value)
    {
        const string Digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
        var exponent = (int)Math.Floor(Math.Log10(value) + 1e-9);
        var factor = Math.Round(value / Math.Pow(10, exponent));
        var digits = exponent.ToString(CultureInfo.InvariantCulture);
        var written = string.Concat(digits.Select(digit => digit == '-' ? '⁻' : Digits[digit - '0']));
        return factor == 1 ? $"10{written}" : $"{factor}·10{written}";
    }

    /// <summary>A line's value at a place.</summary>
    private readonly record struct SeriesValue(string Name, int Number, double Y);
}
