using System.Runtime.InteropServices;

namespace ResNet.Training;

/// <summary>Finds the files of libtorch and of TorchSharp's native half, and knows their names on each system. Loads nothing.</summary>
internal static class LibTorchFiles
{
    /// <summary>The environment variable that names a folder with a libtorch.</summary>
    public const string Variable = "RESNET_LIBTORCH";

    /// <summary>The libtorch that TorchSharp 0.107 is built against.</summary>
    public const string BuiltFor = "2.10";

    /// <summary>A library's own needs come before it; the CUDA ones are there only in a CUDA libtorch.</summary>
    private static readonly string[] Libraries = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>Whether the user named the libtorch's folder.</summary>
    public static bool IsChosen => Chosen is not null;

    private static string? Chosen => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>TorchSharp's native half, which comes with the package TorchSharp.</summary>
    /// <exception cref="LibTorchException">It is missing.</exception>
    public static string FindBridge()
    {
        var name = LibraryName("LibTorchSharp");
        return SearchFolders().Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? throw new LibTorchException(
            $"{name} is missing. It comes with the NuGet package TorchSharp for {RuntimeInformation.RuntimeIdentifier}; " +
            $"looked in: {Join(SearchFolders())}.");
    }

    /// <summary>The libtorch's folder: the one that the user named, else that of an application's package.</summary>
    /// <param name="bridge">TorchSharp's native half, beside which packages put a libtorch.</param>
    /// <exception cref="LibTorchException">There is none.</exception>
    public static string FindTorch(string bridge)
    {
        var needed = LibraryName("torch_cpu");
        if (Chosen is { } chosen)
        {
            return File.Exists(Path.Combine(chosen, needed)) ? Path.GetFullPath(chosen) : throw new LibTorchException(
                $"{Variable} is '{chosen}', but there is no {needed} in it. " +
                $"It has to name the torch/lib folder of a PyTorch {BuiltFor} (or the lib folder of a libtorch).");
        }

        string[] folders = [Path.GetDirectoryName(bridge)!, .. SearchFolders()];
        return Array.Find(folders, folder => File.Exists(Path.Combine(folder, needed))) ?? throw new LibTorchException(
            $"libtorch is missing ({needed}). Add one of these to your application, not to a library: the NuGet package TorchSharp-cpu " +
            $"(or the smaller libtorch-cpu-{GenericRuntime()}), TorchSharp-cuda-linux or TorchSharp-cuda-windows; " +
            $"or set {Variable} to the torch/lib folder of a PyTorch {BuiltFor}. Looked in: {Join(folders.Distinct())}.");
    }

    /// <summary>The libraries of a libtorch that are there, in the order in which they have to be loaded.</summary>
    public static IEnumerable<string> LibrariesIn(string folder) =>
        Libraries.Select(name => Path.Combine(folder, LibraryName(name))).Where(File.Exists);

    /// <summary>Whether a libtorch is one for CUDA.</summary>
    public static bool HasCuda(string folder) => File.Exists(Path.Combine(folder, LibraryName("torch_cuda")));

    /// <summary>A library's file name on this system.</summary>
    public static string LibraryName(string name)
    {
        if (OperatingSystem.IsWindows()) return $"{name}.dll";
        return OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
    }

    /// <summary>Where .NET itself looks for native libraries, and in notebooks the packages.</summary>
    private static IEnumerable<string> SearchFolders()
    {
        var known = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return known.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", GenericRuntime(), "native"))
            .Concat(PackageFolders())
            .Select(Path.GetFullPath)
            .Distinct();
    }

    /// <summary>The native folders of TorchSharp and of the libtorch that belongs to it, among the packages of a notebook.</summary>
    private static IEnumerable<string> PackageFolders()
    {
        var torchSharp = typeof(TorchSharp.torch).Assembly;
        var version = torchSharp.GetName().Version!;
        var bridges = PackageCache.FoldersOf("TorchSharp", torchSharp)
            .Where(folder => Path.GetFileName(folder).StartsWith($"{version.Major}.{version.Minor}.", StringComparison.Ordinal));
        var libraries = PackageCache.FoldersOf($"libtorch-cpu-{GenericRuntime()}", torchSharp)
            .Where(folder => Path.GetFileName(folder).StartsWith($"{BuiltFor}.", StringComparison.Ordinal));
        return bridges.Concat(libraries).Select(folder => Path.Combine(folder, "runtimes", GenericRuntime(), "native"));
    }

    private static string GenericRuntime() => $"{SystemName()}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private static string SystemName()
    {
        if (OperatingSystem.IsWindows()) return "win";
        return OperatingSystem.IsMacOS() ? "osx" : "linux";
    }

    private static string Join(IEnumerable<string> folders) => string.Join(", ", folders);
}
