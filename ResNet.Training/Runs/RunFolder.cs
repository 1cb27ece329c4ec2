using System.Diagnostics;
using System.Text;

namespace ResNet.Training;

/// <summary>
/// The folder of a run: the name of every file in it, and how it is made ready, written and read. One run works in it at a time. The run
/// replaces and deletes only what its manifest lists; a folder that has other files of these names is refused.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string Recipe = "recipe.json", Metrics = "metrics.csv", Model = "model.onnx", Report = "report.html";
    private const string Last = "last.safetensors", Best = "best.safetensors";
    private const string Features = ".resnet-features", Events = "tensorboard";
    private const string LockName = "run.lock";

    /// <summary>Every name that a run may write, but for the manifest and the lock.</summary>
    private static readonly string[] AllNames = [Recipe, Last, Best, Metrics, Model, Report, Features, Events];

    private readonly string _path;
    private readonly FileStream _lock;
    private readonly RunManifest _manifest;
    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();

    private RunFolder(string path, FileStream taken, RunManifest manifest)
    {
        _path = path;
        _lock = taken;
        _manifest = manifest;
    }

    /// <summary>The checkpoint: where the run stands, after each epoch and every few minutes. A run is resumed from it.</summary>
    public string LastFile => PathOf(Last);

    /// <summary>The network of the best epoch.</summary>
    public string BestFile => PathOf(Best);

    /// <summary>The model file that the run ends with.</summary>
    public string ModelFile => PathOf(Model);

    /// <summary>The page that tells of the run.</summary>
    public string ReportFile => PathOf(Report);

    /// <summary>Whether a run can be resumed from here.</summary>
    public bool HoldsRun => File.Exists(LastFile);

    /// <summary>Whether the run ended and wrote its model file and its report.</summary>
    public bool IsComplete => _manifest.IsComplete;

    /// <summary>How long ago the last checkpoint was written.</summary>
    public TimeSpan SinceCheckpoint => _sinceCheckpoint.Elapsed;

    /// <summary>Whether a folder holds a run that can be resumed.</summary>
    public static bool HoldsRunAt(string path) => File.Exists(Path.Combine(path, Last));

    /// <summary>The recipe of the run that a folder holds; null if there is none.</summary>
    public static TrainingRecipe? ReadRecipe(string path)
    {
        var file = Path.Combine(path, Recipe);
        return File.Exists(file) ? TrainingRecipe.Read(file) : null;
    }

    /// <summary>The checkpoints of a run: where it stands, and the network of its best epoch. They need not exist.</summary>
    public static (string Last, string Best) CheckpointsOf(string path) => (Path.Combine(path, Last), Path.Combine(path, Best));

    /// <summary>Checks whether a run may begin or go on in a folder. Nothing is written.</summary>
    /// <param name="path">The folder; it need not exist.</param>
    /// <param name="existing">What happens to a run that it holds.</param>
    /// <exception cref="RunFolderException">It may not; the message says why and what to do.</exception>
    public static RunManifest Check(string path, ExistingRun existing)
    {
        if (!Directory.Exists(path)) return RunManifest.Create(path);
        var manifest = RunManifest.Read(path) ?? Adopt(path);
        manifest.RefuseForeign(AllNames);
        if (existing == ExistingRun.Refuse && Holds(Last, Best, Metrics, Model, Report) is { } held)
        {
            throw new RunFolderException(
                $"'{path}' holds a training run already ('{held}'). Resume it, choose another folder, or say that it is to be overwritten.",
                holdsRun: true);
        }

        if (existing == ExistingRun.Resume && !HoldsRunAt(path) && Holds(Model, Report) is { } result)
        {
            throw new RunFolderException(
                $"'{path}' holds '{result}' of a training run, but not its checkpoint '{Last}', so the run cannot be resumed, and a new " +
                "one would replace the file. Choose another folder, or say that the run is to be overwritten.");
        }

        return manifest;

        string? Holds(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (File.Exists(Path.Combine(path, name))) return name;
            }

            return null;
        }
    }

    /// <summary>Takes a folder for a run, until the folder is disposed of or the process ends, however it ends.</summary>
    /// <param name="path">The folder; made if need be.</param>
    /// <param name="existing">What happens to a run that it holds.</param>
    /// <exception cref="RunFolderException">Another run works there, or <see cref="Check"/> refuses.</exception>
    /// <exception cref="IOException">It cannot be written; the message names it.</exception>
    public static RunFolder Open(string path, ExistingRun existing)
    {
        Check(path, existing);
        FileStream? taken = null;
        try
        {
            Directory.CreateDirectory(path);
            taken = TakeLock(path);
            // Once more, as another run may have ended in the meantime.
            var folder = new RunFolder(path, taken, Check(path, existing));
            folder._manifest.NoteProcess();
            folder.DeleteHalfWritten();
            return folder;
        }
        catch (Exception problem)
        {
            taken?.Dispose();
            if (problem is RunFolderException || problem is not (IOException or UnauthorizedAccessException)) throw;
            throw new IOException($"The output folder '{path}' cannot be written: {problem.Message}", problem);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    /// <summary>Makes the folder ready for a new run, so that what cannot be written is known now and not after the first epoch.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="inputs">Files that the run reads, which it may not replace; null for none.</param>
    /// <exception cref="ArgumentException">The run starts from a file that it would delete.</exception>
    /// <exception cref="IOException">It cannot be written; the message names it.</exception>
    public void Clear(TrainingRecipe recipe, params IReadOnlyList<string?> inputs)
    {
        foreach (var input in inputs.OfType<string>())
        {
            foreach (var name in AllNames) OutputFile.EnsureNotInput(PathOf(name), input);
        }

        try
        {
            _manifest.SetComplete(false);
            _manifest.Claim(Recipe, Last, Best, Metrics, Events);
            foreach (var old in new[] { Last, Best, Metrics, Model, Report })
            {
                if (_manifest.Lists(old)) File.Delete(PathOf(old));
            }

            AtomicFile.Write(PathOf(Recipe), stream => stream.Write(Encoding.UTF8.GetBytes(recipe.ToJson())));
        }
        catch (Exception problem) when (problem is (IOException or UnauthorizedAccessException) and not RunFolderException)
        {
            throw new IOException($"The output folder '{_path}' cannot be written: {problem.Message}", problem);
        }
    }

    /// <summary>Reads the checkpoint that a run goes on from.</summary>
    /// <param name="identity">What the run is; see <see cref="TrainingPlan.Identity"/>.</param>
    /// <exception cref="InvalidDataException">It is not a checkpoint, or one of another run.</exception>
    public Checkpoint ReadLast(RunIdentity identity) => Checkpoint.Read(LastFile, identity);

    /// <summary>Reads the network of the best epoch.</summary>
    /// <inheritdoc cref="ReadLast"/>
    public Checkpoint ReadBest(RunIdentity identity) => Checkpoint.Read(BestFile, identity);

    /// <summary>Writes where the run stands.</summary>
    /// <exception cref="IOException">It cannot be written; the one before it is intact.</exception>
    public void WriteLast(Checkpoint checkpoint)
    {
        Write(checkpoint, Claimed(Last));
        _sinceCheckpoint.Restart();
    }

    /// <summary>Writes the network of the best epoch so far.</summary>
    /// <inheritdoc cref="WriteLast"/>
    public void WriteBest(Checkpoint checkpoint) => Write(checkpoint, Claimed(Best));

    /// <summary>Writes the figures of all epochs so far.</summary>
    public void WriteMetrics(IReadOnlyList<EpochMetrics> history) => MetricsFile.Write(Claimed(Metrics), history);

    /// <summary>Writes the model file.</summary>
    public void WriteModel(ResNetArchitecture architecture, StateDict weights, ModelCard card) =>
        MLNet.ModelFile.Write(Claimed(Model), architecture, weights, card);

    /// <summary>Writes the page that tells of the run.</summary>
    public void WriteReport(RunReport report) => HtmlReport.Write(Claimed(Report), report);

    /// <summary>Notes that the run ended and that model file and report are those of its end.</summary>
    public void MarkComplete() => _manifest.SetComplete(true);

    /// <summary>The features of a frozen network, which a new head is trained on.</summary>
    /// <param name="identity">What the run is; see <see cref="TrainingPlan.Identity"/>.</param>
    /// <param name="warn">Receives what the user should know.</param>
    public FeatureCache OpenFeatures(RunIdentity identity, Action<string> warn) => new(Claimed(Features), $"{identity}", warn);

    /// <summary>The results of the folds that decide about fine-tuning.</summary>
    /// <param name="identity">What the run is; see <see cref="TrainingPlan.Identity"/>.</param>
    /// <param name="interval">The time between two checkpoints of a fold.</param>
    public FoldResults OpenFolds(RunIdentity identity, TimeSpan interval) => new(Claimed(Features), $"{identity}", interval);

    /// <summary>
    /// Deletes the features of a frozen network and the results of folds, if there are any; they are not needed any more.
    /// </summary>
    public void DeleteFeatures()
    {
        if (!_manifest.Lists(Features)) return;
        FoldResults.Delete(PathOf(Features));
        FeatureCache.Delete(PathOf(Features));
    }

    /// <summary>Begins a file of events for TensorBoard.</summary>
    /// <param name="stepsDone">The steps that the run has done already; 0 deletes the files of a run before it.</param>
    public TensorBoardLog OpenEvents(long stepsDone) => new(Claimed(Events), stepsDone);

    /// <summary>
    /// The manifest of a folder that has none. An earlier version wrote no manifest: where its checkpoint is, its other files are the
    /// run's, too.
    /// </summary>
    private static RunManifest Adopt(string path)
    {
        var last = Path.Combine(path, Last);
        if (!File.Exists(last) || !Checkpoint.IsCheckpoint(last)) return RunManifest.Create(path);
        var isComplete = File.Exists(Path.Combine(path, Model)) && File.Exists(Path.Combine(path, Report));
        return RunManifest.Create(path, isComplete, Recipe, Last, Best, Metrics, Model, Report, Events);
    }

    /// <summary>
    /// Locks the folder. The system gives the lock back when the process ends, so a file that was left behind does not matter, and it
    /// stays: were it deleted, two runs could hold a file of its name each.
    /// </summary>
    private static FileStream TakeLock(string path)
    {
        var file = Path.Combine(path, LockName);
        var isOther = FileStatus.Of(file).Kind is not (FileKind.None or FileKind.Regular or FileKind.Unknown);
        if (isOther || (File.Exists(file) && new FileInfo(file).Length > 0)) RunManifest.Create(path).RefuseForeign([LockName]);
        try
        {
            return new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException problem) when (IsHeldByAnother(problem))
        {
            var process = RunManifest.Read(path) is { } manifest ? $" (process {manifest.Process})" : "";
            throw new RunFolderException(
                $"Another run works in '{path}'{process}. Wait until it ends, stop it, or choose another folder.");
        }
    }

    /// <summary>A sharing violation: EWOULDBLOCK of Linux and of macOS, and Windows's own.</summary>
    private static bool IsHeldByAnother(IOException problem) => problem.HResult is 11 or 35 or unchecked((int)0x80070020);

    /// <summary>Deletes what killed runs left half-written beside their files.</summary>
    private void DeleteHalfWritten()
    {
        foreach (var name in _manifest.Names.Append(RunManifest.Name)) AtomicFile.DeleteHalfWritten(PathOf(name));
    }

    /// <summary>The path of a file that is written now, and is the run's from now on.</summary>
    private string Claimed(string name)
    {
        _manifest.Claim(name);
        return PathOf(name);
    }

    private string PathOf(string name) => Path.Combine(_path, name);

    private static void Write(Checkpoint checkpoint, string file)
    {
        try
        {
            checkpoint.Write(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"'{file}' cannot be written: {problem.Message} The previous checkpoint is intact; " +
                "free disk space or fix permissions, then resume.",
                problem);
        }
    }
}
