using System.CommandLine;
using System.Globalization;
using ResNet.MLNet;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet import`: weights from elsewhere become a model file.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var weights = new Option<string>("--weights") { Required = true, HelpName = "FILE | NAME", Description = "A PyTorch checkpoint (.pth, .pt, .th, .bin), a safetensors file, or published weights (`resnet info` lists them)." };
        var output = new Option<string>("--output") { Required = true, HelpName = "FILE", Description = "The model file to write (.onnx)." };
        var architecture = CommonOptions.Architecture(null, "The network, where it is not to be told from the weights: resnet50:v1, plain18, ...");
        var labels = new Option<string?>("--labels") { HelpName = "FILE", Description = "The names of the classes, a line each; or `imagenet`." };
        var resize = CommonOptions.Positive("--resize", "Length of an image's shorter side after resizing. [default: 256, and 32 for CIFAR networks]");
        var crop = CommonOptions.Positive("--crop", "Height and width of the network's input. [default: 224, and 32 for CIFAR networks]");
        var mean = Colour("--mean", "0.485,0.456,0.406");
        var std = Colour("--std", "0.229,0.224,0.225");
        var interpolation = new Option<Interpolation>("--interpolation") { HelpName = "NAME", Description = "bilinear, bicubic or box.", DefaultValueFactory = _ => Interpolation.Bilinear };
        var command = new Command("import", "Makes a model file of weights from torchvision, timm, Hugging Face or elsewhere.")
        {
            weights, output, architecture, labels, resize, crop, mean, std, interpolation,
        };
        command.SetWork((parsed, cancellation) =>
        {
            var (source, target) = (parsed.GetRequiredValue(weights), parsed.GetRequiredValue(output));
            if (!File.Exists(source) && PretrainedResNet.Find(source) is { } published)
            {
                // Known from head to foot: nothing is left to say.
                AtomicFile.Write(target, stream => stream.Write(File.ReadAllBytes(Models.Find(AnsiConsole.Console, published.Name, cancellation))));
                Console.Out.WriteLine($"{published.Name}: {target}");
                return CommandLine.Done;
            }

            var options = new ImportOptions { Architecture = parsed.GetValue(architecture), Labels = ReadLabels(parsed.GetValue(labels)) };
            var card = ResNetImporter.Import(source, target, options, network =>
            {
                var standard = ImagePreprocessing.For(network);
                var size = parsed.GetValue(crop) ?? standard.Crop;
                return standard with
                {
                    Crop = size,
                    Resize = parsed.GetValue(resize) ?? Math.Max(size, standard.Resize ?? size),
                    Mean = parsed.GetValue(mean) ?? standard.Mean,
                    Std = parsed.GetValue(std) ?? standard.Std,
                    Interpolation = parsed.GetValue(interpolation),
                };
            });
            Console.Out.WriteLine($"{card.Architecture}, {(card.Labels is { } names ? $"{names.Count} named classes" : "classes without names")}: {target}");
            return CommandLine.Done;
        });
        return command;
    }

    private static IReadOnlyList<string>? ReadLabels(string? file) => file switch
    {
        null => null,
        "imagenet" when !File.Exists(file) => ImageNetLabels.All,
        _ => [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)],
    };

    private static Option<Rgb?> Colour(string name, string standard) => new(name)
    {
        HelpName = "R,G,B",
        Description = $"For pixels of 0 to 1. [default: {standard}]",
        CustomParser = result =>
        {
            var values = result.Tokens[0].Value.Split(',').Select(part => float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : float.NaN).ToArray();
            if (values is [var r, var g, var b] && values.All(float.IsFinite)) return new Rgb(r, g, b);
            result.AddError($"{name} is three numbers, such as {standard}.");
            return null;
        },
    };
}
