using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet predict`: what a network sees in images.</summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var top = CommonOptions.Positive("--top", "How many of the best classes are shown. [default: 5]");
        var format = new Option<string>("--format") { HelpName = "NAME", Description = "table, json (an object a line) or csv.", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        var images = new Argument<string[]>("IMAGE") { Arity = ArgumentArity.OneOrMore, Description = "Image files, folders (with all below them) or patterns such as photos/*.jpg." };
        var command = new Command("predict", "Says what a network sees in images.") { model, top, format, images };
        command.SetWork((parsed, cancellation) =>
        {
            using var network = Models.Open(AnsiConsole.Console, parsed.GetRequiredValue(model), cancellation);
            var classes = network.ClassCount ?? throw new InvalidDataException($"'{parsed.GetValue(model)}' has no classes, only features.");
            var paths = ImagePaths.Find(parsed.GetRequiredValue(images));
            using var writer = PredictionWriter.Create(parsed.GetRequiredValue(format), AnsiConsole.Console);
            var failed = 0;
            foreach (var (path, scores, problem) in Run(network, paths, cancellation))
            {
                if (scores is not null)
                {
                    writer.Write(path, Best(network, scores, Math.Min(classes, parsed.GetValue(top) ?? 5)));
                    continue;
                }

                failed++;
                Console.Error.WriteLine(problem);
            }

            if (failed > 0) Console.Error.WriteLine($"{failed} of {paths.Count} images could not be read.");
            return failed == 0 ? CommandLine.Done : CommandLine.Failed;
        });
        return command;
    }

    private static IEnumerable<(string Path, float[]? Scores, string? Problem)> Run(ResNetModel network, IReadOnlyList<string> paths, CancellationToken cancellation) =>
        paths.AsParallel().AsOrdered().WithCancellation(cancellation).WithMergeOptions(ParallelMergeOptions.NotBuffered).Select(path =>
        {
            try
            {
                return (path, (float[]?)network.Run(path, ResNetOutput.Probabilities), (string?)null);
            }
            catch (InvalidImageException problem)
            {
                return (path, null, problem.Message);
            }
        });

    private static List<Prediction> Best(ResNetModel network, float[] scores, int count) =>
        [.. Enumerable.Range(0, scores.Length).OrderByDescending(index => scores[index]).Take(count).Select(index => new Prediction(network.Labels?[index] ?? index.ToString(), index, scores[index]))];
}
