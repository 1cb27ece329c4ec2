using System.Text.Json;
using System.Text.RegularExpressions;

namespace ResNet.Training;

/// <summary>
/// What a run is: architecture, data, starting point and recipe. Two runs of the same identity give the same weights on the same machine.
/// Checkpoints keep it as text.
/// </summary>
/// <param name="architecture">The network's name.</param>
/// <param name="data">What the images are.</param>
/// <param name="start">What the run starts from; null for random weights.</param>
/// <param name="teacher">What the network learns from; null for nothing.</param>
/// <param name="recipe">The recipe as JSON.</param>
internal sealed partial class RunIdentity(string architecture, string data, string? start, string? teacher, string recipe)
{
    private const string Absent = "absent";

    /// <summary>The text that a checkpoint keeps.</summary>
    public override string ToString()
    {
        var from = start is null ? "" : $", from {start}";
        var by = teacher is null ? "" : $", taught by {teacher}";
        return $"{architecture} on {data}{from}{by}, recipe {recipe}";
    }

    /// <summary>
    /// What differs from the run that a checkpoint is of, such as "epochs: 1 in the checkpoint, 3 now"; nothing if they are the same.
    /// </summary>
    /// <param name="written">The checkpoint's text.</param>
    public IReadOnlyList<string> DifferencesFrom(string written)
    {
        if (written == ToString()) return [];
        if (Parse(written) is not { } other) return [$"it was: {written}; this is: {this}"];
        List<string> differences = [];
        Compare("architecture", other.Architecture, architecture);
        Compare("data", other.Data, data);
        // The same weights under another name, such as a file's and the catalog's, are the same start.
        if (FingerprintOf(other.Start) != FingerprintOf(start))
            Compare("starting point", other.Start ?? "random weights", start ?? "random weights");
        Compare("teacher", other.Teacher ?? "none", teacher ?? "none");
        var (before, now) = (EntriesOf(other.Recipe), EntriesOf(recipe));
        foreach (var name in before.Keys.Union(now.Keys))
            Compare(name, before.GetValueOrDefault(name, Absent), now.GetValueOrDefault(name, Absent));
        return differences;

        void Compare(string name, string before, string now)
        {
            if (before != now) differences.Add($"{name}: {before} in the checkpoint, {now} now");
        }
    }

    /// <summary>What a run started from.</summary>
    /// <param name="written">The text of its checkpoint.</param>
    /// <returns>Its architecture and the name of the network; that is null for random weights. Null if the text does not say.</returns>
    public static (string Architecture, string? Network)? StartOf(string written) =>
        Parse(written) is { } run ? (run.Architecture, run.Start?[..run.Start.LastIndexOf(" (", StringComparison.Ordinal)]) : null;

    private static string? FingerprintOf(string? start) => start?[start.LastIndexOf(" (", StringComparison.Ordinal)..];

    private static Parts? Parse(string text)
    {
        if (Text().Match(text) is not { Success: true } match) return null;
        var (start, teacher) = (match.Groups["start"], match.Groups["teacher"]);
        var recipe = match.Groups["recipe"].Value;
        try
        {
            using var document = JsonDocument.Parse(recipe);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
        }
        catch (JsonException)
        {
            return null;
        }

        return new(match.Groups["architecture"].Value, match.Groups["data"].Value, ValueOf(start), ValueOf(teacher), recipe);

        static string? ValueOf(Group group) => group.Success ? group.Value : null;
    }

    /// <summary>The entries of a recipe by their names, those inside others as "schedule.warmup".</summary>
    private static OrderedDictionary<string, string> EntriesOf(string recipe)
    {
        using var document = JsonDocument.Parse(recipe);
        OrderedDictionary<string, string> entries = new(StringComparer.Ordinal);
        Add("", document.RootElement);
        return entries;

        void Add(string name, JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                entries[name] = value.GetRawText();
                return;
            }

            foreach (var property in value.EnumerateObject())
                Add(name.Length == 0 ? property.Name : $"{name}.{property.Name}", property.Value);
        }
    }

    [GeneratedRegex(
        @"^(?<architecture>\S+) on (?<data>.+? images of .+? classes \([0-9a-f]+\))" +
        @"(, from (?<start>.+? \([0-9a-f]+\)))?(, taught by (?<teacher>.+? \([0-9a-f]+\)))?, recipe (?<recipe>\{.*\})$",
        RegexOptions.Singleline)]
    private static partial Regex Text();

    private sealed record Parts(string Architecture, string Data, string? Start, string? Teacher, string Recipe);
}
