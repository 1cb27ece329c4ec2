namespace ResNet.Training;

/// <summary>What to train, on what, and where to put it.</summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// The network. Its number of classes is the data's, whatever it says. Default: null, that of <see cref="StartFrom"/>, without it a
    /// ResNet-18.
    /// </summary>
    public ResNetArchitecture? Architecture { get; init; }

    /// <summary>
    /// A trained network that is fine-tuned for these images. Default: null, the run starts from random weights.
    /// </summary>
    public StartingPoint? StartFrom { get; init; }

    /// <summary>
    /// A trained network that this one learns from in its epochs, beside the classes of the images (distillation, Hinton et al. 2015): it
    /// has all classes of the data, found by name, and sees the same pixels as the network that is trained. A new head, before the epochs,
    /// is trained without it. Default: null, none.
    /// </summary>
    public StartingPoint? Teacher { get; init; }

    /// <summary>The images.</summary>
    public required TrainingData Data { get; init; }

    /// <summary>
    /// How it is trained. Default: null, that is <see cref="TrainingRecipe.FineTune"/> with <see cref="StartFrom"/> and
    /// <see cref="TrainingRecipe.For"/> without.
    /// </summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>
    /// Receives <c>model.onnx</c>, <c>last.safetensors</c> (the checkpoint), <c>best.safetensors</c> (the network of the best epoch),
    /// <c>metrics.csv</c> (a line an epoch), <c>recipe.json</c>, <c>report.html</c> and <c>tensorboard/</c>. Made if need be.
    /// </summary>
    public required string OutputFolder { get; init; }

    /// <summary>What happens if that folder holds a run already. Default: an exception.</summary>
    public ExistingRun IfExists { get; init; }

    /// <summary>
    /// Where to train: <c>auto</c> (default: the first CUDA device, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.
    /// </summary>
    public string Device { get; init; } = "auto";

    /// <summary>
    /// Threads that decode images ahead of the step; has no influence on the result. Default: the number of processors, at most 16.
    /// </summary>
    public int Workers { get; init; } = Math.Min(Environment.ProcessorCount, 16);

    /// <summary>
    /// How much work a power cut may cost: a checkpoint is written after this time and after each epoch. Default: five minutes.
    /// </summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What happens when an image cannot be read. Default: it is named and left out.</summary>
    public BadTrainingImagePolicy OnBadImage { get; init; }

    /// <summary>
    /// The largest image that is decoded, in pixels, from 1; checked before memory is taken. Default: 178,956,970, as Pillow.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumPixels { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumPixels;

    /// <summary>The longest image file that is read, in bytes, from 1. Default: 256 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumFileBytes { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumFileBytes;

    /// <summary>
    /// Whether the classes of the data are added to those of <see cref="StartFrom"/>, whose part of the head and whose other layers stay as
    /// they are. Images of its old classes make the new ones better and can be few; where a class has none, its mean feature, which a model
    /// file of this library remembers, stands for it. The validation images tell of the classes that they are of. Default: false.
    /// </summary>
    public bool AddClasses { get; init; }

    /// <summary>What the data is called in the model card. Default: null, not named.</summary>
    public string? DataName { get; init; }

    /// <summary>The command that repeats the run, for the report. Default: null, not named.</summary>
    public string? Command { get; init; }

    internal ImageLimits Limits => new(MaximumPixels, MaximumFileBytes);

    /// <summary>
    /// Finds the network and the recipe that these options stand for, and checks that all fits together. Nothing is read or written.
    /// <see cref="ResNetTraining"/> does this itself; call it to know beforehand what a run will do.
    /// </summary>
    /// <exception cref="ArgumentException">The options contradict each other, or the recipe itself.</exception>
    /// <exception cref="InvalidDataException">There are no images to train on.</exception>
    public TrainingPlan Resolve()
    {
        if (Data.Training.Count == 0) throw new InvalidDataException("There are no images to train on.");
        if (StartFrom is not null && Architecture is not null && StartFrom.Architecture.Name != Architecture.Name)
        {
            throw new ArgumentException(
                $"'{StartFrom.Name}' is a {StartFrom.Architecture.Name}, so a {Architecture.Name} cannot start from it.");
        }

        var network = StartFrom?.Architecture ?? Architecture ?? ResNetArchitecture.ResNet18;
        var data = AddClasses ? AddedClasses.Add(StartFrom, Data) : Data;
        var architecture = network with { Classes = data.Training.Labels.Count };
        var recipe = Recipe ?? DefaultRecipe(architecture);
        if (Data.Training.IsMultiLabel) recipe = recipe with { Loss = LossFunction.BinaryCrossEntropy };
        if (Teacher is not null && recipe.Distillation is null) recipe = recipe with { Distillation = new() };
        Check(recipe);
        BatchCheck.CheckSize(recipe, Data.Training.Count);
        BatchCheck.CheckStatistics(architecture, recipe, Data.Training.Count);
        return new(this with { Data = data }, architecture, recipe);
    }

    private TrainingRecipe DefaultRecipe(ResNetArchitecture architecture)
    {
        if (StartFrom is not { } start) return TrainingRecipe.For(architecture, Data.Training.Count);
        var recipe = TrainingRecipe.FineTune(start.Architecture, start.Preprocessing, Data.Training.Count);
        if (AddClasses) return recipe with { Epochs = 0 };
        // A head that stays was not fitted to these images.
        return start.HasSameClasses(Data.Training.Labels)
            ? recipe with { FineTuning = recipe.FineTuning! with { HeadLearningRateFactor = 0.1 } }
            : recipe;
    }

    private void Check(TrainingRecipe recipe)
    {
        if (AddClasses) AddedClasses.Check(recipe);
        if (Data.Validation.Count > 0 && Data.Validation.IsMultiLabel != Data.Training.IsMultiLabel)
            throw new ArgumentException("Of the images to train on and to validate with, one have one class each and the others several.");
        recipe.CheckLoss(Data.Training.IsMultiLabel);
        TeacherFit.Check(Teacher, recipe, Data.Training.Labels);
        if (recipe.FineTuning is not null && StartFrom is null)
            throw new ArgumentException("A recipe for fine-tuning needs a network to start from.");
        if (recipe.Epochs == 0 && recipe.FineTuning is null)
            throw new ArgumentException("A recipe of 0 epochs trains nothing, unless it fine-tunes a network and trains a new head.");
        if (recipe.Epochs == 0 && StartFrom!.HasSameClasses(Data.Training.Labels))
        {
            throw new ArgumentException(
                $"'{StartFrom.Name}' was trained on just these classes, so there is no new head to train: 0 epochs would change nothing.");
        }

        if (recipe.Patience is not null && Data.Validation.Count == 0)
            throw new ArgumentException("To stop early, a run needs validation images.");
    }
}
