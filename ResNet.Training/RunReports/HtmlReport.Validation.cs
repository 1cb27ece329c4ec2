using System.Globalization;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.Training;

/// <content>What the validation images say: the confusion, the figures of each class, and the images that tell most.</content>
internal static partial class HtmlReport
{
    private static XElement[] Validation(RunReport run)
    {
        if (run.LabelValidation is { } labels) return [LabelTable(run.Labels, labels)];
        return run.Validation is { Count: > 0 } validation ? [Confusion(run.Labels, validation), Classes(run.Labels, validation)] : [];
    }

    private static XElement?[] Findings(RunReport run)
    {
        if (run.Findings is not { } findings) return [];
        return
        [
            Images(run.Labels, "Most confident mistakes", "The network was surest of these predictions, and wrong.", findings.Mistakes),
            Images(run.Labels, "Least confident correct predictions", "Correct, but only just.", findings.Doubtful),
        ];
    }

    private static XElement Confusion(IReadOnlyList<string> labels, ClassificationMetrics validation)
    {
        var pairs = ConfusionHtml.Pairs(labels, validation.Confusion);
        var hasTable = labels.Count <= ConfusionHtml.MostClasses;
        var about = hasTable
            ? "Each row holds the images of one class; blue are those recognized, orange those predicted as another class. " +
                "Colors go by share of the class, mistakes stand out more than their share."
            : $"The pairs of classes that are confused most. ({Count(labels.Count)} classes are too many for a table.)";
        var heading = hasTable ? Element("h3", "Confused most") : null;
        var list = pairs is null
            ? Element("p", "No image was predicted as another class.")
            : Element("div", heading, Element("div", Class("scroll"), pairs));
        return Element("section", Element("h2", "Confusion"),
            Element("p", Class("about"), about),
            Element("div", Class(labels.Count <= ConfusionHtml.MostClassesBeside ? "beside" : "alone"),
                hasTable ? ConfusionHtml.Table(labels, validation.Confusion) : null,
                list));
    }

    private static XElement Classes(IReadOnlyList<string> labels, ClassificationMetrics validation)
    {
        const string about = "In percent. Precision: how many of the images predicted as the class are of it. " +
            "Recall: how many of its images are recognized. F1: the harmonic mean of the two.";
        string[] numbers = ["Precision", "Recall", "F1", "Images"];
        var rows = validation.PerClass().Select(each => Element("tr",
            Element("th", Attribute("scope", "row"), labels[each.Class]),
            Bar(each.Precision),
            Bar(each.Recall),
            Bar(each.F1),
            Element("td", Class("number"), Attribute("data-value", Number(each.Support)), Count(each.Support))));
        return ClassTable("Classes", about, numbers, rows);
    }

    private static XElement ClassTable(string title, string about, string[] numbers, IEnumerable<XElement> rows)
    {
        var head = Element("tr", Head("Class", null), numbers.Select(name => Head(name, Class("number"))));
        var table = Element("table", Class("classes sortable"), Element("thead", head), Element("tbody", rows));
        return Element("section", Element("h2", title),
            Element("p", Class("about"), about),
            Element("div", Class("scroll tall"), table));

        static XElement Head(string name, XAttribute? kind) =>
            Element("th", Attribute("scope", "col"), kind, Element("button", Attribute("type", "button"), name));
    }

    private static XElement Bar(double? share)
    {
        if (share is not { } value) return Element("td", Class("number"), Attribute("data-value", "-1"), "–");
        return Element("td", Class("number bar"),
            Attribute("style", $"--share: {value.ToString("0.####", CultureInfo.InvariantCulture)}"),
            Attribute("data-value", value.ToString("R", CultureInfo.InvariantCulture)),
            Element("span", Percent(value)));
    }

    private static XElement? Images(IReadOnlyList<string> labels, string title, string about, IReadOnlyList<ScoredImage> images)
    {
        if (images.Count == 0) return null;
        return Element("section", Element("h2", title),
            Element("p", Class("about"),
                $"{about} The second picture is colored by how much each place speaks for the prediction, from ",
                Element("span", Class("heat"), Attribute("title", "little to much")),
                " little to much (class activation map)."),
            Element("div", Class("cards"), images.Select(image => Card(labels, image))));
    }

    private static XElement Card(IReadOnlyList<string> labels, ScoredImage image)
    {
        var (predicted, actual) = (labels[image.Prediction], labels[image.TrueClass]);
        var isCorrect = image.Prediction == image.TrueClass;
        return Element("article", Class("card"),
            Element("div", Class("pictures"),
                Picture(image.Picture, actual),
                Picture(image.HeatMap, $"What speaks for {predicted}")),
            Element("dl",
                isCorrect ? null : Verdict("wrong", "taken for", predicted, image.PredictionProbability),
                Verdict("right", "is", actual, image.TrueProbability)),
            Element("p", Class("file"), Attribute("title", image.Name), ShortName(image.Name)));
    }

    private static XElement Picture(EncodedImage image, string description) => Element("img",
        Attribute("src", $"data:{image.MediaType};base64,{Convert.ToBase64String(image.Data)}"),
        Attribute("alt", description),
        Attribute("loading", "lazy"));

    private static XElement[] Verdict(string kind, string relation, string label, double probability) =>
    [
        Element("dt", relation),
        Element("dd", Class(kind),
            Element("span", Class("label"), Attribute("title", label), label),
            Element("span", Class("number"), Probability(probability))),
    ];

    /// <summary>The folder of the class is the true class, which the card says already.</summary>
    private static string ShortName(string name) => Path.GetFileName(name) is { Length: > 0 } last ? last : name;

    /// <summary>Never 0 % or 100 % of what is not.</summary>
    private static string Probability(double share) => share switch
    {
        < 0.001 => "< 0.1 %",
        > 0.999 and < 1 => "> 99.9 %",
        _ => $"{Percent(share)} %",
    };
}
