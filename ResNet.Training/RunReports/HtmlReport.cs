using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Xml.Linq;
using static System.FormattableString;
using static ResNet.MLNet.Html;

namespace ResNet.Training;

/// <summary>
/// A run as one page that needs nothing else: no network, no other file. It can be read without its script, which only sorts tables.
/// </summary>
internal static partial class HtmlReport
{
    /// <summary>The most notes that are shown before the rest is folded away.</summary>
    private const int MostNotes = 8;

    private static readonly JsonSerializerOptions Pretty = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(), // Also where JSON by reflection is off, as in applications of one file.
    };

    /// <summary>Writes the page.</summary>
    public static void Write(string path, RunReport run) => Html.Write(path, "html", Page(run));

    private static XElement Page(RunReport run)
    {
        var data = run.DataName is { } name ? $" on {name}" : "";
        var head = Element("head",
            Element("meta", Attribute("charset", "utf-8")),
            Element("meta", Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1")),
            Element("title", $"{run.Architecture.Name}{data}: training report"),
            Element("style", Resource("theme.css") + Resource("chart.css") + Resource("report.css")));
        var main = Element("main",
            Header(run),
            Figures(run),
            Notes(run.Notes),
            Curves(run),
            Validation(run),
            Findings(run),
            Use(run),
            Repeat(run));
        return Element("html", Attribute("lang", "en"), head, Element("body", main, Element("script", Resource("report.js"))));
    }

    private static XElement Header(RunReport run)
    {
        var finished = run.Finished?.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture);
        List<string> lead = [$"{Count(run.Labels.Count)} classes"];
        if (run.TrainingImages is { } training) lead.Add($"{Count(training)} training images");
        if (run.ValidationImages is { } images) lead.Add(images > 0 ? $"{Count(images)} validation images" : "no validation images");
        lead.Add($"{Count(run.Architecture.ParameterCount)} parameters");
        return Element("header",
            Element("p", Class("kicker"), "Training report", finished is null ? null : $" · {finished}"),
            Element("h1", run.Architecture.Name, run.DataName is { } data ? Element("span", Class("soft"), $" on {data}") : null),
            Element("p", Class("lead"), string.Join(", ", lead)));
    }

    private static XElement Figures(RunReport run)
    {
        List<XElement> figures = [];
        var last = run.History.Count > 0 ? run.History[^1] : null;
        if (run.LabelValidation is { } labels)
        {
            figures.AddRange(LabelFigures(labels, last));
        }
        else if (run.Validation is { } validation)
        {
            var correct = (long)Math.Round(validation.Top1 * validation.Count);
            var (lower, upper) = validation.Top1Interval;
            var images = $"{Count(correct)} of {Count(validation.Count)} images; 95 % interval {Percent(lower)} to {Percent(upper)}";
            figures.Add(Figure("Top-1 accuracy", Percent(validation.Top1), " %", images, "first"));
            figures.Add(Figure("Majority class", Percent(validation.MajorityShare), " %", run.Labels[validation.MajorityClass]));
            if (validation.Top5 is { } top5) figures.Add(Figure("Top-5 accuracy", Percent(top5), " %", "among five predictions"));
            var remark = last is null ? "validation" : $"training {Decimal(last.TrainingLoss)}";
            figures.Add(Figure("Loss", Decimal(validation.Loss), null, remark));
        }
        else if (run.History.FirstOrDefault(each => each.Epoch == (run.BestEpoch ?? last?.Epoch)) is { Score: { } score } kept)
        {
            var images = Invariant($"of the validation images in epoch {kept.Epoch}");
            var name = kept.Top1 is null ? "Mean average precision" : "Top-1 accuracy";
            figures.Add(Figure(name, Percent(score), " %", images, "first"));
            figures.Add(Figure("Loss", Decimal(kept.ValidationLoss ?? double.NaN), null, $"training {Decimal(kept.TrainingLoss)}"));
        }
        else if (last is not null)
        {
            figures.Add(Figure("Training accuracy", Percent(last.TrainingAccuracy), " %", "no images to validate with", "first"));
            figures.Add(Figure("Loss", Decimal(last.TrainingLoss), null, "training"));
        }

        figures.Add(Figure("Epochs", Count(last?.Epoch ?? 0), null, run.BestEpoch is { } best ? $"best: {Count(best)}" : null));
        var each = run.History.Count > 1 ? $"{Duration(run.Elapsed / run.History.Count)} an epoch" : null;
        figures.Add(Figure("Time", Duration(run.Elapsed), null, each));
        if (run.History.Count > 0) figures.Add(Figure("Speed", Count(MedianSpeed(run.History)), null, "images/s in training"));
        return Element("section", Class("figures"), Attribute("aria-label", "Figures"), figures);
    }

    private static XElement Figure(string name, string value, string? unit, string? remark, string? kind = null) =>
        Element("div", Class(kind is null ? "figure" : $"figure {kind}"),
            Element("h2", name),
            Element("p", Class("value"), value, unit is null ? null : Element("span", Class("unit"), unit)),
            remark is null ? null : Element("p", Class("remark"), remark));

    private static long MedianSpeed(IReadOnlyList<EpochMetrics> history) =>
        (long)Math.Round(history.Select(epoch => epoch.ImagesPerSecond).Order().ElementAt(history.Count / 2));

    private static XElement? Notes(IReadOnlyList<string> notes)
    {
        if (notes.Count == 0) return null;
        var rest = notes.Skip(MostNotes).ToList();
        return Element("section", Class("notes"),
            Element("h2", Plural.Choose(notes.Count, "Note", "Notes")),
            List(notes.Take(MostNotes)),
            rest.Count == 0 ? null : Element("details", Element("summary", $"{Count(rest.Count)} more"), List(rest)));

        static XElement List(IEnumerable<string> notes) => Element("ul", notes.Select(note => Element("li", note)));
    }

    private static XElement? Curves(RunReport run)
    {
        if (run.History.Count == 0) return null;
        var figures = RunCharts.Of(run.History, run.BestEpoch).Select(chart => Element("figure", chart.ToSvg()));
        return Element("section", Element("h2", "Curves"), Element("div", Class("charts"), figures));
    }

    private static XElement? Use(RunReport run)
    {
        if (run.ModelFile is not { } model) return null;
        return Element("section", Element("h2", "Use the network"),
            Element("p", Class("about"), $"{model} lies beside this page, unless it was written elsewhere. In C#:"),
            Code(ExampleCode.For(model)));
    }

    private static XElement Code(string text) => Element("pre", Element("code", text));

    private static XElement Repeat(RunReport run)
    {
        var command = run.Command is { } line ? new[] { Element("h3", "Command"), Code(line) } : [];
        var rows = run.Environment.Select(each => Element("tr",
            Element("th", Attribute("scope", "row"), each.What),
            Element("td", each.Which)));
        var environment = Element("div",
            Element("h3", "Made with"),
            Element("table", Class("environment"), Element("tbody", rows)));
        return Element("section", Element("h2", "The run"),
            command,
            Element("div", Class("beside run"),
                Element("div", Element("h3", "Recipe"), Code(Indented(run.Recipe))),
                run.Environment.Count == 0 ? null : environment));
    }

    private static string Indented(string json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document, Pretty).ReplaceLineEndings("\n");
    }

    private static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Decimal(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => Invariant($"{(int)time.TotalHours} h {time.Minutes:00} min"),
        { TotalMinutes: >= 1 } => Invariant($"{time.Minutes} min {time.Seconds:00} s"),
        { TotalSeconds: >= 10 } => Invariant($"{time.TotalSeconds:0} s"),
        _ => Invariant($"{time.TotalSeconds:0.0} s"),
    };
}
