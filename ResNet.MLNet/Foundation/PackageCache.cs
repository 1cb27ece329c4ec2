using System.Reflection;

namespace ResNet.MLNet;

/// <summary>
/// The NuGet packages on this machine, where assemblies are loaded from them. So it is in notebooks and scripts (<c>#r "nuget: ..."</c>),
/// which have no output folder that packages' files are copied into.
/// </summary>
internal static class PackageCache
{
    /// <summary>
    /// The folders of a package that lies beside those of assemblies, the newest version first; empty for an application.
    /// </summary>
    /// <param name="package">The ID of the package.</param>
    /// <param name="assemblies">Assemblies that may be loaded from packages.</param>
    public static IEnumerable<string> FoldersOf(string package, params IEnumerable<Assembly> assemblies) =>
        FoldersOf(package, assemblies.Select(assembly => assembly.Location));

    /// <summary>The folders of a package beside those of assemblies' files.</summary>
    internal static IEnumerable<string> FoldersOf(string package, IEnumerable<string> assemblyFiles) => assemblyFiles
        .Select(RootOf)
        .OfType<string>()
        .Distinct()
        // The cache's folders have names in small letters.
        .Select(root => Path.Combine(root, package.ToLowerInvariant()))
        .Where(Directory.Exists)
        .SelectMany(Directory.GetDirectories)
        .OrderByDescending(folder => Version.TryParse(Path.GetFileName(folder), out var version) ? version : new());

    /// <summary>
    /// The folder of all packages, of [root]/[package]/[version]/lib/[framework]/[assembly]; null if a file lies elsewhere.
    /// </summary>
    private static string? RootOf(string assemblyFile)
    {
        if (assemblyFile.Length == 0) return null;
        var library = Path.GetDirectoryName(Path.GetDirectoryName(assemblyFile));
        if (Path.GetFileName(library) != "lib") return null;
        var package = Path.GetDirectoryName(library)!;
        // What NuGet writes last into a package's folder.
        return File.Exists(Path.Combine(package, ".nupkg.metadata")) ? Path.GetDirectoryName(Path.GetDirectoryName(package)) : null;
    }
}
