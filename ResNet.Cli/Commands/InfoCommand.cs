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
        var table = CommandWork.CreateTable("Published weights (ImageNet)", "Of", "Top-1", "Top-5", "Resize, crop", "Here");
        foreach (var each in PretrainedResNet.All.Where(entry => entry.Publisher != Timm))
        {
            var size = $"{each.Preprocessing.Resize}, {each.Preprocessing.Crop}";
            var isHere = ModelStore.Default.Has(each) ? "yes" : "";
            table.AddRow(each.Name, each.Publisher, Percent(each.Top1), Percent(each.Top5), size, isHere);
        }

        console.Write(table);
        console.WriteLine(
            "Accuracies are the publishers'. As a model, a name such as resnet50 means torchvision's version 1, which is downloaded on " +
            "first use. ML.NET's networks give features only and come with their NuGet packages.");
        console.WriteLine($"timm's: {string.Join(", ", PretrainedResNet.All.Where(entry => entry.Publisher == Timm))}.");
    }

    private static string Percent(double? share) => share is { } value ? $"{100 * value:0.00} %" : "";

    private static void Show(IAnsiConsole console, PretrainedResNet published)
    {
        var network = published.Architecture;
        var table = CommandWork.CreateFacts();
        table.AddFact("Weights", published.Name);
        table.AddFact("Architecture", $"{network.Name}, {Millions(network.ParameterCount)} parameters, {network.FeatureCount} features");
        if (published.Top1 is { } top1)
            table.AddFact("Accuracy", $"top-1 {Percent(top1)}, top-5 {Percent(published.Top5)} ({published.Publisher}'s figures)");
        table.AddFact("Address", published.Address is { } address ? $"{address}, about {published.ApproximateSize / 1e6:0} MB" : null);
        table.AddFact("Package", published.Package is { } package ? $"{package.Id}, {package.GraphFile}" : null);
        var beginning = published.HashPrefix is { } digits ? $"{digits}... (its publisher states no more)" : "not known";
        table.AddFact("SHA-256", published.Sha256 ?? beginning);
        table.AddFact("License", published.License);
        table.AddFact("File", FileOf(published));
        console.Write(table);
    }

    private static string FileOf(PretrainedResNet published)
    {
        var store = ModelStore.Default;
        var file = Path.Combine(store.Folder, published.Name + ".onnx");
        if (File.Exists(file)) return file;
        if (published.Package is null) return "not downloaded yet; this happens on first use";
        return store.Has(published) ? "in its package's files; made on first use" : "its package's files are not here";
    }

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
        var filter = images.Interpolation.ToString().ToLowerInvariant();
        table.AddFact("Images", $"{Resize(images)}center crop {images.Crop} x {images.Crop}, {filter}");
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
