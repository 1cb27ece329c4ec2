using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ResNet.Training;

/// <summary>
/// The folder of a search: its files, and the lock that keeps others out. <c>trials.jsonl</c> begins with a line that says what is searched
/// for; each further line is a trial that was done. It is whole after every trial, and a search is resumed from it.
/// </summary>
internal sealed class TuningFolder : IDisposable
{
    private const string Lock = "tuning.lock", Log = "trials.jsonl", Table = "trials.csv", Recipe = "recipe.json";

    private readonly string _path;
    private readonly FileStream _lock;
    private readonly List<TuningRecord> _records = [];
    private string _subject = "";

    private TuningFolder(string path, FileStream taken) => (_path, _lock) = (path, taken);

    /// <summary>The trials that were done.</summary>
    public IReadOnlyList<TuningRecord> Records => _records;

    /// <summary>The file of the winner's recipe.</summary>
    public string RecipeFile => PathOf(Recipe);

    /// <summary>Takes a folder for a search.</summary>
    /// <param name="path">The folder; made if need be.</param>
    /// <param name="existing">What happens to a search that it holds.</param>
    /// <param name="subject">What is searched for, which a search that is resumed must share.</param>
    /// <exception cref="RunFolderException">It cannot be taken; the message says why and what to do.</exception>
    public static TuningFolder Open(string path, ExistingRun existing, string subject)
    {
        Check(path, existing);
        Directory.CreateDirectory(path);
        TuningFolder folder = new(path, TakeLock(path));
        try
        {
            folder.Begin(existing, subject);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Where features of a network lie that are computed once.</summary>
    /// <param name="start">The network, as its place among those of the search.</param>
    public string FeaturesOf(int start) => PathOf(FormattableString.Invariant($".resnet-features-{start}"));

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    /// <summary>Keeps a trial.</summary>
    public void Add(TuningRecord record)
    {
        _records.Add(record);
        var lines = _records.Select(each => JsonSerializer.Serialize(each, TrainingRecipe.Format)).Prepend(_subject);
        Write(Log, string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>Writes the table of all recipes and the winner's.</summary>
    public void WriteResult(IReadOnlyList<TuningTrial> trials, TrainingRecipe winner)
    {
        var text = new StringBuilder("rank,start,changes,round,accuracy,standard_error,log_loss,trained_share,images,seconds\n");
        foreach (var trial in trials)
        {
            double[] figures = [trial.Accuracy, trial.StandardError, trial.Loss, trial.TrainedShare, trial.Images, trial.Seconds];
            var cells = figures.Select(figure => figure.ToString("0.######", CultureInfo.InvariantCulture));
            var changes = trial.IsStandard ? "standard" : string.Join("; ", trial.Changes);
            text.Append(CultureInfo.InvariantCulture, $"{trial.Rank},{Quoted(trial.Start.Name)},{Quoted(changes)},{trial.Round},")
                .AppendJoin(',', cells).Append('\n');
        }

        Write(Table, text.ToString());
        Write(Recipe, winner.ToJson());
    }

    private static void Check(string path, ExistingRun existing)
    {
        if (File.Exists(Path.Combine(path, Log)))
        {
            if (existing != ExistingRun.Refuse) return;
            throw new RunFolderException(
                $"'{path}' holds a search already ('{Log}'). Resume it, choose another folder, or say that it is to be overwritten.",
                holdsRun: true);
        }

        foreach (var name in new[] { Table, Recipe })
        {
            if (!File.Exists(Path.Combine(path, name))) continue;
            throw new RunFolderException(
                $"'{path}' has a file '{name}' that is not a search's, and would be replaced. Choose another folder.");
        }
    }

    private void Begin(ExistingRun existing, string subject)
    {
        foreach (var name in new[] { Log, Table, Recipe }) AtomicFile.DeleteHalfWritten(PathOf(name));
        if (existing == ExistingRun.Resume && File.Exists(PathOf(Log))) Read(subject);
        else foreach (var name in new[] { Log, Table, Recipe }) File.Delete(PathOf(name));
        _subject = subject;
        if (_records.Count == 0) Write(Log, subject + "\n");
    }

    private void Read(string subject)
    {
        var file = PathOf(Log);
        var lines = RegularFile.ReadAllText(file).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || lines[0] != subject)
        {
            throw new InvalidDataException(
                $"'{file}' is of a search for other images, networks or another standard recipe, so it cannot be resumed. It was: " +
                $"{lines.FirstOrDefault()}; this is: {subject}");
        }

        foreach (var (number, line) in lines.Index().Skip(1))
        {
            try
            {
                var record = JsonSerializer.Deserialize<TuningRecord>(line, TrainingRecipe.Format);
                _records.Add(record ?? throw new JsonException("it is null"));
            }
            catch (Exception problem) when (problem is JsonException or NotSupportedException or ArgumentException)
            {
                throw new InvalidDataException(
                    $"Line {number + 1} of '{file}' is damaged: {problem.Message} Delete the line, then resume.", problem);
            }
        }
    }

    private static FileStream TakeLock(string path)
    {
        try
        {
            return new(Path.Combine(path, Lock), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException problem) when (problem.HResult is 11 or 35 or unchecked((int)0x80070020))
        {
            throw new RunFolderException($"Another search works in '{path}'. Wait until it ends, stop it, or choose another folder.");
        }
    }

    private void Write(string name, string text)
    {
        try
        {
            AtomicFile.Write(PathOf(name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"'{PathOf(name)}' cannot be written: {problem.Message}", problem);
        }
    }

    private string PathOf(string name) => Path.Combine(_path, name);

    private static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"")}\"";
}
