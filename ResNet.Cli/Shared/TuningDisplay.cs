using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Shows a search for a recipe: a line for each recipe in each round and, on a terminal, a progress bar.</summary>
internal sealed class TuningDisplay(IAnsiConsole console) : IProgress<TuningProgress>
{
    private ProgressTask? _bar;

    /// <summary>Runs work that reports here.</summary>
    public T Show<T>(Func<T> work) => ProgressBar.Show(console, bar => _bar = bar, work);

    public void Report(TuningProgress value)
    {
        if (value.Message is { } message) console.MarkupLineInterpolated($"[yellow]{message}[/]");
        else if (value.Completed is { } trial) Write(value, trial);
        else if (_bar is not null)
        {
            _bar.Value = value.Fraction;
            var step = value.Trial is { Batches: > 0 } part ? $"  {part.Batch}/{part.Batches}" : "";
            _bar.Description = $"round {value.Round}  {value.Candidate}{step}".EscapeMarkup();
        }
    }

    private void Write(TuningProgress value, TuningTrial trial)
    {
        string[] parts =
        [
            $"round {value.Round}",
            $"{100 * trial.Accuracy:0.0} ± {100 * trial.StandardError:0.0} %",
            $"loss {trial.Loss:0.000}",
            $"{value.Elapsed:h\\:mm\\:ss}",
            value.Candidate,
        ];
        console.WriteLine(string.Join("   ", parts));
    }
}
