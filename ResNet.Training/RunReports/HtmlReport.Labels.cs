using System.Globalization;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.Training;

/// <content>What validation images of several labels say: the figures of all labels together and of each.</content>
internal static partial class HtmlReport
{
    private static IEnumerable<XElement> LabelFigures(MultiLabelMetrics validation, EpochMetrics? last)
    {
        if (validation.MeanAveragePrecision is { } precision)
            yield return Figure("Mean average precision", Percent(precision), " %", $"{Count(validation.Count)} images", "first");
        if (validation.MicroF1 is { } micro) yield return Figure("Micro F1", Percent(micro), " %", "all decisions together");
        if (validation.MacroF1 is { } macro) yield return Figure("Macro F1", Percent(macro), " %", "mean of the labels");
        var remark = last is null ? "validation" : $"training {Decimal(last.TrainingLoss)}";
        yield return Figure("Loss", Decimal(validation.Loss), null, remark);
    }

    private static XElement LabelTable(IReadOnlyList<string> labels, MultiLabelMetrics validation)
    {
        const string about = "In percent. Average precision: how well the probabilities rank the images of the label before the others. " +
            "An image gets the label from the threshold on, which is that of the highest F1 on these images, so that precision, recall " +
            "and F1 are slightly too high.";
        string[] numbers = ["Average precision", "Precision", "Recall", "F1", "Threshold", "Images"];
        var rows = validation.PerLabel.Select(each => Element("tr",
            Element("th", Attribute("scope", "row"), labels[each.AtThreshold.Class]),
            Bar(each.AveragePrecision),
            Bar(each.AtThreshold.Precision),
            Bar(each.AtThreshold.Recall),
            Bar(each.AtThreshold.F1),
            Cell(100 * each.Threshold, "0.0"),
            Cell(each.AtThreshold.Support, "#,0")));
        return ClassTable("Labels", about, numbers, rows);
    }

    private static XElement Cell(double value, string format) => Element("td",
        Class("number"),
        Attribute("data-value", value.ToString("R", CultureInfo.InvariantCulture)),
        value.ToString(format, CultureInfo.InvariantCulture));
}
