using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet info`: the architectures, published weights and recipes, the layers of an architecture, or what a model file says of itself.</summary>
internal static class InfoCommand
{
    private const int LabelsShown = 10;

    public static Command Create()
    {
        var subject = new Argument<string?>("MODEL | ARCHITECTURE | RECIPE") { Arity = ArgumentArity.ZeroOrOne, Description = "A model file, published weights, an architecture or a recipe; nothing lists what there is." };
        var command = new Command("info", "Shows architectures, model files and recipes.") { subject };
        command.SetWork((parsed, _) =>
        {
            var name = parsed.GetValue(subject);
            if (name is null) List(AnsiConsole.Console);
            else if (File.Exists(name)) Show(AnsiConsole.Console, name);
            else if (PretrainedResNet.All.FirstOrDefault(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } published) Show(AnsiConsole.Console, published);
            else if (RecipeText.Find(name) is { } recipe) Show(AnsiConsole.Console, recipe);
            else if (name.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)) throw new FileNotFoundException($"There is no model file '{name}'.");
            else Show(AnsiConsole.Console, ResNetArchitecture.Parse(name));
            return CommandLine.Done;
        });
        return command;
    }

    private static void List(IAnsiConsole console)
    {
        var table = CommandLine.CreateTable("Architecture", "Layers", "Input", "Parameters", "Multiply-adds", "Features");
        foreach (var each in ResNetArchitecture.All)
            table.AddRow(each.Name, $"{each.Depth}", Input(each), Millions(each.ParameterCount), Millions(each.MultiplyAdds(InputSize(each), InputSize(each))), $"{each.FeatureCount}");
        console.Write(table);
        console.WriteLine("Options follow a colon: A, B, C (shortcuts), v1 (bottleneck stride as in the paper), width=N. Example: resnet50:v1 or cifar-resnet20:B,width=32.");
        ListPublished(console);
        var recipes = CommandLine.CreateTable("Recipe", "What it is for");
        foreach (var each in RecipeText.All) recipes.AddRow(each.Name, each.Summary);
        console.Write(recipes);
    }

    private static void ListPublished(IAnsiConsole console)
    {
        var table = CommandLine.CreateTable("Published weights (ImageNet)", "Top-1", "Top-5", "Resize, crop", "Here");
        foreach (var each in PretrainedResNet.All)
            table.AddRow(each.Name, $"{100 * each.Top1:0.00} %", $"{100 * each.Top5:0.00} %", $"{each.Preprocessing.Resize}, {each.Preprocessing.Crop}", ModelStore.Default.Has(each) ? "yes" : "");
        console.Write(table);
        console.WriteLine("Accuracies are torchvision's. A name such as resnet50 alone means version 1. Weights are fetched when they are used first.");
    }

    private static void Show(IAnsiConsole console, PretrainedResNet published)
    {
        var table = CommandLine.CreateTable("", "");
        table.HideHeaders();
        table.AddRow("Weights", published.Name);
        table.AddRow("Architecture", $"{published.Architecture.Name}, {Millions(published.Architecture.ParameterCount)} parameters, {published.Architecture.FeatureCount} features");
        table.AddRow("Accuracy", $"top-1 {100 * published.Top1:0.00} %, top-5 {100 * published.Top5:0.00} % (torchvision's figures)");
        table.AddRow("Address", $"{published.Address}");
        table.AddRow("SHA-256", $"{published.HashPrefix}...");
        table.AddRow("License", published.License);
        table.AddRow("Here", ModelStore.Default.Has(published) ? Path.Combine(ModelStore.Default.Folder, published.Name + ".onnx") : "not yet; fetched when it is used first");
        console.Write(table);
    }

    private static void Show(IAnsiConsole console, RecipeText recipe)
    {
        var table = CommandLine.CreateTable("", "");
        table.HideHeaders();
        foreach (var (what, value) in new[] { ("Recipe", recipe.Name), ("For", recipe.Summary), ("Command", recipe.Command), ("Time", recipe.Time), ("To expect", recipe.Accuracy) }) table.AddRow(new Text(what), new Text(value));
        console.Write(table);
    }

    private static void Show(IAnsiConsole console, ResNetArchitecture architecture)
    {
        var size = InputSize(architecture);
        console.WriteLine($"{architecture.Name}: {Millions(architecture.ParameterCount)} parameters, {Millions(architecture.MultiplyAdds(size, size))} multiply-adds at {Input(architecture)}, {architecture.Classes:N0} classes");
        var table = CommandLine.CreateTable("Layer", "Kernel", "Stride", "Channels");
        foreach (var layer in architecture.Layers)
        {
            var kernel = layer.Kernel is { } pixels ? $"{pixels} x {pixels}" : "";
            table.AddRow(layer.Name, kernel, $"{layer.Stride}", $"{layer.Inputs} -> {layer.Outputs}");
        }

        console.Write(table);
    }

    private static void Show(IAnsiConsole console, string path)
    {
        using var model = ResNetModel.Open(path);
        var (card, how) = (model.Card, model.Preprocessing);
        var table = CommandLine.CreateTable("", "");
        table.HideHeaders();
        Add("File", $"{path}, {new FileInfo(path).Length / 1e6:0.0} MB");
        Add("Architecture", card.Architecture + (model.Architecture is { } known ? $", {Millions(known.ParameterCount)} parameters" : ""));
        Add("Features", $"{model.FeatureCount}");
        Add("Classes", $"{model.ClassCount}{(model.Labels is { } labels ? ": " + string.Join(", ", labels.Take(LabelsShown)) + (labels.Count > LabelsShown ? ", ..." : "") : "")}");
        Add("Images", $"{(how.Resize is { } resize ? $"shorter side to {resize}, " : "")}center crop {how.Crop} x {how.Crop}, {how.Interpolation.ToString().ToLowerInvariant()}");
        Add("Mean, deviation", $"{how.Mean.R} {how.Mean.G} {how.Mean.B}, {how.Std.R} {how.Std.G} {how.Std.B} (applied inside the file)");
        foreach (var (name, value) in card.Metrics ?? new Dictionary<string, double>()) Add(name, $"{100 * value:0.00} %");
        Add("Quantization", card.Quantization);
        Add("Source", card.Source);
        Add("License", card.License);
        Add("Made", card.Created?.ToString("u"));
        console.Write(table);

        void Add(string what, string? value)
        {
            if (!string.IsNullOrEmpty(value)) table.AddRow(new Text(what), new Text(value));
        }
    }

    private static int InputSize(ResNetArchitecture architecture) => ImagePreprocessing.For(architecture).Crop;

    private static string Input(ResNetArchitecture architecture) => $"{InputSize(architecture)} x {InputSize(architecture)}";

    private static string Millions(long count) => count < 10_000_000 ? $"{count / 1e6:0.00} M" : $"{count / 1e6:N1} M";
}
