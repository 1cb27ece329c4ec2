using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The progress bar of work that reports how far it is: on a terminal only.</summary>
internal static class ProgressBar
{
    /// <summary>Runs work with a bar.</summary>
    /// <param name="console">Where it is shown.</param>
    /// <param name="begin">Receives the bar, from 0 to 1, before the work begins; not called where there is none.</param>
    /// <param name="work">The work.</param>
    public static T Show<T>(IAnsiConsole console, Action<ProgressTask> begin, Func<T> work)
    {
        if (!console.Profile.Capabilities.Interactive) return work();
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new ProgressBarColumn { Width = 30 },
                new PercentageColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                begin(context.AddTask("starting", maxValue: 1));
                return work();
            });
    }
}
