using ResNet.Cli;
using Spectre.Console;

namespace ResNet.Tests;

/// <summary>Text from elsewhere is shown, and does nothing to the terminal or the spreadsheet that shows it.</summary>
[TestClass]
public sealed class PlainTextTests
{
    /// <summary>Sets the terminal's title, clears it (ESC and C1), and lets "gpj.exe" read as "exe.jpg".</summary>
    private const string Nasty = "a\u001b]0;owned\u0007b\u009b2Jc\u202egpj.exe\u2066d";

    private const string Formula = "=cmd|' /C calc'!A1";

    [TestMethod]
    public void Control_characters_are_replaced_and_all_others_stay()
    {
        Assert.AreEqual("a\ufffd]0;owned\ufffdb\ufffd2Jc\ufffdgpj.exe\ufffdd", PlainText.Of(Nasty));
        const string Usual = "Ünïcode 語 😀 שלום\n\ttab";
        Assert.AreSame(Usual, PlainText.Of(Usual));
        Assert.AreEqual("\"\\u202e\"", PlainText.OfJson("\"\u202e\""));
    }

    [TestMethod]
    public void A_console_shows_colors_of_its_own_but_none_of_the_text_s()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.Yes });
        PlainText.Guard(console);
        console.MarkupLineInterpolated($"[yellow]{Nasty}[/]");
        console.Write(CommandWork.CreateTable("Name").AddRow(new Text(Nasty)));
        console.WriteLine(Nasty);
        Assert.AreEqual(3, text.ToString().Split("\ufffd]0;owned\ufffd").Length - 1);
        Assert.DoesNotContain("\u001b]", text.ToString());
        StringAssert.Matches(text.ToString(), new("^\u001b\\["));
    }

    [TestMethod]
    public void Messages_are_plain()
    {
        using var text = new StringWriter { NewLine = "\n" };
        using var writer = new PlainWriter(text);
        writer.WriteLine(Nasty);
        writer.Write('\u001b');
        writer.Write(Nasty.ToCharArray(), 0, 2);
        Assert.AreEqual($"{PlainText.Of(Nasty)}\n\ufffda\ufffd", text.ToString().ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public void Labels_and_names_of_files_are_plain_in_all_that_the_command_writes()
    {
        using var world = new ImageWorld(images: 1);
        var model = world.PathOf("nasty.onnx");
        string[] labels = [Nasty, Formula, "-5"];
        SmallNetwork.Write(model, "cifar-resnet8:width=4", labels, source: Nasty);
        var image = world.PathOf($"{Nasty}.jpg");
        File.Copy(world.Paths[0], image);
        string[] predict = ["predict", "--model", model, image, world.PathOf($"none{Nasty}.jpg"), "--format"];
        var table = Command.Resnet([.. predict, "table"]);
        var csv = Command.Resnet([.. predict, "csv"]);
        var json = Command.Resnet([.. predict, "json"]);
        var info = Command.Resnet("info", model);
        foreach (var result in new[] { table, csv, json, info })
        {
            var all = result.Output + result.Errors;
            Assert.AreEqual("", string.Concat(all.Where(letter => letter is '\u001b' or '\u0007' or '\u009b' or '\u202e' or '\u2066')));
            StringAssert.Contains(all, "]0;owned");
        }

        // Columns stay columns.
        foreach (var shown in new[] { table, info }) Assert.HasCount(1, shown.Lines.Select(each => each.Length).Distinct().ToList());

        // JSON says what the label is, escaped.
        using var line = System.Text.Json.JsonDocument.Parse(json.Lines[0]);
        var named = line.RootElement.GetProperty("predictions").EnumerateArray().Select(each => each.GetProperty("label").GetString());
        CollectionAssert.AreEquivalent(labels, named.ToArray());
        Assert.AreEqual(image, line.RootElement.GetProperty("path").GetString());
        StringAssert.Contains(csv.Output, $",'{Formula},1,");
        StringAssert.Contains(csv.Output, ",-5,2,");
    }
}
