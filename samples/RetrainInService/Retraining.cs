using System.Text;
using Microsoft.Extensions.Options;
using ResNet.MLNet;
using ResNet.MLNet.AspNetCore;
using ResNet.Training;

namespace RetrainInService;

/// <summary>
/// Trains a network on the pictures in the background, one at a time, and puts it into use if it is not worse than the one before. The list
/// of the pictures (training.csv) is there as long as the training is not over, so that the next start of the service goes on with it.
/// </summary>
internal sealed partial class Retraining : BackgroundService, IProgress<TrainingProgress>
{
    private readonly PictureStore _pictures;
    private readonly ResNetService _service;
    private readonly ResNetServiceOptions _serving;
    private readonly TrainingSettings _settings;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly string _model, _list, _run;
    private readonly TrainingHistory _history;
    private readonly FileStream _hold;
    private readonly SemaphoreSlim _begun = new(0);
    private readonly Lock _lock = new();
    private int _picturesAtBegin;
    private volatile TaskCompletionSource? _training;
    private volatile TrainingProgress _progress = new();

    public Retraining(
        PictureStore pictures,
        ResNetService service,
        IOptions<ResNetServiceOptions> serving,
        IOptions<TrainingSettings> settings,
        IHostEnvironment environment,
        IHostApplicationLifetime lifetime,
        ILogger<Retraining> logger)
    {
        _pictures = pictures;
        _service = service;
        _serving = serving.Value;
        _settings = settings.Value;
        _logger = logger;
        // Before the server waits for its last requests, of which one may wait for the training.
        _stopping = lifetime.ApplicationStopping;
        _model = Path.GetFullPath(_serving.ModelPath, environment.ContentRootPath);
        var folder = Path.GetFullPath(_settings.Folder, environment.ContentRootPath);
        _list = Path.Combine(folder, "training.csv");
        _run = Path.Combine(folder, "run");
        // Another process with the same folder would train, too: this one does not start then.
        _hold = new(Path.Combine(folder, "service.lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        _history = new(Path.Combine(folder, "history.json"));
        if (!File.Exists(_list)) return;
        LogResumed();
        Begin();
    }

    public TrainingStatus Status
    {
        get
        {
            var now = _progress;
            var isTraining = _training is not null;
            var (phase, done) = isTraining ? ($"{now.Phase}", now.Fraction) : (null, 0.0);
            var left = isTraining ? Math.Round(now.Remaining.TotalSeconds) : 0;
            return new(isTraining, phase, done, left, _pictures.Count, _history.All);
        }
    }

    /// <summary>Begins a training.</summary>
    /// <returns>Why it cannot begin; null if it did.</returns>
    public string? TryBegin()
    {
        lock (_lock)
        {
            if (_training is not null) return "A training is going on.";
            var list = _pictures.List(LabelsInUse(), out var problem);
            if (problem is not null) return problem;
            if (Directory.Exists(_run)) Directory.Delete(_run, recursive: true);
            WholeFile.Write(_list, Encoding.UTF8.GetBytes(list));
            Begin();
            return null;
        }
    }

    /// <summary>Begins a training if enough pictures came since the last one.</summary>
    /// <returns>Whether it did.</returns>
    public bool BeginIfDue()
    {
        var before = _history.All.Count > 0 ? _history.All[^1].Pictures : 0;
        if (_settings.AfterPictures < 1 || _pictures.Count - before < _settings.AfterPictures) return false;
        var problem = TryBegin();
        if (problem is not null) LogNotBegun(problem);
        return problem is null;
    }

    /// <summary>Waits for the end of the training that is going on, or of the service.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _training?.Task.WaitAsync(cancellation) ?? Task.CompletedTask;

    void IProgress<TrainingProgress>.Report(TrainingProgress value)
    {
        _progress = value;
        if (value.Message is { } message) LogMessage(message);
    }

    public override void Dispose()
    {
        base.Dispose();
        _hold.Dispose();
        _begun.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _begun.WaitAsync(_stopping);
            var ended = _training!;
            try
            {
                await TrainAsync();
            }
            finally
            {
                _training = null;
                ended.SetResult();
            }
        }
    }

    private void Begin()
    {
        _progress = new();
        // Those that come while it trains are new to the next one.
        _picturesAtBegin = _pictures.Count;
        _training = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _begun.Release();
    }

    private async Task TrainAsync()
    {
        PastTraining training;
        try
        {
            training = await Task.Run(TrainAndCompare, _stopping);
            if (training.IsUsed) await _service.ReloadAsync();
        }
        catch (OperationCanceledException)
        {
            LogStopped();
            throw;
        }
        catch (Exception problem)
        {
            // Whatever is wrong with pictures, settings or disk, the service goes on with the model that it has.
            LogFailed(problem);
            training = new() { Problem = problem.Message };
        }

        training = training with { Ended = DateTimeOffset.UtcNow, Pictures = _picturesAtBegin };
        _history.Add(training);
        File.Delete(_list);
        LogEnded(training);
    }

    private PastTraining TrainAndCompare()
    {
        var data = TrainingData.Open(_list);
        LogBegun(data.Training.Count, data.Training.Labels.Count);
        var start = StartingPoint.Open(_settings.StartFrom, cancellation: _stopping);
        var recipe = TrainingRecipe.FineTune(start.Architecture, start.Preprocessing, data.Training.Count).WithEpochs(_settings.Epochs);
        var options = new TrainingOptions
        {
            Data = data,
            StartFrom = start,
            Recipe = recipe,
            OutputFolder = _run,
            IfExists = ExistingRun.Resume,
            MaximumPixels = _serving.MaximumPixels,
            MaximumFileBytes = _serving.MaximumBytes,
        };
        var result = ResNetTraining.Run(options, this, _stopping);

        // Both on the same pictures, of which neither was trained on one.
        var correct = CountCorrect(result.ModelFile, data.Validation);
        int? before = File.Exists(_model) ? CountCorrect(_model, data.Validation) : null;
        var isUsed = before is null || correct >= before;
        if (isUsed) WholeFile.Write(_model, File.ReadAllBytes(result.ModelFile));
        return new() { ValidationPictures = data.Validation.Count, Correct = correct, CorrectBefore = before, IsUsed = isUsed };
    }

    private int CountCorrect(string file, ImageDataset pictures)
    {
        using var model = ResNetModel.Open(file);
        model.MaximumPixels = _serving.MaximumPixels;
        model.MaximumFileBytes = _serving.MaximumBytes;
        return Enumerable.Range(0, pictures.Count).Count(IsCorrect);

        bool IsCorrect(int index)
        {
            _stopping.ThrowIfCancellationRequested();
            try
            {
                return model.Classify(pictures.NameOf(index), top: 1)[0].Label == pictures.Labels[pictures.LabelOf(index)];
            }
            catch (InvalidImageException)
            {
                // Neither of the two can read it.
                return false;
            }
        }
    }

    private IReadOnlyList<string> LabelsInUse()
    {
        if (!File.Exists(_model)) return [];
        using var model = ResNetModel.Open(_model);
        return model.Labels ?? [];
    }

    [LoggerMessage(1, LogLevel.Information, "A training begins: {Pictures} pictures of {Classes} classes.")]
    private partial void LogBegun(int pictures, int classes);

    [LoggerMessage(2, LogLevel.Information, "A training ended: {Training}")]
    private partial void LogEnded(PastTraining training);

    [LoggerMessage(3, LogLevel.Information, "The training stops with the service. The next start goes on with it.")]
    private partial void LogStopped();

    [LoggerMessage(4, LogLevel.Error, "A training failed; the model before it stays in use.")]
    private partial void LogFailed(Exception problem);

    [LoggerMessage(5, LogLevel.Warning, "No training begins, though there are enough new pictures. {Problem}")]
    private partial void LogNotBegun(string problem);

    [LoggerMessage(6, LogLevel.Information, "The training that was not over when the service stopped goes on.")]
    private partial void LogResumed();

    [LoggerMessage(7, LogLevel.Information, "{Message}")]
    private partial void LogMessage(string message);
}
