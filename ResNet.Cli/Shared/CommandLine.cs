using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The `resnet` command: what it knows, and what its exit codes mean (0 done, 1 failed, 2 wrong usage).</summary>
internal static class CommandLine
{
    public const int Done = 0, Failed = 1, WrongUsage = 2;

    private const int WidthOfFiles = 10_000;

    /// <summary>Set to show where an error comes from.</summary>
    private const string DebugVariable = "RESNET_DEBUG";

    /// <summary>What a run may take to write its checkpoint after Ctrl-C.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromMinutes(1);

    public static RootCommand Create() => new("Residual networks for ML.NET: train them, look at them, use them.")
    {
        DemoCommand.Create(), TrainCommand.Create(), FindRateCommand.Create(), PredictCommand.Create(), ImportCommand.Create(), QuantizeCommand.Create(), InfoCommand.Create(), DoctorCommand.Create(),
    };

    public static async Task<int> RunAsync(string[] args)
    {
        // In a file or a pipe no line ends but where it is told to.
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = WidthOfFiles;
        var parsed = Create().Parse(args);
        if (parsed.Errors.Count == 0) return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopTime });
        foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
        Console.Error.WriteLine($"`resnet {string.Join(' ', parsed.CommandResult.Command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Select(parent => parent.Name).Append(parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name))}".TrimEnd() + " --help` says what there is.");
        return WrongUsage;
    }

    /// <summary>Gives a command its work. What goes wrong becomes a message on the error stream and exit code 1.</summary>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, int> work) => command.SetAction((parsed, cancellation) => Task.Run(() =>
    {
        try
        {
            return work(parsed, cancellation);
        }
        catch (Exception problem)
        {
            Console.Error.WriteLine(Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 } ? problem.ToString() : problem is OperationCanceledException ? "Stopped." : problem.Message);
            return Failed;
        }
    }));

    /// <summary>What was typed, as it can be typed again.</summary>
    public static string Of(ParseResult parsed) => "resnet " + string.Join(' ', parsed.Tokens.Select(token => token.Value.Any(letter => !char.IsLetterOrDigit(letter) && !"-_./:,=+@%".Contains(letter)) || token.Value.Length == 0 ? $"\"{token.Value.Replace("\"", "\\\"")}\"" : token.Value));

    /// <summary>A table in the style of all output.</summary>
    public static Table CreateTable(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in columns) table.AddColumn(column);
        return table;
    }
}
