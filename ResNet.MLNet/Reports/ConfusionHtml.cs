using System.Globalization;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet;

/// <summary>A confusion matrix as HTML: a table in colors for not too many classes, and the pairs that are confused most.</summary>
internal static class ConfusionHtml
{
    /// <summary>The most classes that get a table.</summary>
    public const int MostClasses = 40;

    /// <summary>The most classes whose table leaves room for something beside it.</summary>
    public const int MostClassesBeside = 12;

    private const int MostClassesMedium = 22;
    private const int MostPairs = 12;
    private const int MostPairsAlone = 40;

    /// <summary>A table with a row for each true class and a column for each predicted one.</summary>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="confusion">[true class, predicted class] numbers of images.</param>
    public static XElement Table(IReadOnlyList<string> labels, int[,] confusion)
    {
        var corner = Element("th", Class("corner"),
            Element("span", Class("down"), "class"),
            Element("span", Class("across"), "predicted as"));
        var head = Element("thead", Element("tr", corner, labels.Select(label => Head(label, "col"))));
        var rows = labels.Select((label, actual) => Element("tr", Head(label, "row"), Cells(labels, confusion, actual)));
        return Element("div", Class("scroll"),
            Element("table", Class($"confusion {Density(labels.Count)}"), head, Element("tbody", rows)));
    }

    /// <summary>The pairs that are confused most, the worst first; null if there are none.</summary>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="confusion">[true class, predicted class] numbers of images.</param>
    public static XElement? Pairs(IReadOnlyList<string> labels, int[,] confusion)
    {
        var most = labels.Count > MostClasses ? MostPairsAlone : MostPairs;
        var pairs = Mistakes(labels.Count, confusion).OrderByDescending(pair => pair.Count).Take(most).ToList();
        if (pairs.Count == 0) return null;
        var head = Element("tr",
            Element("th", "Class"),
            Element("th", "Predicted as"),
            Element("th", Class("number"), "Images"),
            Element("th", Class("number"), "Of the class"));
        var rows = pairs.Select(pair => Element("tr",
            Element("td", labels[pair.Actual]),
            Element("td", labels[pair.Predicted]),
            Element("td", Class("number"), Count(pair.Count)),
            Element("td", Class("number"), Share(pair.Count, Support(confusion, pair.Actual)))));
        return Element("table", Class("pairs"), Element("thead", head), Element("tbody", rows));
    }

    private static string Density(int classes)
    {
        if (classes <= MostClassesBeside) return "wide";
        return classes <= MostClassesMedium ? "medium" : "narrow";
    }

    private static XElement Head(string label, string scope) =>
        Element("th", Attribute("scope", scope), Attribute("title", label), Element("span", label));

    private static IEnumerable<ConfusedPair> Mistakes(int classes, int[,] confusion)
    {
        for (var actual = 0; actual < classes; actual++)
        {
            for (var predicted = 0; predicted < classes; predicted++)
            {
                var count = confusion[actual, predicted];
                if (predicted != actual && count > 0) yield return new(actual, predicted, count);
            }
        }
    }

    private static IEnumerable<XElement> Cells(IReadOnlyList<string> labels, int[,] confusion, int actual)
    {
        var support = Math.Max(1, Support(confusion, actual));
        for (var predicted = 0; predicted < labels.Count; predicted++)
        {
            var count = confusion[actual, predicted];
            var relation = predicted == actual ? ", predicted correctly" : $" predicted as {labels[predicted]}";
            var title = $"{labels[actual]}{relation}: {Count(count)} of {Count(support)} ({Share(count, support)})";
            yield return count == 0 ? Element("td") : Cell(count, (double)count / support, predicted == actual, title);
        }
    }

    private static XElement Cell(int count, double share, bool isCorrect, string title)
    {
        // The root makes the few mistakes of a good network visible.
        var strength = isCorrect ? share : Math.Sqrt(share);
        var kind = isCorrect ? "right" : "wrong";
        return Element("td",
            Class(strength > 0.7 ? $"{kind} strong" : kind),
            Attribute("style", $"--strength: {Number(strength)}"),
            Attribute("title", title),
            Element("span", Count(count)));
    }

    private static int Support(int[,] confusion, int actual)
    {
        var sum = 0;
        for (var predicted = 0; predicted < confusion.GetLength(1); predicted++) sum += confusion[actual, predicted];
        return sum;
    }

    private static string Count(int count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Share(int part, int whole) =>
        ((double)part / Math.Max(1, whole)).ToString("0.0 %", CultureInfo.InvariantCulture);

    /// <summary>Images of one class that are predicted to be of another.</summary>
    private readonly record struct ConfusedPair(int Actual, int Predicted, int Count);
}
