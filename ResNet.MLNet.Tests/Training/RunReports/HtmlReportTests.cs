using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace ResNet.Tests;

/// <summary>The page is well-formed, says what the run gave, needs nothing else, and takes no text for markup.</summary>
[TestClass]
public sealed partial class HtmlReportTests
{
    private const string Nasty = "<b>&\"'</script>\u0001\ud800";

    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(10, 3)]
    [DataRow(41, 1000)]
    [DataRow(1000, 2)]
    public void The_page_is_well_formed_and_holds_the_figures(int classes, int epochs)
    {
        var (page, text) = Write(Run(classes, epochs));
        Assert.AreEqual("html", page.Root!.Name.LocalName);
        StringAssert.StartsWith(text, "<!DOCTYPE html>");
        var body = page.Root.Element("body")!.Value;
        StringAssert.Contains(body, "Top-1 accuracy50.0 %");
        StringAssert.Matches(body, new("images; 95 % interval [0-9.]+ to [0-9.]+"));
        StringAssert.Contains(body, "Majority class");
        StringAssert.Contains(body, "ResNetModel.Open(\"model.onnx\")");
        Assert.AreEqual(classes > 5, body.Contains("Top-5 accuracy", StringComparison.Ordinal));
        Assert.HasCount(4, page.Descendants(Html.Svg + "svg").ToList());
        Assert.AreEqual(classes <= ConfusionHtml.MostClasses, page.Descendants("table").Any(IsConfusion));
        Assert.HasCount(classes, Table(page, "classes").Element("tbody")!.Elements("tr").ToList());
        var pair = Table(page, "pairs").Element("tbody")!.Elements("tr").First().Elements("td").Select(cell => cell.Value).ToArray();
        CollectionAssert.AreEqual(new[] { "class 1", Nasty[..^2] + "\ufffd\ufffd", "2", "50.0 %" }, pair);
    }

    [TestMethod]
    public void Text_is_never_markup_whatever_is_in_it()
    {
        var (page, text) = Write(Run(3, 2) with
        {
            Command = Nasty,
            DataName = Nasty,
            Notes = [Nasty],
            Environment = [(Nasty, Nasty)],
            Recipe = "{\"name\":\"</pre><b>\"}",
            Findings = new([Scored(0, 1)], [Scored(1, 1)]),
        });
        Assert.IsEmpty(page.Descendants("b").ToList());
        Assert.DoesNotContain("<b>", text);
        // In a script or a style sheet HTML does not know escapes, so there must be nothing to escape; and there is one script alone.
        Assert.HasCount(1, OpenScript().Matches(text));
        foreach (var raw in page.Descendants().Where(each => each.Name.LocalName is "script" or "style"))
            Assert.AreEqual(-1, raw.Value.AsSpan().IndexOfAny("<>&"));
        // The first is the code that uses the network.
        StringAssert.Contains(page.Descendants("pre").ElementAt(1).Value, "<b>&\"'</script>\ufffd");
    }

    [TestMethod]
    public void The_page_needs_no_other_file()
    {
        var (page, text) = Write(Run(3, 2) with { Findings = new([Scored(0, 1)], [Scored(1, 1)]) });
        var links = page.Descendants().Attributes().Where(each => each.Name.LocalName is "src" or "href");
        var addresses = links.Select(each => each.Value).ToList();
        Assert.HasCount(4, addresses);
        Assert.IsTrue(addresses.TrueForAll(address => address.StartsWith("data:image/", StringComparison.Ordinal)));
        Assert.DoesNotContain("url(", text);
        Assert.DoesNotContain("@import", text);
        Assert.IsTrue(Address().Matches(text).All(match => match.Value.StartsWith("http://www.w3.org/", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_card_says_what_the_image_is_and_what_it_was_taken_for()
    {
        var mistake = Scored(1, 2) with { PredictionProbability = 0.9996, TrueProbability = 0.0001 };
        var (page, _) = Write(Run(3, 2) with { Findings = new([mistake], []) });
        var card = page.Descendants("article").Single();
        CollectionAssert.AreEqual(new[] { "taken for", "is" }, card.Descendants("dt").Select(each => each.Value).ToArray());
        var classes = card.Descendants("dd").Select(each => each.Value).ToArray();
        CollectionAssert.AreEqual(new[] { "class 2> 99.9 %", "class 1< 0.1 %" }, classes);
        Assert.AreEqual("x.png", card.Descendants("p").Single().Value);
    }

    [TestMethod]
    public void Without_validation_there_is_what_training_says()
    {
        var run = Run(3, 1);
        var (page, _) = Write(run with
        {
            Validation = null,
            Findings = null,
            ValidationImages = 0,
            BestEpoch = null,
            History = [run.History[0] with { ValidationLoss = null, Top1 = null, Top5 = null }],
        });
        StringAssert.Contains(page.Root!.Value, "no validation images");
        StringAssert.Contains(page.Root.Value, "Training accuracy40.0 %");
        Assert.IsEmpty(page.Descendants("table").Where(IsConfusion).ToList());
        Assert.DoesNotContain("NaN", page.Root.Element("body")!.ToString());
    }

    [TestMethod]
    public void The_same_run_gives_the_same_page() => Assert.AreEqual(Write(Run(3, 2)).Text, Write(Run(3, 2)).Text);

    [GeneratedRegex("<script")]
    private static partial Regex OpenScript();

    [GeneratedRegex("[a-z]+://[^\"' <]*")]
    private static partial Regex Address();

    private static XElement Table(XDocument page, string name) =>
        page.Descendants("table").Single(each => each.Attribute("class")!.Value.Split(' ').Contains(name));

    private static bool IsConfusion(XElement table) => table.Attribute("class")!.Value.StartsWith("confusion", StringComparison.Ordinal);

    private static (XDocument Page, string Text) Write(RunReport run)
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("report.html");
        HtmlReport.Write(path, run);
        using var reader = XmlReader.Create(path, new() { DtdProcessing = DtdProcessing.Ignore });
        return (XDocument.Load(reader), File.ReadAllText(path));
    }

    private static ScoredImage Scored(int actual, int prediction) => new()
    {
        Name = Path.Combine("somewhere", "x.png"),
        TrueClass = actual,
        Prediction = prediction,
        TrueProbability = 0.25,
        PredictionProbability = 0.75,
        Picture = new("image/png", [1, 2, 3]),
        HeatMap = new("image/jpeg", [4, 5]),
    };

    /// <summary>Four images of each class, of which two are taken for the class before it.</summary>
    private static RunReport Run(int classes, int epochs)
    {
        var confusion = new int[classes, classes];
        for (var i = 0; i < classes; i++) confusion[i, i] = i == 0 ? 4 : 2;
        for (var i = 1; i < classes; i++) confusion[i, i - 1] = 2;
        return new()
        {
            Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes),
            Labels = [Nasty, .. Enumerable.Range(1, classes - 1).Select(each => $"class {each}")],
            History = [.. Enumerable.Range(1, epochs).Select(Figures)],
            Validation = new(4 * classes, 1.5, 0.5, classes > 5 ? 0.9 : null, confusion),
            ModelFile = "model.onnx",
            Recipe = new TrainingRecipe().ToJson(),
            TrainingImages = 1000,
            ValidationImages = 4 * classes,
            Elapsed = TimeSpan.FromSeconds(75),
            BestEpoch = 1,
        };
    }

    private static EpochMetrics Figures(int epoch) => new()
    {
        Epoch = epoch,
        LearningRate = 0.1,
        TrainingLoss = 2.0 / epoch,
        TrainingAccuracy = 0.4,
        ValidationLoss = 1.5,
        Top1 = 0.5,
        Top5 = 0.9,
        ImagesPerSecond = 100,
        Seconds = 10 * epoch,
    };
}
