using System.Globalization;
using System.Xml.Linq;
using Microsoft.ML;
using Microsoft.ML.Data;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet.Interactive;

/// <summary>Makes what a notebook shows. Give the result to <c>Display()</c>.</summary>
public static class Views
{
    /// <summary>The most rows of a table that are shown if nobody asks for more.</summary>
    private const int MostRows = 10;

    /// <summary>Images beside each other, reduced to one height.</summary>
    /// <param name="pictures">The images.</param>
    /// <param name="height">Their height in pixels, 16 to 512. Default: 96.</param>
    /// <exception cref="ArgumentOutOfRangeException">The height is not in that range.</exception>
    /// <exception cref="InvalidImageException">An image cannot be read; the message names it.</exception>
    public static View Pictures(IEnumerable<Picture> pictures, int height = 96)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        Guard.InRange(height, 16, 512, nameof(height));
        var painter = new ThumbnailPainter(height);
        List<Picture> shown = [.. pictures];
        var text = shown.Select(picture => picture.Caption.Length > 0 ? $"{picture.Name}: {picture.Caption}" : picture.Name);
        return new(string.Join('\n', text), Element("div", Class("grid"), shown.Select(picture => Figure(picture, painter))));
    }

    /// <summary>The images of files beside each other, reduced to one height.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="caption">What is written below each; null (default) for nothing.</param>
    /// <param name="height">Their height in pixels, 16 to 512. Default: 96.</param>
    /// <exception cref="ArgumentOutOfRangeException">The height is not in that range.</exception>
    /// <exception cref="InvalidImageException">An image cannot be read; the message names it.</exception>
    public static View Pictures(IEnumerable<string> paths, Func<string, string>? caption = null, int height = 96)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Pictures(paths.Select(path => new Picture(path, caption?.Invoke(path) ?? "")), height);
    }

    /// <summary>
    /// Channels of a layer's map as pictures beside each other, from dark (the least value of the channel) to bright (its greatest). A
    /// value is a square, so nothing is interpolated.
    /// </summary>
    /// <param name="map">The map (see <see cref="ResNetLayers"/>).</param>
    /// <param name="channels">The channels, from 0.</param>
    /// <param name="height">
    /// About how many pixels high they are, 16 to 512: a map is enlarged by a whole factor, never reduced. Default: 112.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The map has no such channel, or the height is not in that range.</exception>
    public static View Maps(FeatureMap map, IEnumerable<int> channels, int height = 112)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(channels);
        Guard.InRange(height, 16, 512, nameof(height));
        var maps = channels.Select(channel => MapPicture.Of(map, channel, height)).ToList();
        return new(
            string.Join('\n', maps.Select(each => $"channel {each.Channel}: {each.Range}").Prepend(MapPicture.SizeOf(map))),
            Element("p", MapPicture.SizeOf(map)),
            Element("div", Class("grid"), maps.Select(each => Element(
                "figure",
                Element("img", Attribute("src", each.Address), Attribute("alt", $"channel {each.Channel}")),
                Element("figcaption", $"{each.Channel}: {each.Range}")))));
    }

    /// <summary>
    /// The filters of a first convolution as one picture, in rows. Gray is 0; each filter is scaled to its own greatest weight. A weight is
    /// a square, so nothing is interpolated.
    /// </summary>
    /// <param name="weights">
    /// [filters, 3, height, width] for red, green and blue: <c>conv1.weight</c> of <see cref="ModelFile.ReadWeights"/> or
    /// <see cref="WeightFile.Read"/>.
    /// </param>
    /// <param name="columns">How many filters are beside each other, 1 to 64. Default: 16.</param>
    /// <param name="scale">Pixels of the picture for a weight, in both directions, 1 to 32. Default: 5.</param>
    /// <exception cref="ArgumentException">The weights do not have that shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is not in its range.</exception>
    public static View Filters(WeightTensor weights, int columns = 16, int scale = 5)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Guard.InRange(columns, 1, 64, nameof(columns));
        Guard.InRange(scale, 1, 32, nameof(scale));
        if (weights.Shape is not [> 0 and var filters, 3, > 0 and var height, > 0 and var width])
        {
            throw new ArgumentException(
                $"The weights are [{string.Join(", ", weights.Shape)}]; filters of pixels are [filters, 3, height, width].",
                nameof(weights));
        }

        var text = $"{Plural.Of(filters, "filter", "filters")} of {height} x {width}";
        var picture = Element("img", Attribute("src", FilterPainter.Paint(weights, columns, scale)), Attribute("alt", text));
        return new(text, Element("figure", Attribute("style", "margin: 0"), picture));
    }

    /// <summary>Classes with their probabilities, as bars.</summary>
    /// <param name="predictions">The classes, such as <see cref="ResNetModel.Classify(string, int)"/> gives.</param>
    public static View Predictions(IEnumerable<ClassPrediction> predictions)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        List<ClassPrediction> shown = [.. predictions];
        var rows = shown.Select(each => Element("tr",
            Element("td", each.Label),
            Element("td", Class("number"), Percent(each.Probability)),
            Element("td", Class("bar"), Element("div", Attribute("style", $"width: {Number(100 * each.Probability)}%")))));
        return new(
            string.Join('\n', shown.Select(each => $"{each.Label}: {Percent(each.Probability)}")),
            Element("table", Class("values"), rows));
    }

    /// <summary>Confusion as a table of all classes (40 at most) and the pairs that are confused most.</summary>
    /// <param name="labels">The names of the classes, in their order.</param>
    /// <param name="confusion">
    /// [true class, predicted class] numbers of images, such as <see cref="ClassificationMetrics.Confusion"/>.
    /// </param>
    /// <exception cref="ArgumentException">The matrix does not have a row and a column for each label.</exception>
    public static View Confusion(IReadOnlyList<string> labels, int[,] confusion)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(confusion);
        if (confusion.GetLength(0) != labels.Count || confusion.GetLength(1) != labels.Count)
        {
            throw new ArgumentException(
                $"The confusion has {confusion.GetLength(0)} x {confusion.GetLength(1)} numbers, and there are {labels.Count} labels.",
                nameof(confusion));
        }

        var correct = labels.Select((_, label) => confusion[label, label]).Sum();
        var images = confusion.Cast<int>().Sum();
        var table = labels.Count <= ConfusionHtml.MostClasses ? ConfusionHtml.Table(labels, confusion) : null;
        return new(
            $"{correct} of {Plural.Of(images, "image", "images")} correct",
            Element("div", table, ConfusionHtml.Pairs(labels, confusion)));
    }

    /// <summary>The confusion that ML.NET's evaluation gives.</summary>
    /// <param name="labels">The names of the classes, in the order of the keys.</param>
    /// <param name="confusion">The confusion, such as <see cref="MulticlassClassificationMetrics.ConfusionMatrix"/>.</param>
    /// <exception cref="ArgumentException">The matrix does not have a row and a column for each label.</exception>
    public static View Confusion(IReadOnlyList<string> labels, ConfusionMatrix confusion)
    {
        ArgumentNullException.ThrowIfNull(confusion);
        var counts = new int[confusion.NumberOfClasses, confusion.NumberOfClasses];
        for (var actual = 0; actual < confusion.NumberOfClasses; actual++)
        {
            for (var predicted = 0; predicted < confusion.NumberOfClasses; predicted++)
                counts[actual, predicted] = (int)confusion.Counts[actual][predicted];
        }

        return Confusion(labels, counts);
    }

    /// <summary>Loss and accuracy over the epochs.</summary>
    /// <param name="history">The epochs, such as <see cref="TrainingResult.History"/>.</param>
    public static View Curves(IReadOnlyList<EpochMetrics> history)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Count == 0) return new("No epoch is complete yet.", Element("p", "No epoch is complete yet."));
        var text = history.Select(each => string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {each.Epoch}: loss {each.TrainingLoss:0.000}, accuracy {Percent(each.Top1 ?? each.TrainingAccuracy)}"));
        return new(string.Join('\n', text), CurvesHtml(history));
    }

    /// <summary>Charts of lines beside each other.</summary>
    /// <param name="plots">The charts.</param>
    public static View Plots(params IEnumerable<Plot> plots)
    {
        ArgumentNullException.ThrowIfNull(plots);
        List<Plot> shown = [.. plots];
        var text = shown.SelectMany(plot => plot.Lines.Select(line => $"{line.Name}: {string.Join(", ", Values(plot, line))}")
            .Prepend(plot.Title));
        return new(string.Join('\n', text), Element("div", Class("curves"), shown.Select(plot => Element("div", plot.ToChart().ToSvg()))));

        static IEnumerable<string> Values(Plot plot, PlotLine line) => line.Values.Select((value, index) =>
        {
            var number = value.ToString(plot.YFormat, CultureInfo.InvariantCulture);
            return plot.XNames is { } names ? $"{names[index]} {number}" : number;
        });
    }

    /// <summary>The first rows of a table, ten at most.</summary>
    /// <param name="data">The table.</param>
    public static View Table(IDataView data) => Table(data, MostRows);

    /// <summary>The first rows of a table.</summary>
    /// <param name="data">The table.</param>
    /// <param name="rows">The most rows that are shown, 1 to 1,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of rows is not in that range.</exception>
    public static View Table(IDataView data, int rows)
    {
        ArgumentNullException.ThrowIfNull(data);
        Guard.InRange(rows, 1, 1000, nameof(rows));
        var preview = data.Preview(rows);
        var columns = preview.Schema.Where(column => !column.IsHidden).ToList();
        var shown = preview.RowView
            .Select(row => columns.Select(column => CellText.Of(row.Values[column.Index].Value)).ToList()).ToList();
        var head = Element("tr", columns.Select(column => Element("th", Attribute("title", column.Type.ToString()!), column.Name)));
        var lines = shown.Prepend([.. columns.Select(column => column.Name)]).Select(row => string.Join(" | ", row));
        return new(
            string.Join('\n', lines),
            Element("table", Class("values"), head, shown.Select(row => Element("tr", row.Select(cell => Element("td", cell))))));
    }

    /// <summary>
    /// The images that a network was surest of and wrong about, with class activation maps: the part of a run's report that shows them.
    /// </summary>
    /// <param name="reportFile">The report of a run, <c>report.html</c> in its folder.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a report of a run.</exception>
    public static View Mistakes(string reportFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(reportFile);
        var section = ReportSection.Find(reportFile, "Most confident mistakes");
        if (section is null) return new("The report shows no mistakes.", Element("p", "The report shows no mistakes."));
        return new(string.Join('\n', section.Descendants("article").Select(Words)), section);

        static string Words(XElement card) => string.Join(' ', card.Descendants().Where(IsWord).Select(word => word.Value));

        static bool IsWord(XElement element) => element.Name.LocalName is "dt" || (string?)element.Attribute("class") is "label";
    }

    internal static XElement CurvesHtml(IReadOnlyList<EpochMetrics> history) => Element("div",
        Class("curves"),
        RunCharts.LossAndAccuracy(history, bestEpoch: null).Select(chart => Element("div", chart.ToSvg())));

    internal static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private static XElement Figure(Picture picture, ThumbnailPainter painter) => Element("figure",
        ClassOf(picture.IsCorrect),
        Element("img", Attribute("src", painter.Paint(picture.Input)), Attribute("alt", picture.Name)),
        picture.Caption.Length > 0 ? Element("figcaption", picture.Caption) : null);

    private static XAttribute? ClassOf(bool? isCorrect)
    {
        if (isCorrect is not { } value) return null;
        return Class(value ? "right" : "wrong");
    }
}
