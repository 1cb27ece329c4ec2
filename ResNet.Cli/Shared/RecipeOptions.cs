using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ResNet.Cli;

/// <summary>The options that choose a recipe and change parts of it.</summary>
internal sealed class RecipeOptions
{
    private const string AutoBatch = "auto", CrossEntropy = "cross-entropy", Binary = "bce";

    private readonly Option<string?> _recipe = new("--recipe")
    {
        HelpName = "NAME | FILE",
        Description = $"{RecipeText.Names}, or the recipe.json of a run. " +
            "[default: depends on the network and the number of images; finetune for a trained one]",
    };

    private readonly Option<int?> _epochs = new("--epochs")
    {
        HelpName = "N",
        Description = "How often every image is shown; 0 trains a new head of a trained network only. [default: the recipe's]",
    };

    private readonly Option<string?> _batch = new("--batch")
    {
        HelpName = "N | auto",
        Description = "Images in a step; auto finds the most that fit in the GPU's memory. [default: the recipe's]",
    };

    private readonly Option<int?> _accumulate = CommonOptions.Positive(
        "--accumulate", "Parts in which the images of a step are computed, to save memory. [default: 1]");

    private readonly Option<int?> _size = CommonOptions.Positive(
        "--size",
        "Height and width of the network's input in pixels. [default: 224; 32 for CIFAR networks]",
        maximum: PreprocessingOptions.LargestCrop);

    private readonly Option<double?> _rate = new("--learning-rate")
    {
        HelpName = "X",
        Description = "The highest learning rate of the schedule. [default: the recipe's]",
    };

    private readonly Option<int?> _patience = CommonOptions.Positive(
        "--patience", "Stop after so many epochs without a better one. [default: never stop early]");

    private readonly Option<bool> _balance = new("--balance")
    {
        Description = "Weight the loss so that all classes count equally, however many images they have.",
    };

    private readonly Option<bool> _balancedSampler = new("--balanced-sampler")
    {
        Description = "Show images of all classes equally often in an epoch: those of rare classes several times.",
    };

    private readonly Option<double?> _logitAdjustment = new("--logit-adjustment")
    {
        HelpName = "X",
        Description = "Add X times the logarithm of a class's share to its score in training, for rare classes; usually 1. [default: 0]",
    };

    private readonly Option<string?> _loss = new("--loss")
    {
        HelpName = "NAME",
        Description = $"{CrossEntropy}, or {Binary}: each class is a yes or no, with a sigmoid in the model file. [default: the recipe's]",
    };

    private readonly Option<double?> _temperature = new("--temperature")
    {
        HelpName = "X",
        Description = "What the scores of the network and of its --teacher are divided by. [default: the recipe's, or 4]",
    };

    private readonly Option<double?> _weight = new("--distillation-weight")
    {
        HelpName = "X",
        Description = "The share of the --teacher in the loss, up to 1. [default: the recipe's, or 0.5]",
    };

    private readonly Option<bool> _noFlip = new("--no-flip") { Description = "Do not mirror training images (for letters, road signs)." };

    private readonly Option<TrainingPrecision?> _precision = new("--precision")
    {
        HelpName = "NAME",
        Description = "auto, float32, tensorfloat32 (on a GPU) or bfloat16. [default: the recipe's]",
    };

    public RecipeOptions()
    {
        _recipe.Validators.Add(result =>
        {
            var name = result.GetValueOrDefault<string?>();
            if (name is not null && RecipeText.Find(name) is null && !File.Exists(name))
                result.AddError($"There is no recipe '{name}' and no such file. The recipes are: {RecipeText.Names}.");
        });
        _batch.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string?>();
            if (text is not (null or AutoBatch) && ParseBatch(text) is not >= 1) result.AddError("--batch must be 1 or more, or auto.");
        });
        _epochs.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0) result.AddError("--epochs must not be negative.");
        });
        _loss.AcceptOnlyFromAmong(CrossEntropy, Binary);
        _logitAdjustment.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or >= 0)) result.AddError("--logit-adjustment must be 0 or more.");
        });
        _temperature.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or > 0)) result.AddError("--temperature must be above 0.");
        });
        _weight.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or (> 0 and <= 1)))
                result.AddError("--distillation-weight must be above 0 and at most 1.");
        });
        _rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or > 0)) result.AddError("--learning-rate must be above 0.");
        });
    }

    /// <summary>The number of epochs; commands refuse 0 where there is no network to start from.</summary>
    public Option<int?> Epochs => _epochs;

    public void AddTo(Command command)
    {
        Option[] schedule = [_recipe, _epochs, _batch, _accumulate, _size, _rate, _patience];
        Option[] loss = [_loss, _balance, _balancedSampler, _logitAdjustment, _temperature, _weight, _noFlip, _precision];
        foreach (var option in schedule.Concat(loss)) command.Add(option);
        command.Validators.Add(result =>
        {
            var adjusts = result.GetValue(_logitAdjustment) > 0;
            if (new[] { result.GetValue(_balance), result.GetValue(_balancedSampler), adjusts }.Count(isOn => isOn) > 1)
                result.AddError("--balance, --balanced-sampler and --logit-adjustment each make up for rare classes: choose one of them.");
            if (adjusts && result.GetValue(_loss) == Binary)
                result.AddError($"--logit-adjustment is for cross-entropy: with --loss {Binary} use --balanced-sampler or --balance.");
        });
    }

    /// <summary>The options that are typed and make no sense for images of several labels.</summary>
    public IEnumerable<string> ForOneClass(CommandResult result)
    {
        foreach (var option in new[] { _balance, _balancedSampler }.Where(option => result.GetValue(option))) yield return option.Name;
        if (result.GetValue(_logitAdjustment) > 0) yield return _logitAdjustment.Name;
        if (result.GetValue(_loss) == CrossEntropy) yield return $"{_loss.Name} {CrossEntropy}";
    }

    /// <summary>Whether anything is said of how a teacher teaches.</summary>
    public bool WantsTeacher(CommandResult result) => (result.GetValue(_temperature) ?? result.GetValue(_weight)) is not null;

    /// <summary>Whether the largest batch that fits is to be found.</summary>
    public bool WantsLargestBatch(ParseResult parsed) => parsed.GetValue(_batch) == AutoBatch;

    /// <summary>The name of a recipe or of its file; null if none is named.</summary>
    public string? NameIn(ParseResult parsed) => parsed.GetValue(_recipe);

    /// <summary>The recipe in the file that is named; null if a standard recipe is named, or none.</summary>
    public TrainingRecipe? ReadFile(ParseResult parsed)
    {
        var name = parsed.GetValue(_recipe);
        return name is null || RecipeText.Find(name) is not null ? null : TrainingRecipe.Read(name);
    }

    /// <summary>The standard recipe that is named and that cannot be run from random weights; null if none is.</summary>
    public string? NameThatNeedsStart(CommandResult result) =>
        result.GetValue(_recipe) is { } name && RecipeText.Find(name) is { NeedsStart: true } recipe ? recipe.Name : null;

    /// <summary>Whether the standard recipe that is named is for random weights; null if none is named.</summary>
    public bool? IsFromScratch(ParseResult parsed) =>
        parsed.GetValue(_recipe) is { } name && RecipeText.Find(name) is { } standard ? !standard.NeedsStart : null;

    /// <summary>The recipe for a run.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="options">The run, still without a recipe.</param>
    /// <param name="file">The recipe of <see cref="ReadFile"/>.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="ArgumentException">The recipe needs something that the run does not have.</exception>
    public TrainingRecipe Create(ParseResult parsed, TrainingOptions options, TrainingRecipe? file, long seed)
    {
        var recipe = Change(parsed, file ?? Standard(parsed, options)) with { Seed = seed };
        if (recipe.FineTuning is not null && options.StartFrom is null)
            throw new ArgumentException("A recipe for fine-tuning needs a network to start from (--start-from).");
        if (recipe.Patience is not null && options.Data.Validation.Count == 0)
            throw new ArgumentException("--patience needs validation images, so --validation must be above 0.");
        return recipe;
    }

    /// <summary>The recipe that is named, else the default one.</summary>
    private TrainingRecipe Standard(ParseResult parsed, TrainingOptions options)
    {
        // The options that follow may make it fit the teacher.
        var plan = (options with { Teacher = null }).Resolve();
        return parsed.GetValue(_recipe) is { } name
            ? RecipeText.Find(name)!.Create(plan.Architecture, options.Data.Training.Count, options.StartFrom)
            : plan.Recipe;
    }

    private TrainingRecipe Change(ParseResult parsed, TrainingRecipe recipe)
    {
        recipe = recipe with
        {
            BatchSize = ParseBatch(parsed.GetValue(_batch)) ?? recipe.BatchSize,
            GradientAccumulation = parsed.GetValue(_accumulate) ?? recipe.GradientAccumulation,
            LearningRate = parsed.GetValue(_rate) ?? recipe.LearningRate,
            Patience = parsed.GetValue(_patience) ?? recipe.Patience,
            Precision = parsed.GetValue(_precision) ?? recipe.Precision,
            LogitAdjustment = parsed.GetValue(_logitAdjustment) ?? recipe.LogitAdjustment,
        };
        if (parsed.GetValue(_epochs) is { } epochs) recipe = recipe.WithEpochs(epochs);
        if (parsed.GetValue(_loss) is { } loss)
            recipe = recipe with { Loss = loss == Binary ? LossFunction.BinaryCrossEntropy : LossFunction.CrossEntropy };
        if (parsed.GetValue(_balancedSampler)) recipe = recipe with { Sampling = Sampling.Balanced };
        if (parsed.GetValue(_balance)) recipe = recipe with { ClassWeighting = ClassWeighting.Balanced };
        var (temperature, weight) = (parsed.GetValue(_temperature), parsed.GetValue(_weight));
        if ((temperature ?? weight) is not null)
        {
            var taught = recipe.Distillation ?? new();
            taught = taught with { Temperature = temperature ?? taught.Temperature, Weight = weight ?? taught.Weight };
            recipe = recipe with { Distillation = taught };
        }

        if (parsed.GetValue(_noFlip)) recipe = recipe.WithoutFlip();
        if (parsed.GetValue(_size) is { } size) recipe = recipe with { Preprocessing = WithCrop(recipe.Preprocessing, size) };
        return recipe;
    }

    /// <summary>Another size of the input; the resized size keeps its proportion to it.</summary>
    private static ImagePreprocessing WithCrop(ImagePreprocessing standard, int crop)
    {
        int? resize = standard.Resize is { } length
            ? Math.Clamp((int)Math.Round((double)crop * length / standard.Crop), 1, PreprocessingOptions.LargestResize)
            : null;
        return standard with { Crop = crop, Resize = resize };
    }

    private static int? ParseBatch(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
