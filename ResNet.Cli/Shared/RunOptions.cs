using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The options that say which network is trained, on what, and how; `train` and `find-rate` have them.</summary>
internal sealed class RunOptions
{
    private const string BatchOptions = "The options are --batch N, --accumulate N and --size N.";

    private readonly RecipeOptions _recipe = new();
    private readonly LimitOptions _limits = new();
    private readonly PreprocessingOptions _preprocessing = new();

    private readonly Option<string> _data = new("--data")
    {
        Required = true,
        HelpName = "PATH",
        Description = "A folder of class folders (or train/ and val/ with class folders), of MNIST's IDX files or of CIFAR's binary " +
            "files; or a .csv of paths and labels.",
    };

    private readonly Option<bool> _multiLabel = new("--multi-label")
    {
        Description = "An image may have several labels, or none: --data is a .csv whose column of labels holds all of an image's.",
    };

    private readonly Option<string?> _separators = new("--label-separators")
    {
        HelpName = "LETTERS",
        Description = "The letters that separate labels, with --multi-label. [default: ; and |]",
    };

    private readonly Option<ResNetArchitecture?> _architecture = CommonOptions.Architecture(
        "The network: resnet18, resnet50:v1, cifar-resnet20, ... (`resnet info` lists them), from random weights unless --start-from " +
        "names trained ones. [default: that of the network that the run starts from]");

    private readonly Option<string?> _start = new("--start-from")
    {
        HelpName = "FILE | NAME",
        Description = "A trained network to fine-tune: a model file, a checkpoint, or the name of published weights. [default: an " +
            "ImageNet ResNet-18 that is on this machine, unless the pictures are small and many]",
    };

    private readonly Option<bool> _scratch = new("--from-scratch")
    {
        Description = "Start from random weights, of a resnet18 or, for small pictures, a cifar-resnet20.",
    };

    private readonly Option<bool> _addClasses = new("--add-classes")
    {
        Description = "Add the classes of the data to those of --start-from, which it keeps; its old classes need few images or none.",
    };

    private readonly Option<string?> _teacher = new("--teacher")
    {
        HelpName = "FILE | NAME",
        Description = "A trained network with the same classes that this one learns from, too: named as for --start-from.",
    };

    private readonly Option<string?> _entry = CommonOptions.Entry();

    private readonly Option<double> _validation = new("--validation")
    {
        HelpName = "SHARE",
        Description = "Share of each class that is split off for validation, unless the data has validation images of its own.",
        DefaultValueFactory = _ => 0.2,
    };

    private readonly Option<BadTrainingImagePolicy> _bad = new("--bad-images")
    {
        HelpName = "NAME",
        Description = "What to do with images that cannot be read: skip or throw (stop with an error).",
        DefaultValueFactory = _ => BadTrainingImagePolicy.Skip,
    };

    private readonly Option<long?> _seed = new("--seed")
    {
        HelpName = "N",
        Description = "Seed of all that is random. [default: the recipe's]",
    };

    private readonly Option<string> _device = CommonOptions.Device();

    public RunOptions()
    {
        _validation.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and < 1)) result.AddError("--validation must be in [0, 1).");
        });
    }

    public void AddTo(Command command)
    {
        Option[] options = [_data, _multiLabel, _separators, _architecture, _start, _scratch, _addClasses, _entry, _teacher];
        foreach (var option in options) command.Add(option);
        _recipe.AddTo(command);
        foreach (var option in new Option[] { _validation, _bad, _seed, _device }) command.Add(option);
        _limits.AddTo(command);
        _preprocessing.AddTo(command);
        command.Validators.Add(result =>
        {
            if (_recipe.WantsTeacher(result) && result.GetValue(_teacher) is null)
                result.AddError("--temperature and --distillation-weight say how a --teacher teaches: name one.");
            if (result.GetValue(_separators) is not null && !result.GetValue(_multiLabel))
                result.AddError("--label-separators is for --multi-label.");
            if (result.GetValue(_multiLabel) && _recipe.ForOneClass(result).ToList() is { Count: > 0 } wrong)
                result.AddError($"{string.Join(", ", wrong)}: this is for images of one class; --multi-label is yes or no for each.");
            if (result.GetValue(_start) is not null)
            {
                if (result.GetValue(_scratch)) result.AddError("--start-from and --from-scratch exclude each other.");
                return;
            }

            if (result.GetValue(_addClasses)) result.AddError("--add-classes needs the network to which they are added (--start-from).");
            var isScratch = result.GetValue(_scratch) || result.GetResult(_architecture) is not null;
            if (result.GetValue(_recipe.Epochs) == 0 && isScratch)
                result.AddError("--epochs 0 trains a new head only, so it needs a network to start from (--start-from).");
            if (isScratch && _recipe.NameThatNeedsStart(result) is { } recipe)
                result.AddError($"The recipe '{recipe}' needs a network to start from (--start-from).");
        });
    }

    /// <summary>The run that was asked for, with its recipe. What is chosen for the user is written to the console.</summary>
    public TrainingOptions Get(
        ParseResult parsed, string output, CancellationToken cancellation, ExistingRun existing = ExistingRun.Refuse)
    {
        var path = parsed.GetRequiredValue(_data);
        var file = _recipe.ReadFile(parsed);
        var seed = parsed.GetValue(_seed) ?? file?.Seed ?? 0;
        var options = new TrainingOptions
        {
            Data = OpenData(parsed, path, seed),
            AddClasses = parsed.GetValue(_addClasses),
            Architecture = parsed.GetValue(_architecture),
            StartFrom = OpenStart(parsed, cancellation),
            Teacher = parsed.GetValue(_teacher) is { } teacher ? Open(teacher, null, _ => null, cancellation) : null,
            Recipe = file,
            OutputFolder = output,
            IfExists = existing,
            Device = parsed.GetRequiredValue(_device),
            OnBadImage = parsed.GetValue(_bad),
            MaximumPixels = _limits.Pixels(parsed),
            MaximumFileBytes = _limits.FileBytes(parsed),
            DataName = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))),
        };
        options = WithStart(parsed, options, cancellation);
        return options with { Recipe = _recipe.Create(parsed, options, file, seed) };
    }

    /// <summary>The files that are read, but for images in class folders.</summary>
    public IEnumerable<string> InputFiles(ParseResult parsed)
    {
        var data = parsed.GetRequiredValue(_data);
        // IDX and CIFAR files lie in a folder of their own; a plot there is one of ours.
        var binary = Directory.Exists(data) ? Directory.EnumerateFiles(data).Where(file => Path.GetExtension(file) != ".svg") : [];
        return [data, .. binary, parsed.GetValue(_start) ?? "", parsed.GetValue(_teacher) ?? "", _recipe.NameIn(parsed) ?? ""];
    }

    /// <summary>The run with the largest batch that fits, if `--batch auto` asks for it.</summary>
    public TrainingOptions FitBatch(ParseResult parsed, TrainingOptions options, CancellationToken cancellation)
    {
        if (!_recipe.WantsLargestBatch(parsed)) return options;
        var batch = ResNetTraining.FindLargestBatch(options, cancellation);
        return options with { Recipe = options.Resolve().Recipe with { BatchSize = batch } };
    }

    /// <summary>Which options or commands help against a problem that the libraries report; null for none.</summary>
    public string? HintFor(ParseResult parsed, Exception problem) => problem switch
    {
        DeviceMemoryException =>
            "Options that need less memory: --batch N (auto: the largest that fits in a GPU), --accumulate N (the same batch in N " +
            "parts), --size N.",
        TrainingDivergedException =>
            "Options that may help: a lower --learning-rate (`resnet find-rate` suggests one), a larger --batch, --precision float32.",
        ArgumentException or InvalidOperationException
            when problem.Message.Contains(nameof(TrainingRecipe.BatchSize), StringComparison.Ordinal) => BatchOptions,
        RunFolderException { HoldsRun: true } => "--resume continues the run, --overwrite replaces it.",
        LibTorchException => "`resnet doctor` shows what this machine has.",
        ArgumentException when NamesCuda(parsed) && LibTorch.Load().CudaDevices == 0 =>
            "`resnet doctor` shows what this machine has. The installed tool uses a GPU with RESNET_LIBTORCH; in a clone, " +
            "-p:TorchBackend=cuda builds this command for GPUs, too.",
        _ => null,
    };

    private TrainingData OpenData(ParseResult parsed, string path, long seed)
    {
        var share = parsed.GetValue(_validation);
        var minimum = parsed.GetValue(_addClasses) ? 1 : 2;
        if (!parsed.GetValue(_multiLabel)) return TrainingData.Open(path, share, seed, minimum);
        return parsed.GetValue(_separators) is { } separators
            ? TrainingData.OpenMultiLabel(path, separators, share, seed)
            : TrainingData.OpenMultiLabel(path, validationShare: share, seed: seed);
    }

    private bool NamesCuda(ParseResult parsed) => parsed.GetRequiredValue(_device).StartsWith("cuda", StringComparison.Ordinal);

    /// <summary>The options with what the run starts from, if the user does not say it; the first line tells.</summary>
    private TrainingOptions WithStart(ParseResult parsed, TrainingOptions options, CancellationToken cancellation)
    {
        if (options.StartFrom is not null || options.Architecture is not null) return options;
        bool? fromScratch = parsed.GetValue(_scratch) ? true : _recipe.IsFromScratch(parsed);
        try
        {
            var download = new Models.Download();
            var start = DefaultStart.Choose(options, fromScratch, download, cancellation);
            var change = start.IsResumed ? "" : " To change this: --start-from FILE | NAME, --from-scratch, --architecture NAME.";
            AnsiConsole.Console.WriteLine(start.Reason + change);
            foreach (var note in download.Notes.Concat(start.Network?.Notes ?? [])) Console.Error.WriteLine(note);
            return start.ApplyTo(options);
        }
        catch (FileNotFoundException problem)
        {
            throw new FileNotFoundException($"{problem.Message} (--start-from FILE | NAME)", problem);
        }
    }

    private StartingPoint? OpenStart(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_start) is not { } model)
        {
            _preprocessing.EnsureNone(parsed, "--start-from an ONNX graph from elsewhere");
            return null;
        }

        return Open(model, parsed.GetValue(_entry), file => _preprocessing.ForGraph(parsed, file), cancellation);
    }

    private static StartingPoint Open(
        string model, string? entry, Func<string, ImagePreprocessing?> preprocessing, CancellationToken cancellation)
    {
        var isFolder = Directory.Exists(model) && PretrainedResNet.Find(model) is null;
        var file = isFolder ? model : Models.Find(AnsiConsole.Console, model, cancellation);
        var network = StartingPoint.Open(file, null, entry, preprocessing(file), cancellation);
        foreach (var note in network.Notes) Console.Error.WriteLine(note);
        return network;
    }
}
