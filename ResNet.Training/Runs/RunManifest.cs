using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ResNet.Training;

/// <summary>
/// What in a folder is a run's: the names that it made and may replace, as <c>run.json</c> lists them. A name is listed before the first
/// file of that name is made, so that whatever is there and not listed is someone else's.
/// </summary>
internal sealed class RunManifest
{
    /// <summary>The file's name.</summary>
    public const string Name = "run.json";

    private const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Format = new()
    {
        // Also where JSON by reflection is off, as in applications of one file.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
        NewLine = "\n",
    };

    private readonly string _folder;
    private readonly List<string> _names;

    private RunManifest(string folder, Content content)
    {
        _folder = folder;
        _names = [.. content.Names];
        Process = content.Process;
        IsComplete = content.Complete;
    }

    /// <summary>The process that worked in the folder last.</summary>
    public int Process { get; }

    /// <summary>Whether the run ended and wrote its model file and its report.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The names that are the run's.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>A manifest that is not written yet.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isComplete">Whether a run ended there.</param>
    /// <param name="names">The names that are the run's already.</param>
    public static RunManifest Create(string folder, bool isComplete = false, params IReadOnlyList<string> names) =>
        new(folder, new(CurrentVersion, Environment.ProcessId, isComplete, names));

    /// <summary>Reads the manifest of a folder.</summary>
    /// <returns>The manifest; null if there is none.</returns>
    /// <exception cref="RunFolderException">The file of its name is something else, or of a newer version.</exception>
    public static RunManifest? Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!IsThere(path)) return null;
        try
        {
            var json = RegularFile.ReadAllText(path);
            var content = JsonSerializer.Deserialize<Content>(json, Format) ?? throw new JsonException("it is null");
            if (content.RunVersion <= CurrentVersion) return new(folder, content);
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(
                $"'{path}' does not list the files of a training run, and a run would replace it ({problem.Message}). Move or rename it, " +
                "or choose another folder.");
        }

        throw new RunFolderException($"'{path}' is of a newer version of ResNet.Training. Update the package, or choose another folder.");
    }

    /// <summary>Whether a name is the run's.</summary>
    public bool Lists(string name) => _names.Contains(name);

    /// <summary>Makes names the run's, before files of these names are made.</summary>
    /// <exception cref="RunFolderException">There are such files already, and no run made them.</exception>
    public void Claim(params ReadOnlySpan<string> names)
    {
        List<string> added = [];
        foreach (var name in names)
        {
            if (!Lists(name)) added.Add(name);
        }

        if (added.Count == 0) return;
        RefuseForeign(added);
        _names.AddRange(added);
        Write();
    }

    /// <summary>Notes whether the run is complete.</summary>
    public void SetComplete(bool complete)
    {
        if (IsComplete == complete) return;
        IsComplete = complete;
        Write();
    }

    /// <summary>Notes that this process works in the folder. That is for messages only, so a full disk does not matter.</summary>
    public void NoteProcess()
    {
        try
        {
            Write();
        }
        catch (Exception problem) when (File.Exists(PathOf(Name)) && problem is IOException or UnauthorizedAccessException)
        {
            // The one that is there says the same but for the process.
        }
    }

    /// <summary>Checks that files which are not the run's have none of these names.</summary>
    /// <exception cref="RunFolderException">There are such files; the message names them.</exception>
    public void RefuseForeign(IEnumerable<string> names)
    {
        var foreign = names.Where(name => !Lists(name) && IsThere(PathOf(name))).Select(name => $"'{name}'").ToList();
        if (foreign.Count == 0) return;
        throw new RunFolderException(
            $"'{_folder}' has {string.Join(", ", foreign)}, which no training run made and a run would replace. Move or rename " +
            $"{(foreign.Count == 1 ? "it" : "them")}, or choose another folder.");
    }

    /// <summary>Whether a file, a folder or a link is there, whatever a link leads to.</summary>
    private static bool IsThere(string path) => FileStatus.Of(path).Kind != FileKind.None || FileStatus.IsLink(path);

    private string PathOf(string name) => Path.Combine(_folder, name);

    private void Write()
    {
        var content = new Content(CurrentVersion, Environment.ProcessId, IsComplete, _names);
        var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(content, Format));
        AtomicFile.Write(PathOf(Name), stream => stream.Write(json));
    }

    /// <summary>The file.</summary>
    /// <param name="RunVersion">The version of this schema; that it is there tells the file from others of its name.</param>
    /// <param name="Process">The process that worked in the folder last.</param>
    /// <param name="Complete">Whether the run ended and wrote its model file and its report.</param>
    /// <param name="Names">The names that are the run's.</param>
    private sealed record Content(
        [property: JsonPropertyName("resnetRun")] int RunVersion, int Process, bool Complete, IReadOnlyList<string> Names);
}
