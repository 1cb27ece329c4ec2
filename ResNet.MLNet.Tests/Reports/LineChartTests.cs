using System.Globalization;
using System.Xml.Linq;

namespace ResNet.Tests;

/// <summary>What a chart shows lies where its numbers say, whatever they are.</summary>
[TestClass]
public sealed class LineChartTests
{
    [TestMethod]
    public void Points_lie_where_their_values_say()
    {
        var svg = new LineChart("t", new ChartSeries("a", [(1, 0), (2, 5), (3, 10)])).ToSvg();
        var path = svg.Descendants(Html.Svg + "path").Single().Attribute("d")!.Value;
        var parts = path.Split(['M', 'L', ' '], StringSplitOptions.RemoveEmptyEntries);
        var numbers = parts.Select(part => double.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        // x to the right, y upwards, both in equal steps.
        Assert.AreEqual(numbers[2] - numbers[0], numbers[4] - numbers[2], 0.02);
        Assert.AreEqual(numbers[1] - numbers[3], numbers[3] - numbers[5], 0.02);
        Assert.IsGreaterThan(numbers[0], numbers[2]);
        Assert.IsLessThan(numbers[1], numbers[3]);
        CollectionAssert.AreEqual(new[] { "0", "5", "10", "1", "2", "3" }, Ticks(svg));
        CollectionAssert.Contains(svg.Descendants(Html.Svg + "text").Select(each => each.Value).ToList(), "epoch 2  ·  5");
    }

    [TestMethod]
    public void Equal_factors_are_equally_far_apart_on_a_logarithmic_axis()
    {
        var series = new ChartSeries("a", [(0, 9), (1e-5, 1), (1e-3, 2), (1e-1, 3)]);
        var svg = new LineChart("t", series) { LogarithmicX = true, Marker = (1e-3, "here") }.ToSvg();
        var dots = svg.Elements(Html.Svg + "circle").Select(dot => Number(dot, "cx")).ToArray();
        Assert.HasCount(3, dots);
        Assert.AreEqual(dots[1] - dots[0], dots[2] - dots[1], 0.02);
        CollectionAssert.IsSubsetOf(new[] { "10⁻⁵", "10⁻³", "10⁻¹" }, Ticks(svg));
        var marker = svg.Elements(Html.Svg + "line").Single(each => each.Attribute("class")!.Value == "marker");
        Assert.AreEqual(dots[1], Number(marker, "x1"));
    }

    [TestMethod]
    public void Names_are_written_at_as_many_places_as_do_not_touch()
    {
        CollectionAssert.AreEqual(new[] { "a1", "a2", "a3" }, NamesOf(3, "a"));
        // 40 names of 16 letters, 110 pixels each with the space between, on 424 pixels: every eleventh.
        string[] some = ["layer.long.nam1", "layer.long.nam12", "layer.long.nam23", "layer.long.nam34"];
        CollectionAssert.AreEqual(some, NamesOf(40, "layer.long.nam"));

        static string[] NamesOf(int places, string name)
        {
            var series = new ChartSeries("s", [.. Enumerable.Range(1, places).Select(place => ((double)place, 1.0))]);
            var chart = new LineChart("t", series) { XNames = [.. Enumerable.Range(1, places).Select(place => $"{name}{place}")] };
            return [.. Ticks(chart.ToSvg()).Where(tick => tick.StartsWith(name, StringComparison.Ordinal))];
        }
    }

    [TestMethod]
    public void Any_numbers_can_be_drawn()
    {
        (double, double)[][] all =
        [
            [],
            [(1, 0.5)],
            [(1, double.NaN)],
            [(1, 2), (2, double.NaN), (3, double.PositiveInfinity), (4, 2)],
            [(1, 1e-9), (2, 1e9)],
            [(7, -3), (7, -3)],
            [.. Enumerable.Range(1, 5000).Select(x => ((double)x, Math.Sin(x)))],
        ];
        foreach (var points in all)
        {
            foreach (var logarithmic in new[] { false, true })
            {
                var text = new LineChart("t", new ChartSeries("a", points)) { LogarithmicX = logarithmic }.ToSvg().ToString();
                Assert.DoesNotContain("NaN", text);
                Assert.DoesNotContain("∞", text);
                Assert.DoesNotContain("Infinity", text);
                Assert.IsLessThan(400_000, text.Length);
            }
        }
    }

    [TestMethod]
    public void A_chart_is_a_file_of_its_own()
    {
        using var folder = new TemporaryFolder();
        new LineChart("<b>&", new ChartSeries("\"a\"", [(0.1, 1), (1, 2)])).Write(folder.PathOf("chart.svg"));
        var svg = XDocument.Load(folder.PathOf("chart.svg")).Root!;
        Assert.AreEqual(Html.Svg + "svg", svg.Name);
        Assert.HasCount(1, svg.Elements(Html.Svg + "style").ToList());
        CollectionAssert.Contains(svg.Elements(Html.Svg + "text").Select(each => each.Value).ToList(), "<b>&");
    }

    private static double Number(XElement element, string attribute) =>
        double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    private static string[] Ticks(XElement svg) =>
        [.. svg.Elements(Html.Svg + "text").Where(text => text.Attribute("class")!.Value == "tick").Select(text => text.Value)];
}
