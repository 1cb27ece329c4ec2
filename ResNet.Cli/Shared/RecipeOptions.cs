using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The options that say which network is trained on what and how; `train` and `find-rate` have them.</summary>
internal sealed class RecipeOptions
{
    private readonly Option<string> _data = new("--data")
    {
        Required = true,
        HelpName = "PATH",
        Description = "A folder of class folders (train/ and val/ inside it, if there), of the IDX files of MNIST or of CIFAR's binary files; or a .csv of paths and labels.",
    };

    private readonly Option<ResNetArchitecture?> _architecture = CommonOptions.Architecture(null, "The network: resnet18, resnet50:v1, cifar-resnet20, ... (`resnet info` lists them). [default: resnet18, or what --start-from is]");
    private readonly Option<string?> _start = new("--start-from") { HelpName = "FILE | NAME", Description = "A network that has learned something: a model file, a checkpoint, or published weights by name." };
    private readonly Option<string?> _recipe = new("--recipe") { HelpName = "NAME | FILE", Description = $"{string.Join(", ", RecipeText.All.Select(recipe => recipe.Name))}, or the recipe.json of a run. [default: by network and number of images; finetune with --start-from]" };
    private readonly Option<int?> _epochs = new("--epochs") { HelpName = "N", Description = "How often every image is shown; 0 with --start-from: only a new head is trained. [default: the recipe's]" };
    private readonly Option<string?> _batch = new("--batch") { HelpName = "N | auto", Description = "Images of one step; auto: the most that fit in the GPU's memory. [default: the recipe's]" };
    private readonly Option<int?> _accumulate = CommonOptions.Positive("--accumulate", "Parts in which a step's images are worked on, where memory is short. [default: 1]");
    private readonly Option<int?> _size = CommonOptions.Positive("--size", "Height and width of the network's input in pixels. [default: 224, and 32 for the CIFAR networks]");
    private readonly Option<double?> _rate = new("--learning-rate") { HelpName = "X", Description = "The greatest learning rate. [default: the recipe's]" };
    private readonly Option<int?> _patience = CommonOptions.Positive("--patience", "Epochs without a better one after which the run ends. [default: it never ends early]");
    private readonly Option<bool> _balance = new("--balance") { Description = "Classes count alike, however many images they have." };
    private readonly Option<bool> _flip = new("--no-flip") { Description = "Do not mirror training images (letters, road signs)." };
    private readonly Option<double> _share = new("--validation") { HelpName = "SHARE", Description = "Share of each class that is split off to judge by, where the data does not say it.", DefaultValueFactory = _ => 0.2 };
    private readonly Option<TrainingPrecision?> _precision = new("--precision") { HelpName = "NAME", Description = "auto, float32, tensorfloat32 (on a GPU) or bfloat16. [default: the recipe's]" };
    private readonly Option<BadTrainingImagePolicy> _bad = new("--bad-images") { HelpName = "NAME", Description = "What becomes of images that cannot be read: skip or throw.", DefaultValueFactory = _ => BadTrainingImagePolicy.Skip };
    private readonly Option<long?> _seed = new("--seed") { HelpName = "N", Description = "Seed of everything random. [default: the recipe's]" };
    private readonly Option<string> _device = CommonOptions.Device();

    private const string AutoBatch = "auto";

    public RecipeOptions()
    {
        _batch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is not (null or AutoBatch) && BatchOf(result.GetValueOrDefault<string?>()) is not >= 1) result.AddError("--batch must be 1 or more, or auto.");
        });
        _epochs.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0) result.AddError("--epochs must not be negative.");
        });
        _rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or > 0)) result.AddError("--learning-rate must be above 0.");
        });
        _share.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and < 1)) result.AddError("--validation is from 0 up to, but without, 1.");
        });
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _data, _architecture, _start, _recipe, _epochs, _batch, _accumulate, _size, _rate, _patience, _balance, _flip, _share, _precision, _bad, _seed, _device }) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_epochs) == 0 && result.GetValue(_start) is null) result.AddError("--epochs 0 trains only a new head, so it needs --start-from.");
        });
    }

    /// <summary>What the options say. The rest of the options is the caller's.</summary>
    public TrainingOptions Get(ParseResult parsed, string output, CancellationToken cancellation)
    {
        var path = parsed.GetRequiredValue(_data);
        var (name, file) = (parsed.GetValue(_recipe), default(TrainingRecipe));
        if (name is not null && RecipeText.Find(name) is null)
        {
            file = File.Exists(name) ? TrainingRecipe.Read(name) : throw new ArgumentException(
                $"There is no recipe '{name}' and no such file. There are: {string.Join(", ", RecipeText.All.Select(each => each.Name))}.");
        }

        var seed = parsed.GetValue(_seed) ?? file?.Seed ?? 0;
        var data = TrainingData.Open(path, parsed.GetValue(_share), seed);
        var start = parsed.GetValue(_start) is { } from ? StartingPoint.Open(Models.Find(AnsiConsole.Console, from, cancellation), null, cancellation) : null;
        var options = new TrainingOptions
        {
            Architecture = parsed.GetValue(_architecture),
            StartFrom = start,
            Data = data,
            OutputFolder = output,
            Device = parsed.GetRequiredValue(_device),
            OnBadImage = parsed.GetValue(_bad),
            DataName = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))),
        };
        var plan = options.Resolve();
        var recipe = file ?? (name is null ? plan.Recipe : RecipeText.Find(name)!.Create(plan.Architecture, data.Training.Count, start));
        recipe = recipe with { Seed = seed, Precision = parsed.GetValue(_precision) ?? recipe.Precision };
        if (parsed.GetValue(_epochs) is { } epochs) recipe = recipe with { Epochs = epochs };
        if (BatchOf(parsed.GetValue(_batch)) is { } batch) recipe = recipe with { BatchSize = batch };
        if (parsed.GetValue(_accumulate) is { } parts) recipe = recipe with { GradientAccumulation = parts };
        if (parsed.GetValue(_rate) is { } rate) recipe = recipe with { LearningRate = rate };
        if (parsed.GetValue(_patience) is { } patience) recipe = recipe with { Patience = patience };
        if (parsed.GetValue(_balance)) recipe = recipe with { ClassWeighting = ClassWeighting.Balanced };
        if (parsed.GetValue(_size) is { } size) recipe = recipe with { Preprocessing = recipe.Preprocessing with { Crop = size, Resize = Resized(recipe.Preprocessing, size) } };
        if (parsed.GetValue(_flip)) recipe = recipe with { Augmentation = recipe.Augmentation.WithoutFlip() };
        return options with { Recipe = recipe };
    }

    /// <summary>The options with the largest batch that fits, if `--batch auto` asks for it.</summary>
    public TrainingOptions FitBatch(ParseResult parsed, TrainingOptions options, CancellationToken cancellation) =>
        parsed.GetValue(_batch) == AutoBatch
            ? options with { Recipe = options.Resolve().Recipe with { BatchSize = ResNetTraining.FindLargestBatch(options, cancellation) } }
            : options;

    private static int? BatchOf(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The same proportion of resized and cropped size as before.</summary>
    private static int? Resized(ImagePreprocessing standard, int crop) => standard.Resize is { } resize ? (int)Math.Round((double)crop * resize / standard.Crop) : null;
}
