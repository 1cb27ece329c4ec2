using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet info`: what there is, or one architecture, recipe, model file or set of published weights in detail.</summary>
internal static class InfoCommand
{
    private const int LabelsShown = 10;
    private const string Timm = "timm";

    public static Command Create()
    {
        var subject = new Argument<string?>("MODEL | ARCHITECTURE | RECIPE")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "A model file, or the name of published weights, an architecture or a recipe. Without it all names are listed.",
        };
        var command = new Command("info", "Shows architectures, published weights, recipes and model files.") { subject };
        var preprocessing = new PreprocessingOptions();
        preprocessing.AddTo(command);
        command.SetWork((parsed, _) =>
        {
            var console = AnsiConsole.Console;
            if (parsed.GetValue(subject) is { } name) Show(console, name, file => preprocessing.ForModel(parsed, file));
            else List(console);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(IAnsiConsole console, string name, Func<string, ImagePreprocessing?> preprocessing)
    {
        if (File.Exists(name)) ShowModelFile(console, name, preprocessing(name));
        else if (FindPublished(name) is { } published) Show(console, published);
        else if (RecipeText.Find(name) is { } recipe) Show(console, recipe);
        else if (name.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            throw new FileNotFoundException($"There is no model file '{name}'.");
        else Show(console, ResNetArchitecture.Parse(name));
    }

    /// <summary>Published weights by their full name: a name such as resnet50 is an architecture here.</summary>
    private static PretrainedResNet? FindPublished(string name) =>
        PretrainedResNet.All.FirstOrDefault(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static void List(IAnsiConsole console)
    {
        ListArchitectures(console);
        ListPublished(console);
        var recipes = CommandWork.CreateTable("Recipe", "What it is for");
        foreach (var each in RecipeText.All) recipes.AddRow(each.Name, each.Summary);
        console.Write(recipes);
    }

    private static void ListArchitectures(IAnsiConsole console)
    {
        var table = CommandWork.CreateTable("Architecture", "Layers", "Input", "Parameters", "Multiply-adds", "Features");
        foreach (var each in ResNetArchitecture.All)
        {
            table.AddRow(
                each.Name,
                $"{each.Depth}",
                Input(each),
                Millions(each.ParameterCount),
                Millions(MultiplyAdds(each)),
                $"{each.FeatureCount}");
        }

        console.Write(table);
        console.WriteLine(
            "Options follow a colon: A, B or C (shortcuts), v1 (bottleneck stride as in the paper), width=N, stages=N.N.N.N " +
            "(blocks of each), groups=N, width-per-group=N. Examples: resnet50:v1, cifar-resnet20:B,width=32, resnet18:stages=2.2.2.3.");
    }

    private static void ListPublished(IAnsiConsole console)
    {
        var store = ModelStore.Default;
        var table = CommandWork.CreateTable("Published weights (ImageNet)", "Of", "Top-1", "Top-5", "Resize, crop", "MB", "Here");
        foreach (var each in PretrainedResNet.All.Where(entry => entry.Publisher != Timm))
        {
            var images = $"{each.Preprocessing.Resize}, {each.Preprocessing.Crop}";
            var size = each.Size is { } bytes ? $"{bytes / 1e6:0}" : "";
            table.AddRow(each.Name, each.Publisher, Percent(each.Top1), Percent(each.Top5), images, size, Place(store, each));
        }

        console.Write(table);
        console.WriteLine(
            "Accuracies are the publishers'. ML.NET's networks give features only and come with their NuGet packages. As a model, a name " +
            "such as resnet18 means what is here: torchvision's version 1, else ML.NET's; if neither is, torchvision's is downloaded.");
        console.WriteLine();
        console.WriteLine("timm's, with top-1 (*: here):");
        foreach (var network in PretrainedResNet.All.Where(entry => entry.Publisher == Timm).GroupBy(entry => entry.Name.Split('.')[0]))
            console.WriteLine($"  {network.Key}: {string.Join(", ", network.Select(each => Brief(store, each)))}");
    }

    /// <summary>The part of timm's name that says how the weights were trained, whether they are here, and what they reach.</summary>
    private static string Brief(ModelStore store, PretrainedResNet weights) =>
        $".{weights.Name.Split('.')[1]}{(store.Has(weights) ? "*" : "")} {100 * weights.Top1:0.0}";

    private static string Percent(double? share) => share is { } value ? $"{100 * value:0.00} %" : "";

    /// <summary>Where weights are: in the store, or where a package put them.</summary>
    private static string Place(ModelStore store, PretrainedResNet weights)
    {
        if (store.Locate(weights) is not { } path) return "";
        return Path.GetDirectoryName(path) == store.Folder ? "store" : "package";
    }

    private static void Show(IAnsiConsole console, PretrainedResNet published)
    {
        var network = published.Architecture;
        var table = CommandWork.CreateFacts();
        table.AddFact("Weights", $"{published.Name}, of {published.Publisher}");
        table.AddFact("Architecture", $"{network.Name}, {Millions(network.ParameterCount)} parameters, {network.FeatureCount} features");
        table.AddFact("Classes", published.Labels is { } labels ? $"{labels.Count}" : "none: it gives features only");
        if (published.Top1 is { } top1)
            table.AddFact("Accuracy", $"top-1 {Percent(top1)}, top-5 {Percent(published.Top5)} ({published.Publisher}'s figures)");
        table.AddFact("Images", Preparation(published.Preprocessing));
        table.AddFact("Address", published.Address?.ToString());
        table.AddFact("Package", published.Package is { } package ? $"{package.Id}, {package.GraphFile}" : null);
        if (published.Size is { } bytes) table.AddFact("Size", $"{bytes / 1e6:0.0} MB");
        var beginning = published.HashPrefix is { } digits ? $"{digits}... (its publisher states no more)" : "not known";
        table.AddFact("SHA-256", published.Sha256 ?? beginning);
        table.AddFact("License", published.License);
        table.AddFact("File", FileOf(published));
        console.Write(table);
    }

    private static string FileOf(PretrainedResNet published)
    {
        var store = ModelStore.Default;
        if (store.Locate(published) is { } path)
            return Place(store, published) == "store" ? path : $"{path}, of which a model file is made on first use";
        return published.Package is null ? "not downloaded yet; this happens on first use" : "its package's files are not here";
    }

    private static string Preparation(ImagePreprocessing images) =>
        $"{Resize(images)}center crop {images.Crop} x {images.Crop}, {images.Interpolation.ToString().ToLowerInvariant()}";

    private static void Show(IAnsiConsole console, RecipeText recipe)
    {
        var table = CommandWork.CreateFacts();
        table.AddFact("Recipe", recipe.Name);
        table.AddFact("For", recipe.Summary);
        table.AddFact("Command", recipe.Command);
        table.AddFact("Time", recipe.Time);
        table.AddFact("Accuracy", recipe.Accuracy);
        console.Write(table);
    }

    private static void Show(IAnsiConsole console, ResNetArchitecture architecture)
    {
        console.WriteLine(
            $"{architecture.Name}: {Millions(architecture.ParameterCount)} parameters, {Millions(MultiplyAdds(architecture))} " +
            $"multiply-adds at {Input(architecture)}, {architecture.Classes:N0} classes");
        var table = CommandWork.CreateTable("Layer", "Kernel", "Stride", "Channels");
        foreach (var layer in architecture.Layers)
        {
            var kernel = layer.Kernel is { } pixels ? $"{pixels} x {pixels}" : "";
            table.AddRow(layer.Name, kernel, $"{layer.Stride}", $"{layer.Inputs} -> {layer.Outputs}");
        }

        console.Write(table);
    }

    private static void ShowModelFile(IAnsiConsole console, string path, ImagePreprocessing? preprocessing)
    {
        using var model = ResNetModel.Open(path, preprocessing);
        model.CheckFile();
        var (card, images) = (model.Card, model.Preprocessing);
        var parameters = model.Architecture is { } known ? $", {Millions(known.ParameterCount)} parameters" : "";
        var table = CommandWork.CreateFacts();
        table.AddFact("File", $"{path}, {new FileInfo(path).Length / 1e6:0.0} MB");
        table.AddFact("Architecture", card.Architecture + parameters);
        table.AddFact("Features", $"{model.FeatureCount}");
        table.AddFact("Classes", $"{model.ClassCount}{Names(model.Labels)}");
        if (card.ScoreFunction == ScoreFunction.Sigmoid) table.AddFact("Probabilities", "a sigmoid for each class, each for itself");
        if (card.Thresholds is { } thresholds) table.AddFact("Labels", $"any number an image, from thresholds of {Range(thresholds)}");
        table.AddFact("Images", Preparation(images));
        var mean = images.MeanImage is { } image ? $"mean image of {image} (channels {Color(images.Mean)})" : Color(images.Mean);
        table.AddFact("Mean, deviation", $"{mean}, {Color(images.Std)} (applied inside the file)");
        if (images.ChannelOrder != ChannelOrder.Rgb) table.AddFact("Channels", "blue, green, red inside; swapped inside the file");
        foreach (var (name, value) in card.Metrics ?? new Dictionary<string, double>()) table.AddFact(name, $"{100 * value:0.00} %");
        table.AddFact("Quantization", card.Quantization);
        table.AddFact("Source", card.Source);
        table.AddFact("License", card.License);
        table.AddFact("Digest", model.Digest is { } digest ? $"{digest} (checked)" : "none: damage to the weights would not be noticed");
        table.AddFact("Created", card.Created?.ToString("u"));
        console.Write(table);
    }

    private static string Range(IReadOnlyList<float> values) => $"{100 * values.Min():0.0} to {100 * values.Max():0.0} %";

    private static string Names(IReadOnlyList<string>? labels)
    {
        if (labels is null) return "";
        var more = labels.Count > LabelsShown ? ", ..." : "";
        return $": {string.Join(", ", labels.Take(LabelsShown))}{more}";
    }

    private static string Resize(ImagePreprocessing images) => (images.Squash, images.Resize) switch
    {
        (true, var length) => $"both sides to {length ?? images.Crop}, ",
        (false, { } length) => $"shorter side to {length}, ",
        _ => "",
    };

    private static string Color(Rgb color) => $"{color.R} {color.G} {color.B}";

    private static int InputSize(ResNetArchitecture architecture) => ImagePreprocessing.For(architecture).Crop;

    private static string Input(ResNetArchitecture architecture) => $"{InputSize(architecture)} x {InputSize(architecture)}";

    private static long MultiplyAdds(ResNetArchitecture architecture)
    {
        var size = InputSize(architecture);
        return architecture.MultiplyAdds(size, size);
    }

    private static string Millions(long count) => count < 10_000_000 ? $"{count / 1e6:0.00} M" : $"{count / 1e6:N1} M";
}
