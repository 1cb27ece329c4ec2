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
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = WidthOfFiles;
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

    private static int Refuse(ParseResult parsed)
    {
        foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
        var command = parsed.CommandResult.Command;
        var name = command is RootCommand ? "resnet" : $"resnet {command.Name}";
        Console.Error.WriteLine($"`{name} --help` shows how to use it.");
        return ExitCode.WrongUsage;
    }
}
