using System.Diagnostics;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Trains a network: the head first, if it has learned something else before; then epochs of steps; validation after each; checkpoints; and in the end the model file and
/// the report. A run can be stopped or killed at any moment and resumed to the same bits.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private const int ImagesInReport = 12, PointsPerEpoch = 100;
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly TrainingPlan _plan;
    private readonly RunFolder _folder;
    private readonly TrainingOptions _options;
    private readonly TrainingRecipe _recipe;
    private readonly ResNetArchitecture _architecture;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly TrainingStep _step;
    private readonly BatchLoader _training, _validation, _inOrder;
    private readonly BadImages _badImages;
    private readonly string _identity;
    private readonly Stopwatch _sinceReport = Stopwatch.StartNew(), _sinceCheckpoint = Stopwatch.StartNew(), _clock = Stopwatch.StartNew();
    private TrainingState _state = new();
    private TensorBoardLog? _log;
    private double _startSeconds, _startDone;

    private TrainingLoop(TrainingPlan plan, IProgress<TrainingProgress>? progress)
    {
        (_plan, _options, _progress) = (plan, plan.Options, progress);
        _architecture = plan.Architecture;
        _recipe = plan.Recipe;
        _folder = new(_options.OutputFolder);
        _badImages = new(_options.OnBadImage);
        _step = new(plan.NewNetwork(), _recipe, Devices.Parse(_options.Device), _options.Data.Training.ClassCounts);
        _training = plan.Loader(_options.Data.Training, _recipe.Augmentation, _badImages);
        _validation = plan.Loader(_options.Data.Validation, null, _badImages);
        _inOrder = plan.Loader(_options.Data.Training, null, _badImages);
        _identity = plan.Identity;
    }

    private long? UsedMemory => _step.Input.Device is { type: TorchSharp.DeviceType.CUDA, index: var index } ? NvidiaDriver.UsedMemory(Math.Max(0, index)) : null;

    private ResNetModule Network => _step.Network;

    private FeatureCache Features => _folder.Features(_identity);

    /// <summary>Steps before the present one, batches without readable images counted, so that a step has the same number whatever happened before.</summary>
    private long StepsDone => _state.Epoch * (long)_training.Batches + _state.Batch;

    private double Steps => _recipe.Epochs * (double)_training.Batches;

    private double Done => Steps > 0 ? StepsDone / Steps : 0;

    private bool StopsEarly => _recipe.Patience is { } patience && EpochMetrics.Best(_state.History) is { } best && _state.Epoch - best.Epoch >= patience;

    /// <summary>Trains.</summary>
    public static TrainingResult Run(TrainingPlan plan, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var loop = new TrainingLoop(plan, progress);
        return loop.Run(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _log?.Dispose();
        _step.Dispose();
    }

    private TrainingResult Run(CancellationToken cancellation)
    {
        foreach (var note in _options.Data.Notes) Tell(note);
        if (Devices.NoteOn(_options.Device) is { } odd) Tell(odd);
        if (Resume())
        {
            _log = _folder.OpenEvents(StepsDone);
        }
        else
        {
            _folder.Clear(_recipe);
            _log = _folder.OpenEvents(0);
            Begin(cancellation);
        }

        (_startSeconds, _startDone) = (_state.Seconds, StepsDone);
        _clock.Restart();
        ClassificationMetrics? validation = null;
        while (_state.Epoch < _recipe.Epochs && !StopsEarly)
        {
            using var scope = NewDisposeScope();
            TrainEpoch(cancellation);
            // The epoch's training part, so that whatever happens now, nothing but the judging is done again.
            Save();
            validation = Validate(cancellation);
            CompleteEpoch(validation);
        }

        return Finish(validation, cancellation);
    }

    /// <summary>Goes on from what the output folder holds, as the options say. False if there is nothing to go on from.</summary>
    private bool Resume()
    {
        if (!_folder.HoldsRun || _options.IfExists == ExistingRun.Overwrite) return false;
        if (_options.IfExists == ExistingRun.Refuse)
            throw new IOException($"'{_options.OutputFolder}' holds a training run already. Resume it, choose another folder, or say that it is to be overwritten.");
        var checkpoint = _folder.ReadLast(_identity);
        Features.Delete();
        _state = checkpoint.State ?? throw new InvalidDataException($"The checkpoint in '{_options.OutputFolder}' does not say where its run stands.");
        Network.Load(checkpoint.NetworkOf(_architecture));
        foreach (var (name, values) in _step.Optimizer.Memory) _step.Parameters.CopyFrom(checkpoint.Tensors, values, $"{Checkpoint.OptimizerPrefix}{name}.");
        if (_step.Average is not { } average) return true;
        _step.Parameters.CopyFrom(checkpoint.Tensors, average.Weights, Checkpoint.AveragePrefix);
        _step.Parameters.CopyStatisticsFrom(checkpoint.Tensors, average.Statistics, Checkpoint.AveragePrefix);
        return true;
    }

    /// <summary>Begins with the weights of the network that the run starts from, if there is one, and a new head, if that has to be.</summary>
    private void Begin(CancellationToken cancellation)
    {
        if (_options.StartFrom is not { } start) return;
        using var scope = NewDisposeScope();
        _plan.LoadStart(_step, _badImages);
        if (!start.HasSameClasses(_options.Data.Training.Labels) && _recipe.FineTuning is { HeadEpochs: > 0 }) TrainHead(cancellation);
    }

    private void TrainHead(CancellationToken cancellation)
    {
        Network.eval();
        var seen = 0L;
        var (features, targets) = Features.Get(Network, _step.Input, _inOrder, (done, images) =>
        {
            cancellation.ThrowIfCancellationRequested();
            seen += images;
            if (done == _inOrder.Batches || _sinceReport.Elapsed > ReportInterval) Report(TrainingPhase.Featurizing, done, _inOrder.Batches, 0, 0, seen / _clock.Elapsed.TotalSeconds);
        });
        _badImages.ThrowIfNoneWasRead(targets.shape[0] > 0);
        var (lastLoss, lastAccuracy) = (0.0, 0.0);
        HeadTrainer.Train(features, targets, Network.Classifier, _recipe, _step.ClassWeights, (epoch, loss, accuracy) =>
        {
            cancellation.ThrowIfCancellationRequested();
            ThrowIfDiverged(loss);
            (lastLoss, lastAccuracy) = (loss, accuracy);
            if (_sinceReport.Elapsed > ReportInterval) Report(TrainingPhase.TrainingHead, epoch, _recipe.FineTuning!.HeadEpochs, loss, accuracy, 0);
        });
        _step.Average?.Restart();
        var validation = Evaluate(cancellation);
        Complete(new()
        {
            Epoch = 0,
            LearningRate = 0,
            TrainingLoss = lastLoss,
            TrainingAccuracy = lastAccuracy,
            ValidationLoss = validation?.Loss,
            Top1 = validation?.Top1,
            Top5 = validation?.Top5,
            ImagesPerSecond = targets.shape[0] / _clock.Elapsed.TotalSeconds,
            Seconds = _clock.Elapsed.TotalSeconds,
        });
        Features.Delete();
    }

    private void TrainEpoch(CancellationToken cancellation)
    {
        Network.EnterTraining(_recipe.FineTuning?.KeepStatistics ?? false, FirstTrainedStage(_state.Epoch));
        _step.ClearSums();
        var (lossBefore, correctBefore, secondsBefore, watch) = (_state.LossSum, _state.Correct, _state.EpochSeconds, Stopwatch.StartNew());
        var (read, logged) = (_state.Batch > 0, 0);
        foreach (var batch in _training.Epoch(_state.Epoch, _state.Batch))
        {
            _state = _state with { Batch = batch.Index };
            var rate = LearningRateAt(StepsDone);
            _step.Run(batch, _state.Epoch, StepsDone + 1, group => rate * ShareOf(group.Stage), group => StepsBefore(group.Stage));
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
            var (meanLoss, accuracy, pace) = (_state.LossSum / _state.Seen, (double)_state.Correct / _state.Seen, _state.Seen / _state.EpochSeconds);
            Report(TrainingPhase.Training, _state.Batch, _training.Batches, meanLoss, accuracy, pace);
            if (_state.Batch - logged < _training.Batches / PointsPerEpoch) return;
            logged = _state.Batch;
            Log(log => log.WriteStep(StepsDone, meanLoss, accuracy, LearningRateAt(StepsDone - 1), pace));
        }
    }

    private double LearningRateAt(long steps) => _recipe.LearningRate * _recipe.Schedule.FactorAt(steps / Steps, _state.History);

    /// <summary>The first part of the network that learns in an epoch: all, or, where stages are released one by one, the last at first.</summary>
    private int FirstTrainedStage(int epoch) =>
        _recipe.FineTuning is { EpochsPerStage: > 0 and var each } ? Math.Max(0, _architecture.StageBlocks.Count - epoch / each) : 0;

    /// <summary>The learning rate of a part of the network as a share of the head's.</summary>
    private double ShareOf(int stage) => stage < Network.FirstTrainedStage ? 0 : _recipe.FineTuning?.ShareOf(stage, _architecture) ?? 1;

    /// <summary>The steps of the run before a part of the network is released.</summary>
    private long StepsBefore(int stage) =>
        _recipe.FineTuning is { EpochsPerStage: > 0 and var each } ? Math.Max(0, _architecture.StageBlocks.Count - stage) * (long)each * _training.Batches : 0;

    /// <summary>Judges the network, or its average, after an epoch.</summary>
    private ClassificationMetrics? Validate(CancellationToken cancellation)
    {
        _step.Average?.Exchange();
        try
        {
            return Evaluate(cancellation);
        }
        finally
        {
            _step.Average?.Exchange();
        }
    }

    private ClassificationMetrics? Evaluate(CancellationToken cancellation)
    {
        if (_validation.Batches == 0) return null;
        Network.eval();
        using var _ = no_grad();
        using var metrics = new MetricsAccumulator(_architecture.Classes, _step.Input.Device);
        var watch = Stopwatch.StartNew();
        var read = false;
        foreach (var batch in _validation.Epoch(0))
        {
            using var scope = NewDisposeScope();
            var (images, targets) = _step.Input.Load(batch);
            metrics.Add(Network.forward(images), targets);
            read = true;
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
        ThrowIfDiverged(validation?.Loss ?? 0);
        Complete(new()
        {
            Epoch = _state.Epoch + 1,
            LearningRate = LearningRateAt(StepsDone - 1),
            TrainingLoss = _state.LossSum / seen,
            TrainingAccuracy = _state.Correct / seen,
            ValidationLoss = validation?.Loss,
            Top1 = validation?.Top1,
            Top5 = validation?.Top5,
            ImagesPerSecond = _state.Seen / _state.EpochSeconds,
            DeviceMemory = UsedMemory,
            Seconds = _startSeconds + _clock.Elapsed.TotalSeconds,
        });
    }

    private void Complete(EpochMetrics completed)
    {
        _state = new() { Epoch = completed.Epoch, Seconds = completed.Seconds, History = [.. _state.History, completed] };
        Log(log => log.WriteEpoch(StepsDone, completed));
        // The best network first: if the power goes between the two files, the epoch is done again and gives the same.
        if (EpochMetrics.Best(_state.History) == completed) SaveBest();
        Save();
        WriteMetrics();
        _progress?.Report(new() { Epoch = completed.Epoch, Epochs = _recipe.Epochs, Fraction = Done, Completed = completed });
    }

    /// <summary>Chooses the network that the run gives, and writes model file and report.</summary>
    /// <param name="validation">How the last epoch's network was judged; null if this part of the run trained none.</param>
    /// <param name="cancellation">Stops; the checkpoint is written already.</param>
    private TrainingResult Finish(ClassificationMetrics? validation, CancellationToken cancellation)
    {
        _step.Average?.Exchange();
        var kept = _state.History[^1];
        if (_recipe.Keep == KeptEpoch.Best && EpochMetrics.Best(_state.History) is { } best && best != kept)
        {
            Network.Load(_folder.ReadBest(_identity).NetworkOf(_architecture));
            (kept, validation) = (best, null);
        }

        // A run that was killed behind its last checkpoint may lack it.
        WriteMetrics();
        validation ??= Evaluate(cancellation);
        var model = _folder.ModelFile;
        ModelFile.Write(model, _architecture, Network.ToStateDict(), _plan.CardOf(kept.Epoch, validation));
        try
        {
            WriteReport(kept, validation, cancellation);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // The network is what the run was for.
            Tell($"The report cannot be written: {problem.Message}");
        }

        return new(model, _state.History, kept, validation, TimeSpan.FromSeconds(_state.Seconds));
    }

    private void WriteMetrics() => _folder.WriteMetrics(_state.History);

    private void WriteReport(EpochMetrics kept, ClassificationMetrics? validation, CancellationToken cancellation) => HtmlReport.Write(_folder.ReportFile, new()
    {
        Architecture = _architecture,
        Labels = _options.Data.Training.Labels,
        History = _state.History,
        Validation = validation,
        Findings = validation is null ? null : new MistakeFinder(Network, _step.Input, source => _plan.Loader(source, null, _badImages)).Find(_options.Data.Validation, ImagesInReport, cancellation),
        Recipe = _recipe.ToJson(),
        Command = _options.Command,
        DataName = _options.DataName,
        TrainingImages = _options.Data.Training.Count,
        ValidationImages = _options.Data.Validation.Count,
        Elapsed = TimeSpan.FromSeconds(_state.Seconds),
        BestEpoch = _recipe.Keep == KeptEpoch.Best && validation is not null ? kept.Epoch : null,
        Notes = [.. _options.Data.Notes, .. _badImages.Messages],
        Environment = RunEnvironment.Describe(_step.Input.Device),
        Finished = DateTimeOffset.Now,
    });

    private void Save()
    {
        using var scope = NewDisposeScope();
        // A checkpoint of a network that is lost already would take the place of a good one.
        foreach (var values in _step.State) ThrowIfDiverged(values.isfinite().all().item<bool>() ? 0 : double.NaN);
        var tensors = Network.ToStateDict();
        foreach (var (name, values) in _step.Optimizer.Memory) _step.Parameters.CopyTo(tensors, values, $"{Checkpoint.OptimizerPrefix}{name}.");
        if (_step.Average is { } average)
        {
            _step.Parameters.CopyTo(tensors, average.Weights, Checkpoint.AveragePrefix);
            _step.Parameters.CopyStatisticsTo(tensors, average.Statistics, Checkpoint.AveragePrefix);
        }

        _folder.WriteLast(new(tensors, _state, _identity, _plan.CardOf(_state.Epoch)));
        _sinceCheckpoint.Restart();
    }

    private void SaveBest()
    {
        _step.Average?.Exchange();
        _folder.WriteBest(new(Network.ToStateDict(), null, _identity, _plan.CardOf(_state.Epoch)));
        _step.Average?.Exchange();
    }

    /// <summary>Writes to the event files. They are an accessory: if they cannot be written, the run is told and goes on without.</summary>
    private void Log(Action<TensorBoardLog> write)
    {
        if (_log is null) return;
        try
        {
            write(_log);
        }
        catch (IOException problem)
        {
            Tell($"The event files are given up: {problem.Message}");
            _log.Dispose();
            _log = null;
        }
    }

    private void ThrowIfDiverged(double loss)
    {
        if (double.IsFinite(loss)) return;
        throw new TrainingDivergedException(
            $"Loss or weights are not finite any more, in epoch {_state.Epoch + 1} after batch {_state.Batch}. Try a lower learning rate (it is {_recipe.LearningRate}), a longer warm-up, " +
            $"gradients of limited length ({nameof(TrainingRecipe.ClipNorm)}), more images at a time, or {nameof(TrainingPrecision.Float32)}. The last checkpoint, if there is one, is from before that.");
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
            Fraction = Done,
            Loss = loss,
            Accuracy = accuracy,
            ImagesPerSecond = imagesPerSecond,
            DeviceMemory = UsedMemory,
            Remaining = steps > 0 ? _clock.Elapsed * ((Steps - StepsDone) / steps) : TimeSpan.Zero,
        });
    }

    private void Tell(string message) => _progress?.Report(new() { Epoch = _state.Epoch + 1, Epochs = _recipe.Epochs, Fraction = Done, Message = message });
}
