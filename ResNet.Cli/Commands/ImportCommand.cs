using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet import`: weights from elsewhere become a model file.</summary>
internal static class ImportCommand
{
    private const string ImageNet = "imagenet";

    public static Command Create()
    {
        var weights = new Option<string>("--weights")
        {
            Required = true,
            HelpName = "FILE | NAME",
            Description = "A PyTorch checkpoint (.pth, .pt, .ckpt, .bin), a safetensors file, an index of shards or the folder of one of " +
                "these, or the name of published weights (`resnet info` lists them).",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "FILE",
            Description = "The model file to write (.onnx).",
        };
        var architecture = CommonOptions.Architecture(
            "The network, if it cannot be recognized from the weights: resnet50:v1, plain18, ...");
        var labels = new Option<string?>("--labels")
        {
            HelpName = "FILE",
            Description = $"A file with the names of the classes, one a line; or {ImageNet}.",
        };
        var entry = CommonOptions.Entry();
        var preprocessing = new PreprocessingOptions();
        output.RefuseFolder();
        var command = new Command("import", "Converts weights from torchvision, timm, Hugging Face or elsewhere to a model file.")
        {
            weights,
            output,
            architecture,
            entry,
            labels,
        };
        preprocessing.AddTo(command);
        command.SetWork((parsed, cancellation) =>
        {
            var source = parsed.GetRequiredValue(weights);
            var target = parsed.GetRequiredValue(output);
            if (!File.Exists(source) && PretrainedResNet.Find(source) is not null)
            {
                // The catalog says all that the other options could say.
                Copy(Models.Find(AnsiConsole.Console, source, cancellation), target);
                Console.Out.WriteLine(PlainText.Of($"{source}: {target}"));
                return ExitCode.Done;
            }

            if (parsed.GetValue(labels) is { } file) OutputFile.EnsureNotInput(target, file);
            var names = ReadLabels(parsed.GetValue(labels));
            var card = ResNetImporter.Import(source, target, parsed.GetValue(architecture), Complete, parsed.GetValue(entry), Say);
            var classes = card.Labels is { } named ? $"{named.Count} named classes" : "no names of classes";
            Console.Out.WriteLine(PlainText.Of($"{card.Architecture}, {classes}: {target}"));
            return ExitCode.Done;

            ModelCard Complete(ModelCard known)
            {
                var given = known with { Labels = names ?? known.Labels, Preprocessing = preprocessing.Get(parsed, known.Preprocessing) };
                if (known.Labels is not null && names is not null)
                    Console.Error.WriteLine("--labels replaces the labels that come with the weights.");
                // Only a checkpoint of this project says where it comes from.
                if (known.Source is not null && given.Preprocessing != known.Preprocessing)
                    Console.Error.WriteLine("The options replace what the checkpoint says of the preparation of images.");
                return given;
            }
        });
        return command;

        static void Say(string note) => Console.Error.WriteLine(note);
    }

    /// <summary>Copies a file. Whatever was at the target stays until the copy is complete.</summary>
    private static void Copy(string source, string target)
    {
        OutputFile.EnsureNotInput(target, source);
        target = Path.GetFullPath(target);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var beside = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.Copy(source, beside);
            File.Move(beside, target, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    private static IReadOnlyList<string>? ReadLabels(string? file)
    {
        if (file is null) return null;
        // All published weights are ImageNet's.
        if (file == ImageNet && !File.Exists(file)) return PretrainedResNet.All[0].Labels;
        return LabelFile.Read(file);
    }
}
