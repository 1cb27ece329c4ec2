using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet predict`: the classes of images.</summary>
internal static class PredictCommand
{
    private const int DefaultTop = 5;

    public static Command Create()
    {
        var model = CommonOptions.Model();
        var top = CommonOptions.Positive(
            "--top",
            $"How many of the most probable classes are shown; not for networks of several labels an image. [default: {DefaultTop}]");
        var format = new Option<string>("--format")
        {
            HelpName = "NAME",
            Description = "table, json (an object a line) or csv (a text that begins like a formula gets an apostrophe in front).",
            DefaultValueFactory = _ => PredictionWriter.Table,
        };
        format.AcceptOnlyFromAmong(PredictionWriter.Table, PredictionWriter.Json, PredictionWriter.Csv);
        var images = new Argument<string[]>("IMAGE")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "Image files, folders (with all below them) or patterns such as photos/*.jpg.",
        };
        var command = new Command("predict", "Predicts the classes of images.") { model, top, format, images };
        var limits = new LimitOptions();
        limits.AddTo(command);
        var preprocessing = new PreprocessingOptions();
        preprocessing.AddTo(command);
        command.SetWork((parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(model);
            using var network = Models.Open(AnsiConsole.Console, name, preprocessing, parsed, cancellation);
            network.MaximumPixels = limits.Pixels(parsed);
            network.MaximumFileBytes = limits.FileBytes(parsed);
            if (network.ClassCount is null) throw new InvalidDataException($"'{name}' gives features only, so it cannot predict classes.");
            if (network.Card.Thresholds is not null && parsed.GetValue(top) is not null)
            {
                throw new ArgumentException(
                    $"'{name}' gives an image all labels that reach their thresholds, so --top has no meaning. Leave it out.");
            }

            var paths = ImagePaths.Find(parsed.GetRequiredValue(images));
            using var writer = PredictionWriter.Create(parsed.GetRequiredValue(format), AnsiConsole.Console);
            var failed = Predict(network, paths, parsed.GetValue(top) ?? DefaultTop, writer, cancellation);
            if (failed == 0) return ExitCode.Done;
            Console.Error.WriteLine($"{failed} of {paths.Count} images could not be read.");
            return ExitCode.Failed;
        });
        return command;
    }

    /// <summary>Predicts images on all cores and writes them in their order.</summary>
    /// <returns>How many could not be read.</returns>
    private static int Predict(
        ResNetModel network, IReadOnlyList<string> paths, int top, PredictionWriter writer, CancellationToken cancellation)
    {
        var results = paths
            .AsParallel()
            .AsOrdered()
            .WithCancellation(cancellation)
            .WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .Select(path => PredictedImage.Of(network, path, top));
        var failed = 0;
        foreach (var image in results)
        {
            if (image.Problem is null)
            {
                writer.Write(image.Path, image.Predictions);
                continue;
            }

            failed++;
            Console.Error.WriteLine(image.Problem);
        }

        return failed;
    }

    /// <summary>The predictions for an image, or why it could not be read.</summary>
    private sealed record PredictedImage(string Path, IReadOnlyList<ClassPrediction> Predictions, string? Problem)
    {
        public static PredictedImage Of(ResNetModel network, string path, int top)
        {
            try
            {
                return new(path, network.Classify(path, top), Problem: null);
            }
            catch (InvalidImageException problem)
            {
                return new(path, [], problem.Message);
            }
        }
    }
}
