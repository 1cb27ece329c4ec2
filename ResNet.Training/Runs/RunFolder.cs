using System.Diagnostics;
using System.Text;

namespace ResNet.Training;

/// <summary>The folder of a run: the name of every file in it, and how it is made ready, written and read.</summary>
internal sealed class RunFolder(string path)
{
    private const string Recipe = "recipe.json", Metrics = "metrics.csv", Model = "model.onnx", Report = "report.html";
    private const string Last = "last.safetensors", Best = "best.safetensors";
    private const string Features = "features", Events = "tensorboard", HalfWritten = "*.tmp";

    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();

    /// <summary>The checkpoint: where the run stands, after each epoch and every few minutes. A run is resumed from it.</summary>
    public string LastFile => PathOf(Last);

    /// <summary>The model file that the run ends with.</summary>
    public string ModelFile => PathOf(Model);

    /// <summary>The page that tells of the run.</summary>
    public string ReportFile => PathOf(Report);

    /// <summary>Whether a run can be resumed from here.</summary>
    public bool HoldsRun => File.Exists(LastFile);

    /// <summary>How long ago the last checkpoint was written.</summary>
    public TimeSpan SinceCheckpoint => _sinceCheckpoint.Elapsed;

    /// <summary>Says that the folder holds a run that is not to be touched.</summary>
    public IOException Refuse() =>
        new($"'{path}' holds a training run already. Resume it, choose another folder, or say that it is to be overwritten.");

    /// <summary>The recipe of the run that the folder holds; null if there is none.</summary>
    public TrainingRecipe? ReadRecipe() => File.Exists(PathOf(Recipe)) ? TrainingRecipe.Read(PathOf(Recipe)) : null;

    /// <summary>Makes the folder ready for a new run, so that what cannot be written is known now and not after the first epoch.</summary>
    /// <exception cref="IOException">It cannot be written; the message names it.</exception>
    public void Clear(TrainingRecipe recipe)
    {
        try
        {
            AtomicFile.Write(PathOf(Recipe), stream => stream.Write(Encoding.UTF8.GetBytes(recipe.ToJson())));
            foreach (var old in new[] { Last, Best, Metrics, Model, Report }) File.Delete(PathOf(old));
            // Killed runs may have left half-written files beside the whole ones.
            foreach (var half in Directory.GetFiles(path, HalfWritten)) File.Delete(half);
            Directory.CreateDirectory(PathOf(Events));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The output folder '{path}' cannot be written: {problem.Message}", problem);
        }
    }

    /// <summary>Reads the checkpoint that a run goes on from.</summary>
    /// <param name="identity">What the run is; see <see cref="TrainingPlan.Identity"/>.</param>
    /// <exception cref="InvalidDataException">It is not a checkpoint, or one of another run.</exception>
    public Checkpoint ReadLast(string identity) => Checkpoint.Read(LastFile, identity);

    /// <summary>Reads the network of the best epoch.</summary>
    /// <inheritdoc cref="ReadLast"/>
    public Checkpoint ReadBest(string identity) => Checkpoint.Read(PathOf(Best), identity);

    /// <summary>Writes where the run stands.</summary>
    /// <exception cref="IOException">It cannot be written; the one before it is intact.</exception>
    public void WriteLast(Checkpoint checkpoint)
    {
        Write(checkpoint, LastFile);
        _sinceCheckpoint.Restart();
    }

    /// <summary>Writes the network of the best epoch so far.</summary>
    /// <inheritdoc cref="WriteLast"/>
    public void WriteBest(Checkpoint checkpoint) => Write(checkpoint, PathOf(Best));

    /// <summary>Writes the figures of all epochs so far.</summary>
    public void WriteMetrics(IReadOnlyList<EpochMetrics> history) => MetricsFile.Write(PathOf(Metrics), history);

    /// <summary>The features of a frozen network, which a new head is trained on.</summary>
    /// <inheritdoc cref="ReadLast"/>
    public FeatureCache OpenFeatures(string identity) => new(PathOf(Features), identity);

    /// <summary>Begins a file of events for TensorBoard.</summary>
    /// <param name="stepsDone">The steps that the run has done already; 0 deletes the files of a run before it.</param>
    public TensorBoardLog OpenEvents(long stepsDone) => new(PathOf(Events), stepsDone);

    private string PathOf(string name) => Path.Combine(path, name);

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
