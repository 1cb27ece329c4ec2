using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Reports how a run goes: to the user, a few times a second at most, and to the event files; and keeps the run's clocks, which say how
/// long it took, at what pace, and how long it will still take.
/// </summary>
/// <param name="plan">What the run does.</param>
/// <param name="batchesPerEpoch">The steps of an epoch.</param>
/// <param name="device">Where it computes.</param>
/// <param name="badImages">The images that could not be read; the user hears of each once.</param>
/// <param name="receiver">The user; null for nobody.</param>
internal sealed class RunProgress(
    TrainingPlan plan, int batchesPerEpoch, Device device, BadImages badImages, IProgress<TrainingProgress>? receiver) : IDisposable
{
    private const int PointsPerEpoch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch _sinceReport = Stopwatch.StartNew(), _run = Stopwatch.StartNew(), _epoch = new();
    private readonly RunWork _work = new(plan, batchesPerEpoch);
    private TensorBoardLog? _events;
    private double _secondsBefore, _epochSecondsBefore, _fractionBefore, _fraction;
    private int _loggedBatch;

    /// <summary>Whether it is time for a report. Its figures may wait for the device, so they are computed only then.</summary>
    public bool IsDue => _sinceReport.Elapsed >= Interval;

    /// <summary>Seconds since the run began, resumed parts added up.</summary>
    public double Seconds => _secondsBefore + _run.Elapsed.TotalSeconds;

    /// <summary>Seconds of the epoch's steps, resumed parts added up.</summary>
    public double EpochSeconds => _epochSecondsBefore + _epoch.Elapsed.TotalSeconds;

    /// <summary>Bytes of the GPU's memory that are in use; null on a CPU.</summary>
    public long? DeviceMemory => device.type == DeviceType.CUDA ? NvidiaDriver.UsedMemory(Math.Max(0, device.index)) : null;

    /// <summary>Begins a file of events.</summary>
    public void OpenEvents(RunFolder folder, TrainingState state) =>
        Log(state, () => _events = folder.OpenEvents(state.StepsDone(batchesPerEpoch)));

    /// <summary>Starts the run's clock where it stands.</summary>
    public void Start(TrainingState state)
    {
        _secondsBefore = state.Seconds;
        _fraction = _fractionBefore = _work.Fraction(state, new());
        _run.Restart();
    }

    /// <summary>Starts the clock of an epoch's steps.</summary>
    public void StartEpoch(TrainingState state)
    {
        _epochSecondsBefore = state.EpochSeconds;
        _loggedBatch = 0;
        _epoch.Restart();
    }

    /// <summary>Reports the figures of a phase.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="phase">The phase and its figures; the rest is added here.</param>
    public void Report(TrainingState state, TrainingProgress phase)
    {
        _sinceReport.Restart();
        foreach (var message in badImages.TakeMessages()) ReportMessage(state, message);
        _fraction = _work.Fraction(state, phase);
        var done = _fraction - _fractionBefore;
        receiver?.Report(phase with
        {
            Epoch = state.Epoch + 1,
            Epochs = plan.Recipe.Epochs,
            Fraction = _fraction,
            DeviceMemory = DeviceMemory,
            Remaining = done > 0 ? _run.Elapsed * ((1 - _fraction) / done) : TimeSpan.Zero,
        });
    }

    /// <summary>Reports the figures of an epoch's training so far.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="learningRate">The learning rate of the last step.</param>
    public void ReportTraining(TrainingState state, double learningRate)
    {
        Report(state, new()
        {
            Phase = TrainingPhase.Training,
            Batch = state.Batch,
            Batches = batchesPerEpoch,
            Loss = state.MeanLoss(),
            Accuracy = state.Accuracy(),
            ImagesPerSecond = state.ImagesPerSecond(),
        });
        if (state.Batch - _loggedBatch < batchesPerEpoch / PointsPerEpoch) return;
        _loggedBatch = state.Batch;
        var steps = state.StepsDone(batchesPerEpoch);
        Log(state, () => _events?.WriteStep(steps, state.MeanLoss(), state.Accuracy(), learningRate, state.ImagesPerSecond()));
    }

    /// <summary>Reports something that the user should know.</summary>
    public void ReportMessage(TrainingState state, string message) => receiver?.Report(new()
    {
        Epoch = state.Epoch + 1,
        Epochs = plan.Recipe.Epochs,
        Fraction = _fraction,
        Message = message,
    });

    /// <summary>Reports that an epoch is complete and saved.</summary>
    public void ReportCompleted(TrainingState state, EpochMetrics completed) => receiver?.Report(new()
    {
        Epoch = completed.Epoch,
        Epochs = plan.Recipe.Epochs,
        Fraction = _fraction = _work.Fraction(state, new()),
        Completed = completed,
    });

    /// <summary>Writes the figures of a complete epoch to the event files.</summary>
    public void LogCompleted(TrainingState state, EpochMetrics completed) =>
        Log(state, () => _events?.WriteEpoch(state.StepsDone(batchesPerEpoch), completed));

    /// <inheritdoc/>
    public void Dispose() => _events?.Dispose();

    /// <summary>Writes to the event files. They are an accessory: if they cannot be written, the run goes on without.</summary>
    private void Log(TrainingState state, Action write)
    {
        try
        {
            write();
        }
        catch (Exception problem) when (problem is (IOException or UnauthorizedAccessException) and not RunFolderException)
        {
            ReportMessage(state, $"TensorBoard logging is disabled: {problem.Message}");
            _events?.Dispose();
            _events = null;
        }
    }
}
