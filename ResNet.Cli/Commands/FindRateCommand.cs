using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet find-rate`: tries rising learning rates for a few steps each and says which is promising.</summary>
internal static class FindRateCommand
{
    public static Command Create()
    {
        var recipe = new RecipeOptions();
        var output = new Option<string>("--output") { HelpName = "FILE", Description = "Receives the plot (.svg).", DefaultValueFactory = _ => "learning-rates.svg" };
        var steps = CommonOptions.Positive("--steps", "Steps in all, each at a higher rate. [default: 100]");
        var command = new Command("find-rate", "Finds a learning rate: the loss over rising rates, as a plot, and a suggestion.") { output, steps };
        recipe.AddTo(command);
        command.SetWork((parsed, cancellation) =>
        {
            var console = AnsiConsole.Console;
            var options = recipe.FitBatch(parsed, recipe.Get(parsed, output: "", cancellation), cancellation);
            var display = new TrainingDisplay(console);
            var found = display.Show(() => ResNetTraining.FindLearningRate(options, parsed.GetValue(steps) ?? 100, display, cancellation));
            var file = parsed.GetRequiredValue(output);
            found.WritePlot(file);
            console.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"suggested learning rate  {found.Suggestion:g2}"));
            console.WriteLine($"The loss fell fastest there; beyond {found.Points[^1].Rate:g2} it {(found.Diverged ? "ran away" : "was not tried")}. Plot: {file}");
            return CommandLine.Done;
        });
        return command;
    }
}
