using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet.Interactive;

/// <summary>Something that a notebook shows: as HTML, and as text where there is no HTML, such as a console.</summary>
public sealed class View
{
    internal View(string text, params object?[] content)
    {
        Text = text;
        Html = Element("div", [Class("resnet-view"), Element("style", Style.Value), .. content]);
    }

    /// <summary>What it says, for a console.</summary>
    public string Text { get; }

    /// <summary>The element that a page shows, with the style sheet that it needs.</summary>
    internal XElement Html { get; }

    /// <summary>The same content in HTML, for a page.</summary>
    public string ToHtml() => Html.ToString(SaveOptions.DisableFormatting);

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>
    /// The report's style sheets, for what is inside a view. Light, on a background of their own: a page cannot know whether the notebook
    /// around it is dark.
    /// </summary>
    private static Lazy<string> Style { get; } = new(() =>
    {
        var theme = Resource("theme.css");
        // The variables of the first rule, which is the light one.
        var light = theme[(theme.IndexOf('{', StringComparison.Ordinal) + 1)..theme.IndexOf('}', StringComparison.Ordinal)];
        using var stream = typeof(View).Assembly.GetManifestResourceStream("views.css")!;
        using var reader = new StreamReader(stream);
        return $".resnet-view {{\n{light}{Resource("chart.css")}{ReportParts()}}}\n{reader.ReadToEnd()}";
    });

    /// <summary>What the report's style sheet says of tables and cards; the page around them is the notebook's.</summary>
    private static string ReportParts()
    {
        string[] parts = [".confusion", ".corner", ".pairs", ".scroll", ".card", ".pictures", ".heat", ".beside", ".number", "th", "table"];
        var rules = Resource("report.css").Split('\n').TakeWhile(line => !line.StartsWith("@media", StringComparison.Ordinal));
        return string.Join('\n', rules.Where(line => parts.Any(part => line.StartsWith(part, StringComparison.Ordinal)))) + "\n";
    }
}
