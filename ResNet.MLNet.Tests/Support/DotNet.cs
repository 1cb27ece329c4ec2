using System.Diagnostics;

namespace ResNet.Tests;

/// <summary>Runs the SDK.</summary>
internal static class DotNet
{
    /// <summary>Runs <c>dotnet</c> with these arguments and waits. No process is left that would serve later builds.</summary>
    public static (int Code, string Output) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
