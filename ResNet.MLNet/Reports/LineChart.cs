using System.Globalization;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Points">Its points, x ascending. A point with a value that is not finite breaks the line.</param>
/// <param name="Dashed">Whether it is drawn in dashes, which also tell it from others without color.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dashed = false);

/// <summary>
/// A chart of lines as SVG, for a page or as a file of its own. Whatever the pointer is over shows its values, without a script. Colors
/// come from style sheets, light or dark as the reader has it.
/// </summary>
/// <param name="Title">What it shows.</param>
/// <param name="Series">The lines; at most as many as there are colors in chart.css.</param>
internal sealed record LineChart(string Title, params IReadOnlyList<ChartSeries> Series)
{
    private const int Width = 480, Height = 264, Left = 44, Right = 468, Top = 54, Bottom = 222, Margin = 16;

    /// <summary>The most places that show their values, and the most points that are dots.</summary>
    private const int MostColumns = 160, MostDots = 40;

    /// <summary>What x is.</summary>
    public string XName { get; init; } = "epoch";

    /// <summary>Whether x is drawn on a logarithmic axis; points whose x is not positive are then left out.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>How y is written, as a format of numbers.</summary>
    public string YFormat { get; init; } = "0.####";

    /// <summary>Whether y begins at 0 at the latest, for what is compared by how many times it is more.</summary>
    public bool FromZero { get; init; }

    /// <summary>An x that is pointed out, and what is written beside it.</summary>
    public (double X, string Name)? Marker { get; init; }

    /// <summary>Writes it as a file of its own.</summary>
    public void Write(string path)
    {
        var svg = ToSvg();
        var (width, height) = (Width + 2 * Margin, Height + 2 * Margin);
        svg.AddFirst(
            Element(Svg + "style", Resource("theme.css") + Resource("chart.css")),
            Element(Svg + "rect", Class("page"), new XAttribute("x", -Margin), new XAttribute("y", -Margin), new XAttribute("width", width), new XAttribute("height", height)));
        // Room around it, and its own size; on a page both come from the style sheet.
        svg.SetAttributeValue("viewBox", $"{-Margin} {-Margin} {width} {height}");
        svg.Add(new XAttribute("width", 2 * width), new XAttribute("height", 2 * height));
        Html.Write(path, null, svg);
    }

    /// <summary>The chart as an element of a page, which needs chart.css and the colors of theme.css.</summary>
    public XElement ToSvg()
    {
        var lines = Series.Select(series => series with { Points = [.. series.Points.Where(point => double.IsFinite(point.X) && (!LogarithmicX || point.X > 0))] }).ToList();
        var points = lines.SelectMany(series => series.Points).Where(point => double.IsFinite(point.Y)).ToList();
        var xs = lines.SelectMany(series => series.Points.Select(point => point.X)).Concat(Marker is { } marker ? [marker.X] : Array.Empty<double>()).Distinct().Order().ToList();
        var x = Axis.Of(xs, LogarithmicX, Left, Right, tight: true);
        var y = Axis.Of([.. points.Select(point => point.Y), .. FromZero ? [0.0] : Array.Empty<double>()], false, Bottom, Top, tight: false);
        return Element(Svg + "svg", Class("chart"), Attribute("viewBox", $"0 0 {Width} {Height}"), Attribute("role", "img"), Attribute("aria-label", Title),
            Text("title", 0, 14, "start", Title),
            Legend(),
            y.Ticks.Select(tick => (object[])[Line("grid", Left, y.At(tick), Right, y.At(tick)), Text("tick", Left - 8, y.At(tick) + 3.5, "end", tick.ToString(YFormat, CultureInfo.InvariantCulture))]),
            Line("axis", Left, Bottom, Right, Bottom),
            x.Ticks.Select(tick => (object[])[Line("axis", x.At(tick), Bottom, x.At(tick), Bottom + 4), Text("tick", x.At(tick), Bottom + 17, "middle", LogarithmicX ? Power(tick) : tick.ToString("#,0.####", CultureInfo.InvariantCulture))]),
            Text("name", Right, Height - 4, "end", XName),
            Marker is { } shown ? [Line("marker", x.At(shown.X), Top, x.At(shown.X), Bottom), MarkerName(x.At(shown.X), shown.Name)] : Array.Empty<object>(),
            lines.Select((series, number) => Drawn(series, number, x, y)),
            Columns(lines, xs, x, y));
    }

    private static XElement MarkerName(double at, string name) => at > (Left + Right) / 2.0
        ? Text("marker-name", at + 3, Top - 5, "end", name)
        : Text("marker-name", at - 3, Top - 5, "start", name);

    private IEnumerable<XElement> Legend()
    {
        var at = 0.0;
        foreach (var (number, series) in Series.Index())
        {
            yield return Element(Svg + "line", Class(LineClass(series, number)), new XAttribute("x1", Number(at)), new XAttribute("x2", Number(at + 18)), new XAttribute("y1", 33), new XAttribute("y2", 33));
            yield return Text("key", at + 24, 36.5, "start", series.Name);
            // The width of the text is known to the browser alone; this leaves room for wide letters.
            at += 24 + 6.4 * series.Name.Length + 18;
        }
    }

    private static IEnumerable<XElement> Drawn(ChartSeries series, int number, Axis x, Axis y)
    {
        var path = new System.Text.StringBuilder();
        var broken = true;
        foreach (var point in series.Points)
        {
            if (double.IsFinite(point.Y)) path.Append(broken ? 'M' : 'L').Append(Number(x.At(point.X))).Append(' ').Append(Number(y.At(point.Y)));
            broken = !double.IsFinite(point.Y);
        }

        if (path.Length > 0) yield return Element(Svg + "path", Class(LineClass(series, number)), new XAttribute("d", path));
        if (series.Points.Count > MostDots) yield break;
        foreach (var point in series.Points.Where(point => double.IsFinite(point.Y))) yield return Dot(number, x.At(point.X), y.At(point.Y), 2.2);
    }

    /// <summary>Invisible columns that show a line, dots and values while the pointer is over them.</summary>
    private IEnumerable<XElement> Columns(List<ChartSeries> lines, List<double> xs, Axis x, Axis y)
    {
        var step = Math.Max(1, (xs.Count + MostColumns - 1) / MostColumns);
        var shown = xs.Where((_, index) => index % step == 0 || index == xs.Count - 1).ToList();
        foreach (var (index, value) in shown.Index())
        {
            var at = x.At(value);
            var from = index == 0 ? Left - 4 : (x.At(shown[index - 1]) + at) / 2;
            var to = index == shown.Count - 1 ? Right + 4 : (x.At(shown[index + 1]) + at) / 2;
            var found = lines.Select((series, number) => (series.Name, number, Y: series.Points.Where(point => point.X == value).Select(point => point.Y).FirstOrDefault(double.NaN)))
                .Where(each => double.IsFinite(each.Y)).ToList();
            if (found.Count == 0) continue;
            var words = string.Join("  ·  ", found.Select(each => $"{(lines.Count > 1 ? each.Name + " " : "")}{Precise(each.Y)}").Prepend($"{XName} {value.ToString("#,0.######", CultureInfo.InvariantCulture)}"));
            yield return Element(Svg + "g", Class("column"),
                Element(Svg + "rect", new XAttribute("x", Number(from)), new XAttribute("y", Top - 8), new XAttribute("width", Number(to - from)), new XAttribute("height", Bottom - Top + 24)),
                Line("guide", at, Top, at, Bottom),
                found.Select(each => Dot(each.number, at, y.At(each.Y), 4)),
                Text("values", Right, 14, "end", words));
        }
    }

    private string Precise(double value) => value.ToString(YFormat.Contains('%', StringComparison.Ordinal) ? "0.00 %" : Math.Abs(value) >= 100 ? "#,0" : "0.####", CultureInfo.InvariantCulture);

    private static string LineClass(ChartSeries series, int number) => $"line s{number}{(series.Dashed ? " dashed" : "")}";

    private static XElement Dot(int number, double x, double y, double radius) =>
        Element(Svg + "circle", Class($"dot s{number}"), new XAttribute("cx", Number(x)), new XAttribute("cy", Number(y)), new XAttribute("r", Number(radius)));

    private static XElement Line(string name, double x1, double y1, double x2, double y2) =>
        Element(Svg + "line", Class(name), new XAttribute("x1", Number(x1)), new XAttribute("y1", Number(y1)), new XAttribute("x2", Number(x2)), new XAttribute("y2", Number(y2)));

    private static XElement Text(string name, double x, double y, string anchor, string text) =>
        Element(Svg + "text", Class(name), new XAttribute("x", Number(x)), new XAttribute("y", Number(y)), new XAttribute("text-anchor", anchor), text);

    /// <summary>A number of a logarithmic axis: 10⁻⁴, 2·10⁻⁴.</summary>
    private static string Power(double value)
    {
        const string Digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
        var exponent = (int)Math.Floor(Math.Log10(value) + 1e-9);
        var factor = Math.Round(value / Math.Pow(10, exponent));
        var written = string.Concat(exponent.ToString(CultureInfo.InvariantCulture).Select(each => each == '-' ? '⁻' : Digits[each - '0']));
        return factor == 1 ? $"10{written}" : $"{factor}·10{written}";
    }

    /// <summary>Where values lie on the drawing, and which of them are written at the axis.</summary>
    private sealed record Axis(double First, double Last, double From, double To, bool Logarithmic, IReadOnlyList<double> Ticks)
    {
        private static readonly int[] Factors = [1, 2, 5];

        /// <param name="values">What has to find room.</param>
        /// <param name="logarithmic">Whether equal factors take equal room.</param>
        /// <param name="from">The place of the smallest value.</param>
        /// <param name="to">The place of the largest.</param>
        /// <param name="tight">Whether the axis ends with the values; else with the round numbers around them.</param>
        public static Axis Of(List<double> values, bool logarithmic, double from, double to, bool tight)
        {
            if (values.Count == 0) values = [1];
            var (first, last) = (values.Min(), values.Max());
            if (logarithmic) return first == last ? new(first / 2, last * 2, from, to, true, [first]) : new(first, last, from, to, true, Powers(first, last));
            if (first == last) (first, last) = tight ? (first - 0.5, last + 0.5) : (first - Math.Max(1e-9, Math.Abs(first) * 0.1), last + Math.Max(1e-9, Math.Abs(last) * 0.1));
            var step = Step((last - first) / (tight ? 6 : 4));
            // Whole numbers, such as epochs, are not divided.
            if (tight && values.All(double.IsInteger)) step = Math.Max(1, step);
            if (!tight) (first, last) = (Math.Floor(first / step + 1e-9) * step, Math.Ceiling(last / step - 1e-9) * step);
            var start = (long)Math.Ceiling(first / step - 1e-9);
            var count = (long)Math.Floor(last / step + 1e-9) - start + 1;
            return new(first, last, from, to, false, [.. Enumerable.Range(0, (int)count).Select(each => Math.Round((start + each) * step, 12))]);
        }

        public double At(double value) => Logarithmic
            ? From + (To - From) * Math.Log(value / First) / Math.Log(Last / First)
            : From + (To - From) * (value - First) / (Last - First);

        /// <summary>The least of 1, 2, 5, 10, ... that is not below a number.</summary>
        private static double Step(double least)
        {
            var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
            return power * (least <= power * 1.0000001 ? 1 : least <= 2 * power ? 2 : least <= 5 * power ? 5 : 10);
        }

        private static double[] Powers(double first, double last)
        {
            var (lowest, highest) = ((int)Math.Floor(Math.Log10(first)), (int)Math.Ceiling(Math.Log10(last)));
            var tens = Enumerable.Range(lowest, highest - lowest + 1).Select(exponent => Math.Pow(10, exponent)).Where(IsInside).ToArray();
            // Ten powers of ten are enough to read by, and fewer than two are not.
            var every = Math.Max(1, (tens.Length + 9) / 10);
            return tens.Length >= 2
                ? [.. tens.Where((_, index) => index % every == 0)]
                : [.. Enumerable.Range(lowest, highest - lowest + 1).SelectMany(exponent => Factors.Select(factor => factor * Math.Pow(10, exponent))).Where(IsInside)];

            bool IsInside(double value) => value >= first * (1 - 1e-9) && value <= last * (1 + 1e-9);
        }
    }
}
