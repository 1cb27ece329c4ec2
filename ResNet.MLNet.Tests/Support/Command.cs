using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ResNet.Tests;

/// <summary>Runs a program of this solution in a process of its own.</summary>
internal static class Command
{
    private const int HangUp = 1, Interrupt = 2, KillNow = 9;

    /// <summary>Runs the `resnet` command.</summary>
    public static CommandResult Resnet(params string[] arguments) => Run("resnet.dll", arguments);

    /// <summary>Runs the `resnet` command with an environment variable set.</summary>
    public static CommandResult ResnetWith(string variable, string value, params string[] arguments)
    {
        var start = StartInfo("resnet.dll", arguments);
        start.Environment[variable] = value;
        return Run(start);
    }

    /// <summary>Runs the `resnet` command and presses Ctrl-C when a line of its output fits.</summary>
    public static CommandResult ResnetStoppedAt(Predicate<string> line, params string[] arguments) =>
        Run(StartInfo("resnet.dll", arguments), line, PressControlC);

    /// <summary>Runs the `resnet` command and sends what a terminal sends that is closed when a line of its output fits.</summary>
    public static CommandResult ResnetHungUpAt(Predicate<string> line, params string[] arguments) =>
        Run(StartInfo("resnet.dll", arguments), line, process => Assert.AreEqual(0, Kill(process.Id, HangUp)));

    /// <summary>
    /// Runs the `resnet` command and kills it (kill -9) a moment after a line of its output fits. False if it had ended before.
    /// </summary>
    public static bool ResnetKilledAt(Predicate<string> line, TimeSpan moment, params string[] arguments)
    {
        var killed = false;
        Run(StartInfo("resnet.dll", arguments), line, process =>
        {
            if (!process.WaitForExit(moment)) killed = Kill(process.Id, KillNow) == 0;
        });
        return killed;
    }

    /// <summary>Runs a program in the tests' folder.</summary>
    public static CommandResult Run(string assembly, params string[] arguments) => Run(StartInfo(assembly, arguments));

    /// <summary>Runs a program in the tests' folder, with a folder for its temporary files.</summary>
    public static CommandResult RunIn(string temporary, string assembly, params string[] arguments)
    {
        var start = StartInfo(assembly, arguments);
        foreach (var variable in new[] { "TMPDIR", "TEMP", "TMP" }) start.Environment[variable] = temporary;
        return Run(start);
    }

    /// <summary>Runs a program in the tests' folder with another current folder and another cache.</summary>
    public static CommandResult RunAt(string folder, string cache, string assembly, params string[] arguments)
    {
        var start = StartInfo(assembly, arguments);
        start.WorkingDirectory = folder;
        start.Environment[CacheFolder.Variable] = cache;
        return Run(start);
    }

    /// <summary>Runs a program of a folder with environment variables set, or removed where they are null.</summary>
    public static CommandResult RunWith(
        IReadOnlyDictionary<string, string?> variables, string folder, string assembly, params string[] arguments)
    {
        var start = StartInfo(Path.Combine(folder, assembly), arguments);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return Run(start);
    }

    /// <summary>Sends a process what Ctrl-C sends.</summary>
    public static void PressControlC(Process process) => Assert.AreEqual(0, Kill(process.Id, Interrupt));

    private static CommandResult Run(ProcessStartInfo start, Predicate<string>? stopAt = null, Action<Process>? stop = null)
    {
        using var process = stop is null ? Process.Start(start)! : DefaultSignals.Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        List<string> lines = [];
        while (process.StandardOutput.ReadLine() is { } line)
        {
            lines.Add(line);
            if (stopAt?.Invoke(line) == true) stop!(process);
        }

        process.WaitForExit();
        return new(process.ExitCode, lines, errors.GetAwaiter().GetResult());
    }

    private static ProcessStartInfo StartInfo(string assembly, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, assembly));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}

/// <summary>What a program left.</summary>
internal sealed record CommandResult(int ExitCode, IReadOnlyList<string> Lines, string Errors)
{
    public string Output => string.Join('\n', Lines);
}
