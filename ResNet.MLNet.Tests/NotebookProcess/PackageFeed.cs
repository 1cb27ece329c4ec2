using System.Diagnostics;
using System.Reflection;

namespace ResNet.Tests;

/// <summary>
/// The packages of this repository in a folder, with a version that no other build has, so that nobody's cache has another content of it.
/// </summary>
internal static class PackageFeed
{
    private static readonly string[] Projects =
        ["ResNet.MLNet", "ResNet.MLNet.Weights.ResNet18", "ResNet.Training", "ResNet.MLNet.Interactive"];

    /// <summary>Packs the libraries.</summary>
    /// <param name="repository">The repository's folder.</param>
    /// <param name="folder">Receives the packages.</param>
    public static void Pack(string repository, string folder)
    {
        var configuration = typeof(PackageFeed).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        // A reference without a version asks for the newest release: so it is a release, newer than any.
        var version = $"0.1.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}";
        foreach (var project in Projects)
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
            string[] arguments =
            [
                "pack", Path.Combine(repository, project), "--configuration", configuration, "--output", folder, "-nodeReuse:false",
                $"-p:PackageVersion={version}", $"-p:NuspecOutputPath={folder}{Path.DirectorySeparatorChar}",
            ];
            foreach (var argument in arguments) start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new InvalidOperationException($"{project} cannot be packed:\n{output}");
        }
    }
}
