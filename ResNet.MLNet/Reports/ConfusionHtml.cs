using System.Globalization;
using System.Xml.Linq;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet;

/// <summary>Which classes are taken for which: a table in colors where it can be taken in, and the pairs that are confused most.</summary>
internal static class ConfusionHtml
{
    /// <summary>The most classes that get a table.</summary>
    public const int MostClasses = 40;

    /// <summary>The most classes whose table leaves room for something beside it.</summary>
    public const int MostClassesBeside = 12;

    private const int MostPairs = 12, MostPairsAlone = 40;

    public static XElement Table(IReadOnlyList<string> labels, int[,] confusion)
    {
        var classes = Enumerable.Range(0, labels.Count).ToList();
        var density = labels.Count <= MostClassesBeside ? "wide" : labels.Count <= 22 ? "medium" : "narrow";
        return Element("div", Class("scroll"), Element("table", Class($"confusion {density}"),
            Element("thead", Element("tr",
                Element("th", Class("corner"), Element("span", Class("down"), "class"), Element("span", Class("across"), "taken for")),
                classes.Select(each => Element("th", Attribute("scope", "col"), Attribute("title", labels[each]), Element("span", labels[each]))))),
            Element("tbody", classes.Select(actual => Element("tr",
                Element("th", Attribute("scope", "row"), Attribute("title", labels[actual]), Element("span", labels[actual])),
                Cells(labels, confusion, actual))))));
    }

    /// <summary>The pairs that are confused most, the worst first.</summary>
    public static XElement? Pairs(IReadOnlyList<string> labels, int[,] confusion)
    {
        var most = labels.Count > MostClasses ? MostPairsAlone : MostPairs;
        var pairs = Enumerable.Range(0, labels.Count)
            .SelectMany(actual => Enumerable.Range(0, labels.Count).Where(guess => guess != actual && confusion[actual, guess] > 0).Select(guess => (actual, guess, Count: confusion[actual, guess])))
            .OrderByDescending(pair => pair.Count).Take(most).ToList();
        if (pairs.Count == 0) return null;
        return Element("table", Class("pairs"),
            Element("thead", Element("tr", Element("th", "Class"), Element("th", "Taken for"), Element("th", Class("number"), "Images"), Element("th", Class("number"), "Of the class"))),
            Element("tbody", pairs.Select(pair => Element("tr",
                Element("td", labels[pair.actual]), Element("td", labels[pair.guess]), Element("td", Class("number"), Count(pair.Count)),
                Element("td", Class("number"), Share(pair.Count, Support(confusion, pair.actual)))))));
    }

    private static IEnumerable<XElement> Cells(IReadOnlyList<string> labels, int[,] confusion, int actual)
    {
        var support = Math.Max(1, Support(confusion, actual));
        for (var guess = 0; guess < labels.Count; guess++)
        {
            var count = confusion[actual, guess];
            if (count == 0)
            {
                yield return Element("td");
                continue;
            }

            // The root makes the few mistakes of a good network visible.
            var share = (double)count / support;
            var strength = guess == actual ? share : Math.Sqrt(share);
            yield return Element("td", Class($"{(guess == actual ? "right" : "wrong")}{(strength > 0.7 ? " strong" : "")}"), Attribute("style", $"--strength: {Number(strength)}"),
                Attribute("title", $"{labels[actual]}{(guess == actual ? ", recognized" : $" taken for {labels[guess]}")}: {Count(count)} of {Count(support)} ({Share(count, support)})"), Element("span", Count(count)));
        }
    }

    private static int Support(int[,] confusion, int actual)
    {
        var sum = 0;
        for (var guess = 0; guess < confusion.GetLength(1); guess++) sum += confusion[actual, guess];
        return sum;
    }

    private static string Count(int count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Share(int part, int whole) => ((double)part / Math.Max(1, whole)).ToString("0.0 %", CultureInfo.InvariantCulture);
}
