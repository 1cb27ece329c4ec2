using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.Training;

/// <summary>A run as one page that needs nothing else: no network, no other file. It can be read without its script, which only sorts tables.</summary>
internal static class HtmlReport
{
    /// <summary>The most notes that are shown before the rest is folded away.</summary>
    private const int MostNotes = 8;

    private static readonly JsonSerializerOptions Pretty = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the page.</summary>
    public static void Write(string path, RunReport run) => Html.Write(path, "html", Page(run));

    private static XElement Page(RunReport run) => Element("html", Attribute("lang", "en"),
        Element("head",
            Element("meta", Attribute("charset", "utf-8")),
            Element("meta", Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1")),
            Element("title", $"{run.Architecture.Name}{(run.DataName is { } data ? $" on {data}" : "")}: training report"),
            Element("style", Resource("theme.css") + Resource("chart.css") + Resource("report.css"))),
        Element("body", Element("main",
            Header(run),
            Figures(run),
            Notes(run.Notes),
            Curves(run),
            run.Validation is { Count: > 0 } validation ? [Confusion(run.Labels, validation), Classes(run.Labels, validation)] : Array.Empty<XElement>(),
            run.Findings is { } findings
                ? [Images(run.Labels, "Most confident mistakes", "The network was surest of these guesses, and wrong.", findings.Mistakes), Images(run.Labels, "Least confident right guesses", "Correct, but only just.", findings.Doubtful)]
                : Array.Empty<XElement?>(),
            Repeat(run)),
            Element("script", Resource("report.js"))));

    private static XElement Header(RunReport run) => Element("header",
        Element("p", Class("kicker"), "Training report", run.Finished is { } finished ? $" · {finished.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)}" : null),
        Element("h1", run.Architecture.Name, run.DataName is { } data ? Element("span", Class("soft"), $" on {data}") : null),
        Element("p", Class("lead"),
            $"{Count(run.Labels.Count)} classes, {Count(run.TrainingImages)} training images, {(run.ValidationImages > 0 ? $"{Count(run.ValidationImages)} validation images" : "no validation images")}, {Count(run.Architecture.ParameterCount)} parameters"));

    private static XElement Figures(RunReport run)
    {
        List<XElement> figures = [];
        var last = run.History.Count > 0 ? run.History[^1] : null;
        if (run.Validation is { } validation)
        {
            figures.Add(Figure("Top-1 accuracy", Percent(validation.Top1), " %", $"{Count((long)Math.Round(validation.Top1 * validation.Count))} of {Count(validation.Count)} images", "first"));
            // With five classes or fewer it says nothing.
            if (run.Labels.Count > 5) figures.Add(Figure("Top-5 accuracy", Percent(validation.Top5), " %", "among five guesses"));
            figures.Add(Figure("Loss", Decimal(validation.Loss), null, last is null ? "validation" : $"training {Decimal(last.TrainingLoss)}"));
        }
        else if (last is not null)
        {
            figures.Add(Figure("Training accuracy", Percent(last.TrainingAccuracy), " %", "no images to judge by", "first"));
            figures.Add(Figure("Loss", Decimal(last.TrainingLoss), null, "training"));
        }

        figures.Add(Figure("Epochs", Count(run.History[^1].Epoch), null, run.BestEpoch is { } best ? $"best: {Count(best)}" : null));
        figures.Add(Figure("Time", Duration(run.Elapsed), null, run.History.Count > 1 ? $"{Duration(run.Elapsed / run.History.Count)} an epoch" : null));
        if (run.History.Count > 0) figures.Add(Figure("Speed", Count((long)Math.Round(run.History.Select(epoch => epoch.ImagesPerSecond).Order().ElementAt(run.History.Count / 2))), null, "images/s in training"));
        return Element("section", Class("figures"), Attribute("aria-label", "Figures"), figures);

        static XElement Figure(string name, string value, string? unit, string? remark, string? kind = null) => Element("div", Class(kind is null ? "figure" : $"figure {kind}"),
            Element("h2", name),
            Element("p", Class("value"), value, unit is null ? null : Element("span", Class("unit"), unit)),
            remark is null ? null : Element("p", Class("remark"), remark));
    }

    private static XElement? Notes(IReadOnlyList<string> notes)
    {
        if (notes.Count == 0) return null;
        return Element("section", Class("notes"), Element("h2", notes.Count == 1 ? "Note" : "Notes"),
            Element("ul", notes.Take(MostNotes).Select(note => Element("li", note))),
            notes.Count <= MostNotes ? null : Element("details", Element("summary", $"{Count(notes.Count - MostNotes)} more"), Element("ul", notes.Skip(MostNotes).Select(note => Element("li", note)))));
    }

    private static XElement? Curves(RunReport run)
    {
        if (run.History.Count == 0) return null;
        (double, string)? best = run.BestEpoch is { } epoch ? (epoch, "best") : null;
        var hasValidation = run.History.Any(each => each.ValidationLoss is not null);
        LineChart[] charts =
        [
            new("Loss", [Series("training", each => each.TrainingLoss, hasValidation), .. Validation(each => each.ValidationLoss)]) { Marker = best },
            new("Accuracy", [Series("training", each => each.TrainingAccuracy, hasValidation), .. Validation(each => each.Top1)]) { Marker = best, YFormat = "0.## %" },
            new("Learning rate", Series("at the end of the epoch", each => each.LearningRate, false)) { YFormat = "0.#######", FromZero = true },
            new("Speed", Series("training images a second", each => each.ImagesPerSecond, false)) { YFormat = "#,0.##", FromZero = true },
        ];
        return Element("section", Element("h2", "Curves"), Element("div", Class("charts"), charts.Select(chart => Element("figure", chart.ToSvg()))));

        ChartSeries[] Validation(Func<EpochMetrics, double?> value) => hasValidation ? [Series("validation", value, false)] : [];

        ChartSeries Series(string name, Func<EpochMetrics, double?> value, bool dashed) => new(name, [.. run.History.Select(each => ((double)each.Epoch, value(each) ?? double.NaN))], dashed);
    }

    private static XElement Confusion(IReadOnlyList<string> labels, ClassificationMetrics validation)
    {
        var pairs = ConfusionHtml.Pairs(labels, validation.Confusion);
        var hasTable = labels.Count <= ConfusionHtml.MostClasses;
        return Element("section", Element("h2", "Confusion"),
            Element("p", Class("about"), hasTable
                ? "Each row holds the images of one class; blue are those recognized, orange those taken for another class. Colors go by share of the class, mistakes stand out more than their share."
                : $"The pairs of classes that are confused most. ({Count(labels.Count)} classes are too many for a table.)"),
            Element("div", Class(labels.Count <= ConfusionHtml.MostClassesBeside ? "beside" : "alone"),
                hasTable ? ConfusionHtml.Table(labels, validation.Confusion) : null,
                pairs is null ? Element("p", "No image was taken for another class.") : Element("div", hasTable ? Element("h3", "Confused most") : null, Element("div", Class("scroll"), pairs))));
    }

    private static XElement Classes(IReadOnlyList<string> labels, ClassificationMetrics validation)
    {
        return Element("section", Element("h2", "Classes"),
            Element("p", Class("about"), "In percent. Precision: how many of the images taken for the class are of it. Recall: how many of its images are recognized. F1: the harmonic mean of the two."),
            Element("div", Class("scroll tall"), Element("table", Class("classes sortable"),
                Element("thead", Element("tr", Head("Class", false), Head("Precision", true), Head("Recall", true), Head("F1", true), Head("Images", true))),
                Element("tbody", validation.PerClass().Select(each => Element("tr",
                    Element("th", Attribute("scope", "row"), labels[each.Class]), Bar(each.Precision), Bar(each.Recall), Bar(each.F1),
                    Element("td", Class("number"), Attribute("data-value", Number(each.Support)), Count(each.Support))))))));

        static XElement Head(string name, bool number) => Element("th", Attribute("scope", "col"), number ? Class("number") : null, Element("button", Attribute("type", "button"), name));

        static XElement Bar(double? share) => share is { } value
            ? Element("td", Class("number bar"), Attribute("style", $"--share: {value.ToString("0.####", CultureInfo.InvariantCulture)}"), Attribute("data-value", value.ToString("R", CultureInfo.InvariantCulture)), Element("span", Percent(value)))
            : Element("td", Class("number"), Attribute("data-value", "-1"), "–");
    }

    private static XElement? Images(IReadOnlyList<string> labels, string title, string about, IReadOnlyList<ScoredImage> images)
    {
        if (images.Count == 0) return null;
        return Element("section", Element("h2", title),
            Element("p", Class("about"), $"{about} The second picture is colored by how much each place speaks for the guess, from ", Element("span", Class("heat"), Attribute("title", "little to much")), " little to much (class activation map)."),
            Element("div", Class("cards"), images.Select(image => Element("article", Class("card"),
                Element("div", Class("pictures"), Picture(image.Picture, labels[image.TrueClass]), Picture(image.HeatMap, $"What speaks for {labels[image.Prediction]}")),
                Element("dl",
                    image.Prediction == image.TrueClass ? null : Verdict("wrong", "taken for", labels[image.Prediction], image.PredictionProbability),
                    Verdict("right", "is", labels[image.TrueClass], image.TrueProbability)),
                Element("p", Class("file"), Attribute("title", image.Name), ShortName(image.Name))))));

        static XElement Picture(EncodedImage image, string description) =>
            Element("img", Attribute("src", $"data:{image.MediaType};base64,{Convert.ToBase64String(image.Data)}"), Attribute("alt", description), Attribute("loading", "lazy"));

        static XElement[] Verdict(string kind, string relation, string label, double probability) =>
        [
            Element("dt", relation),
            Element("dd", Class(kind), Element("span", Class("label"), Attribute("title", label), label), Element("span", Class("number"), Probability(probability))),
        ];
    }

    private static XElement Repeat(RunReport run) => Element("section", Element("h2", "The run"),
        run.Command is { } command ? [Element("h3", "Command"), Element("pre", Element("code", command))] : Array.Empty<XElement>(),
        Element("div", Class("beside run"),
            Element("div", Element("h3", "Recipe"), Element("pre", Element("code", Indented(run.Recipe)))),
            run.Environment.Count == 0 ? null : Element("div", Element("h3", "Made with"),
                Element("table", Class("environment"), Element("tbody", run.Environment.Select(each => Element("tr", Element("th", Attribute("scope", "row"), each.What), Element("td", each.Which))))))));

    private static string Indented(string json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document, Pretty).ReplaceLineEndings("\n");
    }

    /// <summary>The folder of the class is the true class, which the card says already.</summary>
    private static string ShortName(string name) => Path.GetFileName(name) is { Length: > 0 } last ? last : name;

    private static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Decimal(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>Never 0 % or 100 % of what is not.</summary>
    private static string Probability(double share) => share switch
    {
        < 0.001 => "< 0.1 %",
        > 0.999 and < 1 => "> 99.9 %",
        _ => $"{Percent(share)} %",
    };

    private static string Duration(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes:00} min" : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds:00} s" : time.TotalSeconds >= 10 ? $"{time.TotalSeconds:0} s" : $"{time.TotalSeconds:0.0} s")}");
}
