using System.Text.Json.Nodes;

namespace ResNet.Tests;

/// <summary>Something that a cell showed: text that it wrote, or a value in one or several formats.</summary>
internal sealed class NotebookOutput
{
    private const string Stream = "stream", Text = "text/plain";

    private readonly string _type;

    private NotebookOutput(string type, IReadOnlyDictionary<string, string> formats, string? displayId = null)
    {
        _type = type;
        Formats = formats;
        DisplayId = displayId;
    }

    public NotebookOutput(JsonObject output)
    {
        _type = (string)output["output_type"]!;
        Formats = _type == Stream
            ? new Dictionary<string, string> { [Text] = NotebookCell.Joined(output["text"]) }
            : output["data"]!.AsObject().ToDictionary(format => format.Key, format => NotebookCell.Joined(format.Value));
    }

    /// <summary>The value by its media type.</summary>
    public IReadOnlyDictionary<string, string> Formats { get; }

    /// <summary>Names a value that may be updated while the cell runs.</summary>
    public string? DisplayId { get; }

    /// <summary>
    /// What two runs have in common: text exactly, of the rest that it is there. Pictures differ with the decoder's version.
    /// </summary>
    public string Comparable => string.Join('\n', Formats.OrderBy(format => format.Key, StringComparer.Ordinal)
        .Select(format => format.Key == Text ? $"{_type} {Text}: {format.Value.TrimEnd()}" : $"{_type} {format.Key}"));

    public bool IsWritten => _type == Stream;

    public static NotebookOutput Written(string text) => new(Stream, new Dictionary<string, string> { [Text] = text });

    public static NotebookOutput Displayed(IReadOnlyDictionary<string, string> formats, string? id) => new("display_data", formats, id);

    public static NotebookOutput Returned(IReadOnlyDictionary<string, string> formats) => new("execute_result", formats);

    public NotebookOutput Append(string text) => Written(Formats[Text] + text);

    public JsonObject ToJson()
    {
        if (IsWritten) return new() { ["name"] = "stdout", ["output_type"] = _type, ["text"] = NotebookCell.Lines(Formats[Text]) };
        var data = new JsonObject();
        foreach (var (format, value) in Formats) data[format] = NotebookCell.Lines(value);
        var json = new JsonObject { ["data"] = data, ["metadata"] = new JsonObject(), ["output_type"] = _type };
        if (_type == "execute_result") json["execution_count"] = null;
        return json;
    }
}
