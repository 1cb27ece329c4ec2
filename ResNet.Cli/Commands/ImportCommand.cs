using System.CommandLine;
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
        var preprocessing = new PreprocessingOptions();
        var command = new Command("import", "Makes a model file of weights from torchvision, timm, Hugging Face or elsewhere.")
        {
            weights, output, architecture, labels,
        };
        preprocessing.AddTo(command);
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

            var names = ReadLabels(parsed.GetValue(labels));
            var card = ResNetImporter.Import(source, target, parsed.GetValue(architecture), network => ModelCard.For(network) with
            {
                Labels = names,
                Preprocessing = preprocessing.Get(parsed, ImagePreprocessing.For(network)),
            });
            Console.Out.WriteLine($"{card.Architecture}, {(names is not null ? $"{names.Count} named classes" : "classes without names")}: {target}");
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
}
