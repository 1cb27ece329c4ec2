using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace ResNet.Tests;

/// <summary>A notebook's file (.ipynb, nbformat 4).</summary>
internal sealed class Notebook
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private readonly JsonNode _root;

    private Notebook(string path, JsonNode root)
    {
        Path = path;
        _root = root;
        Cells = [.. root["cells"]!.AsArray().Select(cell => new NotebookCell(cell!.AsObject()))];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its cells, in their order.</summary>
    public IReadOnlyList<NotebookCell> Cells { get; }

    public static Notebook Read(string path) => new(path, JsonNode.Parse(File.ReadAllText(path))!);

    /// <summary>Writes it back, with the outputs that its cells have now.</summary>
    public void Write() => File.WriteAllText(Path, _root.ToJsonString(Format) + "\n");
}

/// <summary>A cell of a notebook: code with what it showed, or text.</summary>
/// <param name="cell">The cell in the file.</param>
internal sealed class NotebookCell(JsonObject cell)
{
    /// <summary>The tag of a cell whose outputs differ from run to run, such as times.</summary>
    private const string VariesTag = "varies";

    public bool IsCode => (string?)cell["cell_type"] == "code";

    public string Source => Joined(cell["source"]);

    /// <summary>Whether it only references packages; what the kernel says of that is of no interest.</summary>
    public bool IsReferences => Source.Split('\n').All(line => line.Length == 0 || line.StartsWith("#r ", StringComparison.Ordinal)
        || line.StartsWith("//", StringComparison.Ordinal));

    public bool Varies => cell["metadata"]?["tags"]?.AsArray().Any(tag => (string?)tag == VariesTag) == true;

    public IReadOnlyList<NotebookOutput> Outputs =>
        [.. cell["outputs"]!.AsArray().Select(output => new NotebookOutput(output!.AsObject()))];

    /// <summary>Replaces what it showed.</summary>
    public void SetOutputs(IEnumerable<NotebookOutput> outputs, int executionCount)
    {
        cell["execution_count"] = executionCount;
        cell["outputs"] = new JsonArray([.. outputs.Select(output => output.ToJson())]);
    }

    /// <summary>Text that nbformat may split into lines.</summary>
    internal static string Joined(JsonNode? text) =>
        text is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)text ?? "";

    /// <summary>Text as nbformat has it: an array of lines with their ends.</summary>
    internal static JsonArray Lines(string text)
    {
        var lines = text.Split('\n');
        var ended = lines.Select((line, index) => index < lines.Length - 1 ? line + "\n" : line).Where(line => line.Length > 0);
        return new([.. ended.Select(line => JsonValue.Create(line))]);
    }
}
