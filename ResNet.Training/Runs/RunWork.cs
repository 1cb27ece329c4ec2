namespace ResNet.Training;

/// <summary>
/// How much of a run is done, with its parts weighed by what they roughly cost: forward passes of an image, of which a step of training
/// takes three.
/// </summary>
internal sealed class RunWork
{
    private const double PassesOfStep = 3;

    /// <summary>The fits of a new head take about so much of the time that its features take.</summary>
    private const double ShareOfFits = 0.1;

    private readonly double _features, _fits, _folds, _epochs, _steps;
    private readonly int _batchesPerEpoch;

    /// <param name="plan">What the run does.</param>
    /// <param name="batchesPerEpoch">The steps of an epoch.</param>
    public RunWork(TrainingPlan plan, int batchesPerEpoch)
    {
        var (recipe, images) = (plan.Recipe, plan.Data.Training.Count);
        (_batchesPerEpoch, _steps) = (batchesPerEpoch, recipe.Epochs * (double)batchesPerEpoch);
        _epochs = recipe.Epochs * (double)images * PassesOfStep;
        if (!plan.NeedsNewHead || recipe.FineTuning is not { } tuning) return;
        _features = images * (double)RunEstimate.ViewsOf(tuning);
        _fits = ShareOfFits * _features;
        if (tuning.TrainedShare == 0) _epochs = 0;
        if (!FoldStage.AreNeededBy(recipe)) return;
        // A pace in passes in place of seconds.
        RunPace passes = new(FeatureSeconds: 1, PassesOfStep, HeadSeconds: 0);
        _folds = new RunEstimate(passes, images, Validation: 0, NeedsNewHead: true).SecondsOfFolds(recipe.Epochs);
    }

    /// <summary>The share that is done, 0 to 1.</summary>
    /// <param name="run">Where the run stands.</param>
    /// <param name="phase">What it does, and how far that is.</param>
    public double Fraction(TrainingState run, TrainingProgress phase)
    {
        var isKept = run is { History.Count: > 0, Undecided: null } && (run.TrainedShare == 0 || _steps == 0);
        if (isKept) return 1;
        var part = phase.Batches > 0 ? (double)phase.Batch / phase.Batches : 0;
        var isBeforeEpochs = _features > 0 && (run.Undecided is not null || run.History.Count == 0);
        var done = phase.Phase switch
        {
            TrainingPhase.ComputingMean => 0,
            TrainingPhase.Featurizing => _features * part,
            TrainingPhase.TrainingHead => _features + _fits * part,
            TrainingPhase.TryingFolds => _features + _fits + _folds * part,
            _ when isBeforeEpochs => _features + _fits,
            _ => _features + _fits + _folds + _epochs * run.StepsDone(_batchesPerEpoch) / Math.Max(1, _steps),
        };
        var all = _features + _fits + _folds + _epochs;
        return all > 0 ? Math.Min(1, done / all) : 0;
    }
}
