namespace ResNet.Tests;

/// <summary>The files of this repository, for the tests that look at them.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Each C# file below a folder but what a build writes, in the order of the paths.</summary>
    public static IEnumerable<SourceFile> CSharpFiles(string folder) =>
        from path in Files(folder)
        where path.EndsWith(".cs", StringComparison.Ordinal)
        let relative = Path.GetRelativePath(folder, path).Replace('\\', '/')
        orderby relative
        select new SourceFile(relative, File.ReadAllText(path));

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder)
        .Concat(Directory.EnumerateDirectories(folder).Where(IsSource).SelectMany(Files));

    private static bool IsSource(string folder)
    {
        var name = Path.GetFileName(folder);
        return name is not ("bin" or "obj" or "artifacts" or "TestResults") && !name.StartsWith('.');
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ResNet.MLNet.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not lie in the solution's folder.");
        return folder;
    }
}

/// <summary>A C# file: its path from the folder that is looked at, with slashes, and what it says.</summary>
internal sealed record SourceFile(string Path, string Text);
