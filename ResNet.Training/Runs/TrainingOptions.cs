namespace ResNet.Training;

/// <summary>What happens if the output folder holds a run already.</summary>
public enum ExistingRun
{
    /// <summary>An exception; nothing is touched.</summary>
    Refuse,

    /// <summary>The run goes on where its checkpoint was written; without one a new run begins.</summary>
    Resume,

    /// <summary>The run is replaced.</summary>
    Overwrite,
}

/// <summary>What to train, on what, and where to put it.</summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// The network. Its number of classes is the data's, whatever it says. Default: null, that of <see cref="StartFrom"/>, without it a ResNet-18.
    /// </summary>
    public ResNetArchitecture? Architecture { get; init; }

    /// <summary>A network that has learned something already and is taught these images. Default: null, the run starts from random weights.</summary>
    public StartingPoint? StartFrom { get; init; }

    /// <summary>The images.</summary>
    public required TrainingData Data { get; init; }

    /// <summary>
    /// How it is trained. Default: null, that is <see cref="TrainingRecipe.FineTune"/> with <see cref="StartFrom"/> and <see cref="TrainingRecipe.For"/> without.
    /// </summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>
    /// Receives <c>model.onnx</c>, <c>last.safetensors</c> (the checkpoint), <c>best.safetensors</c> (the network of the best epoch), <c>metrics.csv</c> (a line an epoch),
    /// <c>recipe.json</c>, <c>report.html</c> and <c>tensorboard/</c>. Made if need be.
    /// </summary>
    public required string OutputFolder { get; init; }

    /// <summary>What happens if that folder holds a run already. Default: an exception.</summary>
    public ExistingRun IfExists { get; init; }

    /// <summary>Where to train: <c>auto</c> (default: the first CUDA device, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Threads that decode images ahead of the step; has no influence on the result. Default: the number of processors, at most 16.</summary>
    public int Workers { get; init; } = Math.Min(Environment.ProcessorCount, 16);

    /// <summary>How much work a power cut may cost: a checkpoint is written after this time and after each epoch. Default: five minutes.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What happens when an image cannot be read. Default: it is named and left out.</summary>
    public BadTrainingImagePolicy OnBadImage { get; init; }

    /// <summary>What the data is called in the model card. Default: null, not named.</summary>
    public string? DataName { get; init; }

    /// <summary>The command that repeats the run, for the report. Default: null, not named.</summary>
    public string? Command { get; init; }

    /// <summary>
    /// The same with the largest batch that fits in the GPU's memory, found by trying steps: a multiple of 8 (or 4, 2, 1), at most 1024, and not below 100 steps an epoch unless the recipe's own batch
    /// is. On a CPU the recipe's batch stays, and a run that is resumed keeps the batch that it has. The learning rate is not changed.
    /// </summary>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="DeviceMemoryException">Not even one image fits.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public TrainingOptions WithLargestBatch(CancellationToken cancellation = default)
    {
        var recipe = FindRecipe();
        var (begun, written) = (Path.Combine(OutputFolder, Checkpoint.LastFile), Path.Combine(OutputFolder, TrainingLoop.RecipeFile));
        if (IfExists == ExistingRun.Resume && File.Exists(begun) && File.Exists(written)) return this with { Recipe = recipe with { BatchSize = TrainingRecipe.Read(written).BatchSize } };
        return this with { Recipe = recipe with { BatchSize = BatchFit.Choose(FindArchitecture(), recipe, Data.Training.Count, Device, cancellation) } };
    }

    /// <summary>The network that is trained.</summary>
    /// <exception cref="ArgumentException">It is another than the one that the run starts from.</exception>
    internal ResNetArchitecture FindArchitecture()
    {
        if (StartFrom is not null && Architecture is not null && StartFrom.Architecture.Name != Architecture.Name)
            throw new ArgumentException($"'{StartFrom.Name}' is a {StartFrom.Architecture.Name}, so a {Architecture.Name} cannot start from it.");
        return (StartFrom?.Architecture ?? Architecture ?? ResNetArchitecture.ResNet18) with { Classes = Data.Training.Labels.Count };
    }

    /// <summary>How it is trained.</summary>
    /// <exception cref="ArgumentException">The recipe contradicts itself or the other options.</exception>
    internal TrainingRecipe FindRecipe()
    {
        var recipe = Recipe ?? (StartFrom is not null ? TrainingRecipe.FineTune(StartFrom, Data.Training.Count) : TrainingRecipe.For(FindArchitecture(), Data.Training.Count));
        if (recipe.FineTuning is not null && StartFrom is null) throw new ArgumentException("A recipe for fine-tuning needs a network to start from.");
        if (recipe.Epochs == 0 && recipe.FineTuning is not { HeadEpochs: > 0 }) throw new ArgumentException("A recipe of 0 epochs trains nothing, unless it fine-tunes a network and trains a new head.");
        if (recipe.Epochs == 0 && StartFrom!.HasSameClasses(Data.Training.Labels)) throw new ArgumentException($"'{StartFrom.Name}' knows just these classes already, so there is no new head to train: 0 epochs would change nothing.");
        if (recipe.Patience is not null && Data.Validation.Count == 0) throw new ArgumentException("To stop early, a run needs validation images.");
        return recipe;
    }
}
