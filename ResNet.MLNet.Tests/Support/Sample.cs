using System.Reflection;

namespace ResNet.Tests;

/// <summary>The sample applications, which are built before the tests and started where they lie.</summary>
internal static class Sample
{
    private static readonly string Configuration =
        typeof(Sample).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    /// <summary>The folder of a sample's sources.</summary>
    public static string FolderOf(string sample) => Repository.PathOf("samples", sample);

    /// <summary>The program that a sample's build made.</summary>
    public static string ProgramOf(string sample) =>
        Directory.GetFiles(Path.Combine(FolderOf(sample), "bin", Configuration), $"{sample}.dll", SearchOption.AllDirectories).Single();

    /// <summary>Runs a sample to its end.</summary>
    public static CommandResult Run(string sample, params string[] arguments) => RunWith([], sample, arguments);

    /// <summary>Runs a sample to its end, with environment variables set, or removed where they are null.</summary>
    public static CommandResult RunWith(Dictionary<string, string?> variables, string sample, params string[] arguments)
    {
        var program = ProgramOf(sample);
        return Command.RunWith(variables, Path.GetDirectoryName(program)!, program, arguments);
    }
}
