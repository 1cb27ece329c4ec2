using System.Text.Json;
using static System.FormattableString;

namespace ResNet.Training;

/// <summary>
/// Makes the model file and the report of a run from its checkpoints, without its images and without libtorch: for runs that were stopped
/// or killed and are not to be resumed.
/// </summary>
/// <param name="path">The folder of the run.</param>
internal sealed class RunExport(string path)
{
    private const string WithoutImages =
        "This report was made from a checkpoint, without the images, so it has neither the confusion nor single images.";

    private readonly (string Last, string Best) _files = RunFolder.CheckpointsOf(path);
    private readonly List<string> _notes = [];

    /// <summary>Exports.</summary>
    /// <param name="modelFile">The model file to write; null for the run's own place.</param>
    /// <param name="reportFile">The report to write; null for the run's own place.</param>
    public ExportedRun Run(string? modelFile, string? reportFile)
    {
        if (!File.Exists(_files.Last) && !File.Exists(_files.Best))
            throw new FileNotFoundException($"'{path}' has no checkpoint of a training run ('{_files.Last}').", _files.Last);
        if (modelFile is not null) OutputFile.EnsureNotInput(modelFile, _files.Last, _files.Best);
        if (reportFile is not null) OutputFile.EnsureNotInput(reportFile, _files.Last, _files.Best);
        // Elsewhere it can be written while the run goes on.
        using var folder = modelFile is null || reportFile is null ? RunFolder.Open(path, ExistingRun.Resume) : null;
        var keepsReport = reportFile is null && folder is { IsComplete: true } && File.Exists(folder.ReportFile);
        if (keepsReport && modelFile is null && File.Exists(folder!.ModelFile))
        {
            throw new RunFolderException(
                $"The run in '{path}' ended: '{folder.ModelFile}' is its model file and '{folder.ReportFile}' its report.");
        }

        var last = File.Exists(_files.Last) ? Try(_files.Last) : null;
        var network = Choose(last);
        var labels = network.Card.Labels ?? throw new InvalidDataException($"The checkpoint in '{path}' does not name its classes.");
        var architecture = ResNetArchitecture.Parse(network.Card.Architecture, labels.Count);
        var weights = NetworkSearch.Find(network.Tensors).Weights;
        if (modelFile is null) folder!.WriteModel(architecture, weights, network.Card);
        else ModelFile.Write(modelFile, architecture, weights, network.Card);
        modelFile ??= folder!.ModelFile;
        if (keepsReport)
        {
            _notes.Add($"The report '{folder!.ReportFile}' stays as the run wrote it when it ended.");
            return new(modelFile, folder.ReportFile, network.Card, _notes);
        }

        if (last?.State is not { } run)
        {
            _notes.Add($"There is no report, because '{_files.Last}' cannot be read.");
            return new(modelFile, ReportFile: null, network.Card, _notes);
        }

        var report = ReportOf(architecture, network, last, run) with { ModelFile = Path.GetFileName(modelFile) };
        if (reportFile is null) folder!.WriteReport(report);
        else HtmlReport.Write(reportFile, report);
        return new(modelFile, reportFile ?? folder!.ReportFile, network.Card, _notes);
    }

    /// <summary>The network that the run would keep if it ended now, with its figures on the card.</summary>
    private Checkpoint Choose(Checkpoint? last)
    {
        if (last?.State is not { } run)
        {
            if (!File.Exists(_files.Best)) return Checkpoint.Read(_files.Last);
            _notes.Add("The network is that of the best epoch so far.");
            return Checkpoint.Read(_files.Best);
        }

        var best = KeptOf(last, run);
        if (best is not null && Try(_files.Best) is { } kept)
        {
            if (kept.Identity == last.Identity) return WithFigures(kept, best);
            _notes.Add($"'{_files.Best}' is of another run.");
        }

        var isBetweenEpochs = run.Batch == 0 && run.History.Count > 0;
        if (isBetweenEpochs)
        {
            if (best is not null) _notes.Add("The network is that of the last epoch.");
            return WithFigures(last, run.History[^1]);
        }

        var note = Invariant($"The network is that of the last checkpoint, after {run.Batch} steps of epoch {run.Epoch + 1}.");
        _notes.Add(note);
        if (last.Card.Thresholds is not null) _notes.Add("Its thresholds are 0.5 for all labels, since an epoch's end chooses them.");
        return last with { Card = last.Card with { Source = $"{last.Card.Source} {note}" } };
    }

    /// <summary>The best epoch so far; null if the recipe keeps the last one, or there are no validation images.</summary>
    private static EpochMetrics? KeptOf(Checkpoint last, TrainingState run)
    {
        var recipe = last.Card.Recipe?.Deserialize<TrainingRecipe>(TrainingRecipe.Format);
        return recipe is { Keep: KeptEpoch.Last } ? null : EpochMetrics.Best(run.History);
    }

    private Checkpoint? Try(string file)
    {
        try
        {
            return Checkpoint.Read(file);
        }
        catch (Exception problem) when (problem is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            _notes.Add($"Not used: {problem.Message}");
            return null;
        }
    }

    private static Checkpoint WithFigures(Checkpoint network, EpochMetrics epoch)
    {
        if (epoch.Top1 is not { } top1) return network;
        // A run that an earlier version began has a top-5 with any number of classes.
        var top5 = network.Card.Labels is { Count: <= 5 } ? null : epoch.Top5;
        return network with { Card = network.Card with { Metrics = EpochMetrics.ForCard(top1, top5) } };
    }

    private RunReport ReportOf(ResNetArchitecture architecture, Checkpoint network, Checkpoint last, TrainingState run) => new()
    {
        Architecture = architecture,
        Labels = network.Card.Labels!,
        History = run.History,
        Recipe = last.Card.Recipe?.ToString() ?? "{}",
        Elapsed = TimeSpan.FromSeconds(run.Seconds),
        BestEpoch = KeptOf(last, run)?.Epoch,
        Notes = [network.Card.Source!, WithoutImages, .. _notes],
        Finished = DateTimeOffset.Now,
    };
}
