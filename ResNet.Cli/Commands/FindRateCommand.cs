using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet find-rate`: takes steps at rising learning rates and suggests a rate.</summary>
internal static class FindRateCommand
{
    private const int FewestSteps = 10;

    public static Command Create()
    {
        var run = new RunOptions();
        var output = new Option<string>("--output")
        {
            HelpName = "FILE",
            Description = "The plot to write (.svg).",
            DefaultValueFactory = _ => "learning-rates.svg",
        };
        var steps = CommonOptions.Positive("--steps", "Steps in all, from 10, each at a higher rate. [default: 100]", FewestSteps);
        output.RefuseFolder();
        var command = new Command("find-rate", "Plots the loss over rising learning rates and suggests a rate.") { output, steps };
        run.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult("--learning-rate") is not null)
                result.AddError("find-rate tries many learning rates, so --learning-rate has no effect on it; leave it out.");
        });
        command.SetWork(
            (parsed, cancellation) =>
            {
                var plot = parsed.GetRequiredValue(output);
                OutputFile.EnsureNotInput(plot, run.InputFiles(parsed));
                var options = run.Get(parsed, output: "", cancellation);
                OutputFile.EnsureNotInput(plot, [.. NamesOf(options.Data.Training), .. NamesOf(options.Data.Validation)]);
                options = run.FitBatch(parsed, options, cancellation);
                Find(AnsiConsole.Console, options, parsed.GetValue(steps), plot, cancellation);
                return ExitCode.Done;
            },
            run.HintFor);
        return command;
    }

    /// <summary>The names of images; for those in files of their own, the paths.</summary>
    private static IEnumerable<string> NamesOf(ImageDataset images) => Enumerable.Range(0, images.Count).Select(images.NameOf);

    private static void Find(IAnsiConsole console, TrainingOptions options, int? steps, string plot, CancellationToken cancellation)
    {
        var display = new TrainingDisplay(console);
        var curve = display.Show(() => steps is { } number
            ? ResNetTraining.FindLearningRate(options, number, display, cancellation)
            : ResNetTraining.FindLearningRate(options, progress: display, cancellation: cancellation));
        curve.WritePlot(plot);
        var beyond = curve.Diverged ? "diverged" : "was not measured";
        console.WriteLine($"suggested learning rate  {curve.Suggestion:g2}");
        console.WriteLine($"The loss fell fastest there. Beyond {curve.Points[^1].Rate:g2} it {beyond}. Plot: {plot}");
    }
}
