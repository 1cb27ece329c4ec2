using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ResNet.MLNet;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Trains a network: epochs of forward, backward, step; validation after each; checkpoints; and the model file in the end.</summary>
public sealed class TrainingLoop : IDisposable
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly TrainingOptions _options;
    private readonly TrainingRecipe _recipe;
    private readonly ResNetArchitecture _architecture;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly TrainingStep _step;
    private readonly BatchLoader _training, _validation;
    private readonly BadImages _badImages = new();
    private readonly Stopwatch _sinceReport = Stopwatch.StartNew(), _sinceCheckpoint = Stopwatch.StartNew(), _clock = Stopwatch.StartNew();
    private TrainingState _state = new();
    private double _startSeconds, _startDone;

    private TrainingLoop(TrainingOptions options, IProgress<TrainingProgress>? progress)
    {
        (_options, _recipe, _progress) = (options, options.Recipe, progress);
        _architecture = options.Architecture with { Classes = options.Data.Training.Labels.Count };
        var device = Devices.Parse(options.Device);
        _step = new(new(_architecture, _recipe.Seed), _recipe, device);
        _training = Loader(options.Data.Training, _recipe.Augmentation);
        _validation = Loader(options.Data.Validation, null);

        BatchLoader Loader(ImageSource source, Augmentation? augmentation) =>
            new(source, _recipe.Preprocessing, augmentation, _recipe.BatchSize, _recipe.Seed, Math.Max(1, options.Workers), _badImages.Add);
    }

    private string CheckpointFile => Path.Combine(_options.OutputFolder, Checkpoint.FileName);

    /// <summary>What the run is. Two runs of the same identity give the same weights on the same machine.</summary>
    private string Identity =>
        $"{_architecture.Name} with {_architecture.Classes} classes on {_options.Data.Training.Count} images, recipe {_recipe.ToJson()}";

    private double StepsDone => _state.Epoch * (double)_training.Batches + _state.Batch;

    private double Steps => _recipe.Epochs * (double)_training.Batches;

    /// <summary>Trains.</summary>
    /// <param name="options">What, on what, and where to.</param>
    /// <param name="progress">Receives the run's progress, on the calling thread.</param>
    /// <param name="cancellation">Stops the run after the current step, with a checkpoint written.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; <see cref="ExistingRun.Resume"/> goes on.</exception>
    /// <exception cref="IOException">The output folder cannot be written, or holds a run and <see cref="TrainingOptions.IfExists"/> says to refuse.</exception>
    /// <exception cref="InvalidDataException">No image can be read, or the checkpoint to go on from is another run's.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite any more.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public static TrainingResult Run(TrainingOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Data.Training.Count == 0) throw new InvalidDataException("There are no images to train on.");
        LibTorch.Load();
        using var scope = NewDisposeScope();
        using var loop = new TrainingLoop(options, progress);
        return loop.Run(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
    }

    private TrainingResult Run(CancellationToken cancellation)
    {
        Prepare();
        foreach (var note in _options.Data.Notes) Tell(note);
        ClassificationMetrics? validation = null;
        while (_state.Epoch < _recipe.Epochs)
        {
            TrainEpoch(cancellation);
            validation = Validate(cancellation);
            CompleteEpoch(validation);
        }

        // A run that was complete already is judged once more.
        validation ??= Validate(cancellation);
        return new(Export(validation), _state.History, validation, TimeSpan.FromSeconds(_state.Seconds));
    }

    /// <summary>Makes the output folder and takes over what it holds, as the options say.</summary>
    private void Prepare()
    {
        Directory.CreateDirectory(_options.OutputFolder);
        if (File.Exists(CheckpointFile) && _options.IfExists != ExistingRun.Overwrite)
        {
            if (_options.IfExists == ExistingRun.Refuse)
                throw new IOException($"'{_options.OutputFolder}' holds a training run already. Resume it, choose another folder, or say that it is to be overwritten.");
            var checkpoint = Checkpoint.Read(CheckpointFile, Identity);
            var weights = new StateDict();
            foreach (var spec in _architecture.Tensors) weights.Add(spec.Name, checkpoint.Tensors[spec.Name]);
            _step.Network.Load(weights);
            foreach (var (name, values) in _step.Optimizer.Memory) _step.Parameters.CopyFrom(checkpoint.Tensors, values, $"{Checkpoint.OptimizerPrefix}{name}.");
            _state = checkpoint.State;
        }

        (_startSeconds, _startDone) = (_state.Seconds, StepsDone);
    }

    private void TrainEpoch(CancellationToken cancellation)
    {
        _step.Network.Train(keepStatistics: false);
        _step.ClearSums();
        var (lossBefore, correctBefore, secondsBefore, watch) = (_state.LossSum, _state.Correct, _state.EpochSeconds, Stopwatch.StartNew());
        var read = _state.Batch > 0;
        foreach (var batch in _training.Epoch(_state.Epoch, _state.Batch))
        {
            var before = _state.Epoch * (long)_training.Batches + batch.Index;
            var rate = _recipe.LearningRate * _recipe.Schedule.FactorAt(before / Steps);
            _step.Run(batch, _state.Epoch, before + 1, _ => rate);
            read = true;
            _state = _state with { Batch = batch.Index + 1, Seen = _state.Seen + batch.Count };
            var save = cancellation.IsCancellationRequested || _sinceCheckpoint.Elapsed > _options.CheckpointInterval;
            if (!save && _sinceReport.Elapsed < ReportInterval) continue;
            Look();
            if (save) Save();
            cancellation.ThrowIfCancellationRequested();
        }

        _badImages.ThrowIfNoneWasRead(read);
        // Here and not with the last batch: it is left out if none of its images can be read.
        _state = _state with { Batch = _training.Batches };
        Look();

        // Reading the sums waits for the device, so it is done only when somebody looks.
        void Look()
        {
            var (loss, correct) = _step.ReadSums();
            _state = _state with
            {
                LossSum = lossBefore + loss,
                Correct = correctBefore + correct,
                EpochSeconds = secondsBefore + watch.Elapsed.TotalSeconds,
                Seconds = _startSeconds + _clock.Elapsed.TotalSeconds,
            };
            ThrowIfDiverged(_state.LossSum);
            Report(TrainingPhase.Training, _state.Batch, _training.Batches, _state.LossSum / _state.Seen, (double)_state.Correct / _state.Seen, _state.Seen / _state.EpochSeconds);
        }
    }

    private ClassificationMetrics? Validate(CancellationToken cancellation)
    {
        if (_validation.Batches == 0) return null;
        _step.Network.eval();
        using var _ = no_grad();
        using var metrics = new MetricsAccumulator(_architecture.Classes, _step.Input.Device);
        var watch = Stopwatch.StartNew();
        var read = false;
        foreach (var batch in _validation.Epoch(0))
        {
            using var scope = NewDisposeScope();
            var (images, targets) = _step.Input.Load(batch);
            metrics.Add(_step.Network.forward(images), targets);
            read = true;
            // The epoch's training part is saved with the state, so that nothing but this pass is done again.
            if (cancellation.IsCancellationRequested) Save();
            cancellation.ThrowIfCancellationRequested();
            if (batch.Index + 1 < _validation.Batches && _sinceReport.Elapsed < ReportInterval) continue;
            var soFar = metrics.Read();
            Report(TrainingPhase.Validating, batch.Index + 1, _validation.Batches, soFar.Loss, soFar.Top1, soFar.Count / watch.Elapsed.TotalSeconds);
        }

        _badImages.ThrowIfNoneWasRead(read);
        return metrics.Read();
    }

    private void CompleteEpoch(ClassificationMetrics? validation)
    {
        var seen = Math.Max(1.0, _state.Seen);
        var completed = new EpochMetrics
        {
            Epoch = _state.Epoch + 1,
            LearningRate = _recipe.LearningRate * _recipe.Schedule.FactorAt((StepsDone - 1) / Steps),
            TrainingLoss = _state.LossSum / seen,
            TrainingAccuracy = _state.Correct / seen,
            ValidationLoss = validation?.Loss,
            Top1 = validation?.Top1,
            Top5 = validation?.Top5,
            ImagesPerSecond = _state.Seen / _state.EpochSeconds,
            Seconds = _startSeconds + _clock.Elapsed.TotalSeconds,
        };
        ThrowIfDiverged(validation?.Loss ?? 0);
        _state = new() { Epoch = _state.Epoch + 1, Seconds = completed.Seconds, History = [.. _state.History, completed] };
        MetricsFile.Write(Path.Combine(_options.OutputFolder, MetricsFile.FileName), _state.History);
        Save();
        _progress?.Report(new() { Epoch = completed.Epoch, Epochs = _recipe.Epochs, Done = StepsDone / Steps, Completed = completed });
    }

    private string Export(ClassificationMetrics? validation)
    {
        var path = Path.Combine(_options.OutputFolder, "model.onnx");
        OnnxExporter.Export(_architecture, _step.Network.ToStateDict(), new()
        {
            Architecture = _architecture.Name,
            Preprocessing = _recipe.Preprocessing,
            Labels = _options.Data.Training.Labels,
            Source = string.Create(CultureInfo.InvariantCulture, $"Trained from scratch with ResNet.Training on {_options.Data.Training.Count:N0} images{(_options.DataName is { } name ? $" of {name}" : "")}, {_recipe.Epochs} epochs, seed {_recipe.Seed}."),
            Recipe = JsonSerializer.Deserialize<JsonElement>(_recipe.ToJson()),
            Metrics = validation is null ? null : new Dictionary<string, double> { ["top1"] = validation.Top1, ["top5"] = validation.Top5 },
        }, path);
        return path;
    }

    private void Save()
    {
        // A checkpoint of a network that is lost already would take the place of a good one.
        using (var finite = _step.Parameters.Weights.isfinite().all()) ThrowIfDiverged(finite.item<bool>() ? 0 : double.NaN);
        var tensors = _step.Network.ToStateDict();
        foreach (var (name, values) in _step.Optimizer.Memory) _step.Parameters.CopyTo(tensors, values, $"{Checkpoint.OptimizerPrefix}{name}.");
        new Checkpoint(tensors, _state, Identity).Write(CheckpointFile);
        _sinceCheckpoint.Restart();
    }

    private void ThrowIfDiverged(double loss)
    {
        if (double.IsFinite(loss)) return;
        throw new TrainingDivergedException(
            $"Loss or weights are not finite any more, in epoch {_state.Epoch + 1} after batch {_state.Batch}. Try a lower learning rate (it is {_recipe.LearningRate}), a longer warm-up, or " +
            $"{nameof(TrainingPrecision.Float32)}. The last checkpoint, if there is one, is from before that.");
    }

    private void Report(TrainingPhase phase, int batch, int batches, double loss, double accuracy, double imagesPerSecond)
    {
        _sinceReport.Restart();
        foreach (var message in _badImages.TakeMessages()) Tell(message);
        var steps = StepsDone - _startDone;
        _progress?.Report(new()
        {
            Phase = phase,
            Epoch = _state.Epoch + 1,
            Epochs = _recipe.Epochs,
            Batch = batch,
            Batches = batches,
            Done = StepsDone / Steps,
            Loss = loss,
            Accuracy = accuracy,
            ImagesPerSecond = imagesPerSecond,
            Remaining = steps > 0 ? _clock.Elapsed * ((Steps - StepsDone) / steps) : TimeSpan.Zero,
        });
    }

    private void Tell(string message) => _progress?.Report(new() { Epoch = _state.Epoch + 1, Epochs = _recipe.Epochs, Done = StepsDone / Steps, Message = message });
}
