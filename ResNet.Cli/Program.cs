using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The `resnet` command: its subcommands, and what happens to what was typed.</summary>
internal static class Program
{
    /// <summary>Columns of a file or a pipe, in which no line is to be wrapped.</summary>
    private const int WidthOfFiles = 10_000;

    /// <summary>The time that a run may take to write its checkpoint after Ctrl-C.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromMinutes(1);

    private static async Task<int> Main(string[] args)
    {
        TerminalWriter.Guard();
        PlainText.Guard(AnsiConsole.Console);
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = WidthOfFiles;
        if (args.Length == 0) return ShowHelp();
        var parsed = CreateRoot().Parse(args, new() { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0) return Refuse(parsed);
        using var stop = new Stop();
        InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopTime };
        return await parsed.InvokeAsync(configuration, stop.Token);
    }

    /// <summary>The command with all its subcommands.</summary>
    internal static RootCommand CreateRoot() => new("Residual networks for ML.NET: train them, inspect them, use them.")
    {
        DemoCommand.Create(),
        TrainCommand.Create(),
        ExportCommand.Create(),
        FindRateCommand.Create(),
        TuneCommand.Create(),
        PredictCommand.Create(),
        EvaluateCommand.Create(),
        ImportCommand.Create(),
        QuantizeCommand.Create(),
        InfoCommand.Create(),
        DoctorCommand.Create(),
    };

    /// <summary>Help without a command. Nothing was done, so that a script that forgot the command is told by the exit code.</summary>
    private static int ShowHelp()
    {
        CreateRoot().Parse(["--help"]).Invoke(new() { Output = Console.Error });
        return ExitCode.WrongUsage;
    }

    private static int Refuse(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        foreach (var problem in Problems(parsed, command)) Console.Error.WriteLine(problem);
        var name = command is RootCommand ? "resnet" : $"resnet {command.Name}";
        Console.Error.WriteLine($"`{name} --help` shows how to use it.");
        return ExitCode.WrongUsage;
    }

    private static IEnumerable<string> Problems(ParseResult parsed, Command command)
    {
        if (command is RootCommand && parsed.UnmatchedTokens is [var typed, ..]) return [Unknown("command", typed, command.Subcommands)];
        var unknown = parsed.UnmatchedTokens.Where(token => token.StartsWith("--", StringComparison.Ordinal));
        return [.. parsed.Errors.Select(error => error.Message), .. unknown.Select(token => Unknown("option", token, command.Options))];
    }

    private static string Unknown(string kind, string typed, IEnumerable<Symbol> known) =>
        $"There is no {kind} '{typed}'. The nearest is '{SimilarNames.Nearest(typed, known.Select(each => each.Name), 1).First()}'.";
}
