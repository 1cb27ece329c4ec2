using System.Text.RegularExpressions;

namespace ResNet.Tests;

/// <summary>docs/troubleshooting.md has the messages that the code has.</summary>
[TestClass]
public sealed partial class TroubleshootingTests
{
    private static readonly Lazy<string> Sources = new(() => string.Concat(
        new[] { "ResNet.MLNet", "ResNet.Training", "ResNet.Cli" }
            .SelectMany(folder => Repository.CSharpFiles(Repository.PathOf(folder)))
            .Select(file => Joints().Replace(file.Text, ""))));

    private static IEnumerable<string> Messages => File.ReadLines(Repository.PathOf("docs", "troubleshooting.md"))
        .Where(line => line.StartsWith("### `", StringComparison.Ordinal))
        .Select(line => line[5..^1]);

    [TestMethod]
    [DynamicData(nameof(Messages))]
    public void A_message_that_the_page_explains_is_one_of_the_code(string message)
    {
        foreach (var part in message.Split('…', StringSplitOptions.TrimEntries)) Assert.Contains(part, Sources.Value);
    }

    /// <summary>Where a text goes on in the next line.</summary>
    [GeneratedRegex("\" \\+\\s*\\$?\"")]
    private static partial Regex Joints();
}
