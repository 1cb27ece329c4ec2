using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Trains a network: first a new head alone, if the network that it starts from has other classes; then epochs of steps, each with
/// validation and checkpoints; and in the end the model file and the report. A run can be stopped or killed at any moment and resumed to
/// the same bits.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private readonly TrainingPlan _plan;
    private readonly TrainingRecipe _recipe;
    private readonly RunFolder _folder;
    private readonly BadImages _badImages;
    private readonly TrainingStep _step;
    private readonly BatchLoader _training;
    private readonly StageSchedule _stages;
    private readonly RunProgress _progress;
    private readonly ValidationStage _validation;
    private readonly ClassMeansStage _means;

    private TrainingLoop(TrainingPlan plan, IProgress<TrainingProgress>? receiver)
    {
        _plan = plan;
        _recipe = plan.Recipe;
        _badImages = new(plan.Options.OnBadImage);
        _step = plan.NewStep();
        _training = plan.Loader(plan.Data.Training, _recipe.Augmentation, _badImages);
        _stages = new(_recipe, plan.Architecture, _training.Batches);
        _progress = new(plan, _training.Batches, _step.Input.Device, _badImages, receiver);
        _validation = new(plan, _step, _badImages, _progress);
        _means = new(plan, _step, _badImages);
        _folder = RunFolder.Open(plan.Options.OutputFolder, plan.Options.IfExists);
    }

    /// <summary>Trains as a plan says. What can go wrong is at <see cref="ResNetTraining.Run"/>.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="progress">Receives the run's progress, on the calling thread.</param>
    /// <param name="cancellation">Stops the run after the current step, with a checkpoint written.</param>
    public static TrainingResult Run(TrainingPlan plan, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var loop = new TrainingLoop(plan, progress);
        return loop.Run(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _progress.Dispose();
        _step.Dispose();
        _folder.Dispose();
    }

    private TrainingResult Run(CancellationToken cancellation)
    {
        foreach (var note in _plan.Data.Notes) _progress.ReportMessage(new(), note);
        if (Devices.NoteOn(_plan.Options.Device) is { } odd) _progress.ReportMessage(new(), odd);
        var warning = _step.Input.Device.type == DeviceType.CPU ? Processor.CacheWarning : null;
        if (warning is not null) _progress.ReportMessage(new(), $"Note: {warning}.");
        var run = Resume(cancellation) ?? Begin(cancellation);
        _progress.Start(run);
        Evaluation? validation = null;
        while (run.Epoch < _recipe.Epochs && run.TrainedShare > 0 && !run.HasStalled(_recipe.Patience))
        {
            using var scope = NewDisposeScope();
            run = TrainEpoch(run, cancellation);
            // The epoch's training part, so that whatever happens now, only the validation is done again.
            Save(run);
            validation = _validation.Validate(run, cancellation);
            TrainingDivergedException.ThrowUnless(double.IsFinite(validation?.Loss ?? 0), _recipe, run);
            run = Complete(run, run.Figures(validation, LastLearningRate(run), _progress));
        }

        return Finish(run, validation, cancellation);
    }

    /// <summary>Goes on from what the output folder holds, as the options say; null if a new run is to begin.</summary>
    private TrainingState? Resume(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        if (!_folder.HoldsRun || _plan.Options.IfExists == ExistingRun.Overwrite) return null;
        var checkpoint = _folder.ReadLast(_plan.Identity);
        var run = checkpoint.State ?? throw new InvalidDataException($"'{_folder.LastFile}' does not say where its run stands.");
        if (run.Undecided is null) _folder.DeleteFeatures();
        if (_recipe.PerPixelMean)
        {
            Subtract(checkpoint.Card.Preprocessing.MeanImage
                ?? throw new InvalidDataException($"'{_folder.LastFile}' lacks the mean image that its run subtracts."));
        }

        _step.ReadState(checkpoint.Tensors);
        Average(run);
        _progress.OpenEvents(_folder, run);
        if (run.Undecided is not { } fit) return run;

        _progress.Start(run);
        var features = HeadStage.Featurize(_plan, _step, _badImages, OpenFeatures(run), _progress, run, cancellation);
        return Decide(new(features, fit), run, cancellation);
    }

    /// <summary>
    /// Begins with the weights of the network that the run starts from, if there is one, and trains a new head, if that has to be.
    /// </summary>
    private TrainingState Begin(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var run = new TrainingState();
        // Their images may have changed under the same names.
        if (_plan.Options.IfExists == ExistingRun.Overwrite) _folder.DeleteFeatures();
        _folder.Clear(_recipe, _plan.Options.StartFrom?.File, _plan.Options.Teacher?.File);
        _progress.OpenEvents(_folder, run);
        Subtract(new MeanImageStage(_plan, _badImages, _progress).Find(run, cancellation));
        _plan.LoadStart(_step, _badImages);
        if (!_plan.NeedsNewHead || _recipe.FineTuning is null) return run;

        var (figures, lesson) = new HeadStage(_plan, _step, _badImages, _progress, _validation).Train(OpenFeatures(run), run, cancellation);
        run = run with { ClassMeans = _means.Of(lesson.Features) };
        if (FoldStage.AreNeededBy(_recipe)) return Decide(lesson, Complete(run with { Undecided = lesson.Fit }, figures), cancellation);

        Average(run = run with { TrainedShare = _recipe.FineTuning.TrainedShare ?? 1 });
        run = Complete(run, figures);
        _folder.DeleteFeatures();
        return run;
    }

    private FeatureCache OpenFeatures(TrainingState run) =>
        _folder.OpenFeatures(_plan.Identity, note => _progress.ReportMessage(run, note));

    /// <summary>Lets folds decide about fine-tuning. What they have done is kept if the run is stopped.</summary>
    private TrainingState Decide(HeadLesson lesson, TrainingState run, CancellationToken cancellation)
    {
        var store = _folder.OpenFolds(_plan.Identity, _plan.Options.CheckpointInterval);
        var folds = new FoldStage(_plan, _step, _badImages, _progress);
        run = folds.Decide(lesson, store, run, cancellation) with { Seconds = _progress.Seconds };
        Average(run);
        Save(run, _validation.Latest);
        _folder.DeleteFeatures();
        return run;
    }

    /// <summary>From now on the network is evaluated as the run says.</summary>
    private void Average(TrainingState run)
    {
        if (_step.FromStart is { } average) average.TrainedShare = run.TrainedShare;
    }

    private void Subtract(MeanImage? image)
    {
        _plan.MeanImage = image;
        if (image is not null) _step.Input.Subtract(image);
    }

    private TrainingState TrainEpoch(TrainingState start, CancellationToken cancellation)
    {
        var run = start;
        _step.Network.EnterTraining(_plan.KeepStatistics, _stages.FirstTrained(run.Epoch));
        _step.ClearSums();
        _progress.StartEpoch(run);
        var anyWasRead = run.Batch > 0;
        foreach (var batch in _training.Epoch(run.Epoch, run.Batch))
        {
            // Batches of which no image can be read are passed over, but they count.
            var done = (run with { Batch = batch.Index }).StepsDone(_training.Batches);
            var rate = LearningRateAt(done, run);
            _step.Run(batch, run.Epoch, number: done + 1, RateOf, group => _stages.StepsBefore(group.Stage));
            anyWasRead = true;
            run = run with { Batch = batch.Index + 1, Seen = run.Seen + batch.Count };
            var saves = cancellation.IsCancellationRequested || _folder.SinceCheckpoint > _plan.Options.CheckpointInterval;
            if (!saves && !_progress.IsDue) continue;
            run = ReadSums(run, start);
            if (saves) Save(run);
            cancellation.ThrowIfCancellationRequested();

            double RateOf(ParameterGroup group) => rate * _stages.FactorOf(group.Stage, start.Epoch);
        }

        _badImages.ThrowIfNoneWasRead(anyWasRead);
        // Here and not with the last batch, which is left out if none of its images can be read.
        return ReadSums(run with { Batch = _training.Batches }, start);
    }

    /// <summary>
    /// Adds up losses and correct predictions since the start of the epoch's part, and reports them. Waits for the device.
    /// </summary>
    private TrainingState ReadSums(TrainingState run, TrainingState start)
    {
        var (loss, correct) = _step.ReadSums();
        run = run with
        {
            LossSum = start.LossSum + loss,
            Correct = start.Correct + correct,
            EpochSeconds = _progress.EpochSeconds,
            Seconds = _progress.Seconds,
        };
        TrainingDivergedException.ThrowUnless(double.IsFinite(run.LossSum), _recipe, run);
        _progress.ReportTraining(run, LastLearningRate(run));
        return run;
    }

    private double LearningRateAt(long steps, TrainingState run) =>
        _recipe.LearningRate * _recipe.Schedule.FactorAt(steps / (_recipe.Epochs * (double)_training.Batches), run.History);

    private double LastLearningRate(TrainingState run) => LearningRateAt(run.StepsDone(_training.Batches) - 1, run);

    private TrainingState Complete(TrainingState run, EpochMetrics completed)
    {
        run = run.After(completed);
        _progress.LogCompleted(run, completed);
        // The best network first: if the power goes between the two files, the epoch is done again and gives the same.
        if (EpochMetrics.Best(run.History) == completed) SaveBest(run);
        Save(run, _validation.Latest);
        _folder.WriteMetrics(run.History);
        _progress.ReportCompleted(run, completed);
        return run;
    }

    private void Save(TrainingState run, Evaluation? validation = null)
    {
        // A checkpoint of a network that is lost already would take the place of a good one.
        TrainingDivergedException.ThrowUnless(_step.IsFinite(), _recipe, run);
        var card = _plan.CardOf(run.Epoch, validation) with { ClassMeans = run.StepsDone(_training.Batches) == 0 ? run.ClassMeans : null };
        _folder.WriteLast(new(_step.WriteState(), run, $"{_plan.Identity}", card));
    }

    private void SaveBest(TrainingState run)
    {
        _step.ExchangeAverages();
        _folder.WriteBest(new(_step.Network.ToStateDict(), State: null, $"{_plan.Identity}", _plan.CardOf(run.Epoch, _validation.Latest)));
        _step.ExchangeAverages();
    }

    /// <summary>Chooses the network that the run keeps, and writes model file and report.</summary>
    /// <param name="run">Where the run stands: at its end.</param>
    /// <param name="validation">The figures of the last epoch's network; null if this part of the run trained none.</param>
    /// <param name="cancellation">Stops; the checkpoint is written already.</param>
    private TrainingResult Finish(TrainingState run, Evaluation? validation, CancellationToken cancellation)
    {
        _step.ExchangeAverages();
        var kept = run.History[^1];
        List<string> notes = run.Decision is { } decision ? [decision] : [];
        if (_recipe.Keep == KeptEpoch.Best && EpochMetrics.Best(run.History) is { } best && best != kept)
        {
            if (LoadBest(best) is { } problem)
            {
                notes.Add(problem);
                _progress.ReportMessage(run, problem);
            }
            else
            {
                kept = best;
                validation = null;
            }
        }

        // A run that was killed behind its last checkpoint may lack it.
        _folder.WriteMetrics(run.History);
        validation ??= _validation.Measure(run, cancellation);
        var card = _plan.CardOf(kept.Epoch, validation, notes) with { ClassMeans = kept.Epoch == 0 ? run.ClassMeans : _means.OfNetwork() };
        _folder.WriteModel(_plan.Architecture, _step.Network.ToStateDict(), card);
        var choseEpoch = _recipe.Keep == KeptEpoch.Best && run.History.Count > 1;
        var result = new TrainingResult(_folder.ModelFile, run.History, kept, validation?.Classes, TimeSpan.FromSeconds(run.Seconds))
        {
            Notes = AccuracyRemarks.On(validation, _plan.Data.Training.Labels, choseEpoch),
            MultiLabelValidation = validation?.Labels,
        };
        try
        {
            var findings = _validation.FindMistakes(cancellation);
            _folder.WriteReport(_plan.ReportOf(result, findings, [.. notes, .. _badImages.Messages], _step.Input.Device));
            _folder.MarkComplete();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // The network is what the run was for.
            _progress.ReportMessage(run, $"The report cannot be written: {problem.Message}");
        }

        return result;
    }

    /// <summary>
    /// Loads the network of the best epoch. The run does not depend on its file: if that cannot be read, the last epoch's network stays.
    /// </summary>
    /// <returns>What the user should know; null if the network was loaded.</returns>
    private string? LoadBest(EpochMetrics best)
    {
        try
        {
            _step.Network.Load(_folder.ReadBest(_plan.Identity).Tensors);
            return null;
        }
        catch (Exception problem) when (problem is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return $"The network of the best epoch ({best.Epoch}) cannot be read, so that of the last epoch is kept: {problem.Message}";
        }
    }
}
