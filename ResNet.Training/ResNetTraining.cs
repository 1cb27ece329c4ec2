namespace ResNet.Training;

/// <summary>
/// Trains residual networks, without ML.NET's pipelines around it (for these see <see cref="ResNetTrainer"/>): a run, the search for a
/// learning rate and for the best recipe, and what fits: the largest batch in a GPU's memory, a recipe in the time that there is.
/// </summary>
public static class ResNetTraining
{
    /// <summary>
    /// Trains a network. The output folder receives the model file, checkpoints, metrics and a report; a run that was stopped or killed at
    /// any moment can be resumed, and ends with the same bits.
    /// </summary>
    /// <param name="options">What to train, on what, and where to put it.</param>
    /// <param name="progress">Receives the run's progress, on the calling thread.</param>
    /// <param name="cancellation">Stops the run after the current step, with a checkpoint written.</param>
    /// <exception cref="OperationCanceledException">It was canceled; <see cref="ExistingRun.Resume"/> goes on.</exception>
    /// <exception cref="RunFolderException">
    /// Another run works in the output folder, or the folder holds a run and <see cref="TrainingOptions.IfExists"/> says to refuse, or it
    /// has files of a run's names that no run made.
    /// </exception>
    /// <exception cref="IOException">The output folder cannot be written.</exception>
    /// <exception cref="InvalidDataException">No image can be read, or the checkpoint to go on from is another run's.</exception>
    /// <exception cref="InvalidImageException">
    /// An image cannot be read and <see cref="TrainingOptions.OnBadImage"/> says to throw.
    /// </exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite any more.</exception>
    /// <exception cref="DeviceMemoryException">A step does not fit in the device's memory; the message says what would.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public static TrainingResult Run(
        TrainingOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var plan = options.Resolve();
        CheckFolder(options.OutputFolder, options.IfExists);
        LibTorch.Load();
        return BatchFit.Explaining(plan, () => TrainingLoop.Run(plan, progress, cancellation), cancellation);
    }

    /// <summary>
    /// Finds a learning rate as Smith (2017) proposes: a network takes steps at exponentially rising rates until its loss diverges. Nothing
    /// is written, and the same seed gives the same result. Where a run would train a new head alone first, the search trains it with the
    /// rest, so that it tells most about the head. Where a run would compute a mean image first, the search subtracts a mean for each
    /// channel.
    /// </summary>
    /// <param name="options">What is to be trained, on what and how; the output folder is not used.</param>
    /// <param name="steps">The number of steps, from 10; default 100.</param>
    /// <param name="progress">Receives the progress, on the calling thread.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    /// <exception cref="InvalidDataException">No image can be read.</exception>
    /// <exception cref="InvalidImageException">
    /// An image cannot be read and <see cref="TrainingOptions.OnBadImage"/> says to throw.
    /// </exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite from the first step on.</exception>
    /// <exception cref="DeviceMemoryException">A step does not fit in the device's memory; the message says what would.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public static LearningRateCurve FindLearningRate(
        TrainingOptions options, int steps = 100, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 10);
        var plan = options.Resolve();
        LibTorch.Load();
        return BatchFit.Explaining(plan, () => LearningRateSearch.Run(plan, steps, progress, cancellation), cancellation);
    }

    /// <summary>
    /// Finds the largest <see cref="TrainingRecipe.BatchSize"/> that fits in the GPU's memory, by trying steps: a multiple of 8 (or 4, 2,
    /// 1), at most 1024, and not above a hundredth of the training images unless the recipe's own batch is. On a CPU it is the recipe's,
    /// and for a run that is resumed the one that it began with.
    /// </summary>
    /// <param name="options">What is to be trained, on what and how.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <returns>The number of images.</returns>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    /// <exception cref="DeviceMemoryException">Not even one image fits.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public static int FindLargestBatch(TrainingOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var plan = options.Resolve();
        return RecipeOfResumed(options)?.BatchSize ?? BatchFit.Choose(plan, cancellation);
    }

    /// <summary>
    /// Fits the recipe of a run to the time that there is: measures for some seconds how fast this machine is, and chooses the number of
    /// epochs, up to twice the recipe's; where a new head is trained, as little as that alone, with fewer crops, if there is no time for a
    /// third of the recipe's epochs. The estimate stays below nine tenths of the time. For a run that is resumed it is the recipe that it
    /// began with.
    /// </summary>
    /// <param name="options">What is to be trained, on what and how.</param>
    /// <param name="time">How long the run may take: above 0.</param>
    /// <param name="cancellation">Stops the measuring.</param>
    /// <exception cref="OperationCanceledException">It was canceled.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is not positive.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="InvalidDataException">No image can be read.</exception>
    /// <exception cref="DeviceMemoryException">A step does not fit in the device's memory; the message says what would.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public static FittedRecipe FitTime(TrainingOptions options, TimeSpan time, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        if (RecipeOfResumed(options) is { } begun)
            return new(begun, estimate: null, "The run goes on with the recipe that it began with, whatever time that takes.");
        var plan = options.Resolve();
        LibTorch.Load();
        return BatchFit.Explaining(plan, () => TimeFit.Choose(plan, time, cancellation), cancellation);
    }

    /// <summary>
    /// Searches a recipe for fine-tuning by successive halving (Jamieson and Talwalkar 2016): over starting networks, learning rates,
    /// augmentation, the number of epochs and of crops for the head, evaluated on folds of the training images. The output folder receives
    /// the winner's <c>recipe.json</c> and the table <c>trials.csv</c>. A search that was stopped or killed is resumed from the trials that
    /// were done.
    /// </summary>
    /// <param name="options">What to search for, among which networks, and for how long.</param>
    /// <param name="progress">Receives the progress, on the calling thread.</param>
    /// <param name="cancellation">Stops the search; the trial that is going on is lost.</param>
    /// <exception cref="OperationCanceledException">It was canceled; <see cref="ExistingRun.Resume"/> goes on.</exception>
    /// <exception cref="ArgumentException">
    /// There is nothing to tune: no network to start from, one that has these classes already, or a recipe without epochs.
    /// </exception>
    /// <exception cref="RunFolderException">
    /// Another search works in the output folder, or the folder holds one and <see cref="TrainingOptions.IfExists"/> says to refuse, or has
    /// files of its names that no search made.
    /// </exception>
    /// <exception cref="IOException">The output folder cannot be written.</exception>
    /// <exception cref="InvalidDataException">
    /// No image can be read, there are too few, or the search to resume is another one's or damaged.
    /// </exception>
    /// <exception cref="DeviceMemoryException">A step does not fit in the device's memory; the message says what would.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public static TuningResult Tune(
        TuningOptions options, IProgress<TuningProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var plan = options.Resolve()[0];
        LibTorch.Load();
        return BatchFit.Explaining(plan, () => TuningSearch.Run(options, progress, cancellation), cancellation);
    }

    /// <summary>
    /// Makes the model file and the report of a run that was stopped or killed, from its checkpoints: of the best epoch so far, or of the
    /// last one where the recipe keeps that or the best one's file cannot be read. The images are not needed and nothing is trained, so the
    /// report has no confusion. The run can still be resumed. libtorch is not loaded.
    /// </summary>
    /// <param name="folder">The output folder of the run.</param>
    /// <param name="modelFile">
    /// The model file to write. Null (default): <c>model.onnx</c> in the folder. With both files elsewhere, the run may still be going on.
    /// </param>
    /// <param name="reportFile">The report to write. Null (default): <c>report.html</c> in the folder.</param>
    /// <exception cref="FileNotFoundException">The folder has no checkpoint.</exception>
    /// <exception cref="InvalidDataException">No checkpoint can be read; the message names the file and says why.</exception>
    /// <exception cref="RunFolderException">
    /// The run is still going on, or it ended and has its model file and report, and these would be replaced.
    /// </exception>
    /// <exception cref="ArgumentException">A file to write is a checkpoint of the run, or both are the same file.</exception>
    public static ExportedRun Export(string folder, string? modelFile = null, string? reportFile = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (modelFile is not null && reportFile is not null && Path.GetFullPath(modelFile) == Path.GetFullPath(reportFile))
            throw new ArgumentException($"The model file and the report cannot both be '{modelFile}'.", nameof(reportFile));
        return new RunExport(folder).Run(modelFile, reportFile);
    }

    /// <summary>Whether a folder holds a run that can be resumed.</summary>
    /// <param name="folder">The output folder of the run; it need not exist.</param>
    public static bool HoldsRun(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return RunFolder.HoldsRunAt(folder);
    }

    /// <summary>
    /// Checks whether a run may begin or go on in a folder. Nothing is written. <see cref="Run"/> does this itself; call it before reading
    /// or fetching what a run needs.
    /// </summary>
    /// <param name="folder">The output folder; it need not exist.</param>
    /// <param name="existing">What happens if it holds a run.</param>
    /// <exception cref="RunFolderException">
    /// The folder holds a run and <paramref name="existing"/> says to refuse, or it has files of a run's names that no run made.
    /// </exception>
    public static void CheckFolder(string folder, ExistingRun existing)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RunFolder.Check(folder, existing);
    }

    private static TrainingRecipe? RecipeOfResumed(TrainingOptions options)
    {
        var isResumed = options.IfExists == ExistingRun.Resume && RunFolder.HoldsRunAt(options.OutputFolder);
        return isResumed ? RunFolder.ReadRecipe(options.OutputFolder) : null;
    }
}
