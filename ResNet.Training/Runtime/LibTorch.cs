using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;

namespace ResNet.Training;

/// <summary>libtorch cannot be loaded; the message says what is missing and what to do.</summary>
public sealed class LibTorchException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What <see cref="LibTorch"/> found on this machine.</summary>
/// <param name="Folder">The folder that libtorch was loaded from.</param>
/// <param name="Version">libtorch's version as TorchSharp was built for, such as 2.10.0.</param>
/// <param name="Patched">Whether TorchSharp's native half needed a copy for an older libstdc++.</param>
/// <param name="CudaDevices">Number of usable CUDA devices; 0 with a CPU libtorch.</param>
/// <param name="Threads">Threads that one operation may use.</param>
public sealed record LibTorchInfo(string Folder, string Version, bool Patched, int CudaDevices, int Threads);

/// <summary>
/// Finds and loads libtorch before TorchSharp looks for it: from the folder that <c>RESNET_LIBTORCH</c> names (an existing PyTorch's
/// <c>torch/lib</c>), else from the application's own folders (a libtorch package).
/// </summary>
public static class LibTorch
{
    /// <summary>The environment variable that names a folder with a libtorch.</summary>
    public const string Variable = "RESNET_LIBTORCH";

    /// <summary>The symbol version that Debian 12's and Ubuntu 22.04's libstdc++ lack (see <see cref="ElfVersionPatch"/>).</summary>
    private const string NewerVersion = "GLIBCXX_3.4.32";

    /// <summary>A library's own needs come before it; the CUDA ones are there only in a CUDA libtorch.</summary>
    private static readonly string[] Libraries = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    private static readonly Lazy<LibTorchInfo> Loaded = new(LoadOnce);

    /// <summary>Whether loading leaves the C library's allocator as it is, for comparisons with programs that do.</summary>
    internal static bool LeavesAllocator { get; set; }

    /// <summary>
    /// Loads libtorch, once. Everything in this library calls it before it touches TorchSharp; an application that uses TorchSharp
    /// itself should do so, too.
    /// </summary>
    /// <returns>What was loaded.</returns>
    /// <exception cref="LibTorchException">libtorch is missing or does not fit; the message says what to do.</exception>
    public static LibTorchInfo Load() => Loaded.Value;

    private static LibTorchInfo LoadOnce()
    {
        if (!LeavesAllocator) TuneAllocator();
        var bridge = FindBridge();
        var folder = FindTorch(bridge);
        if (CheckFit(bridge, folder) is { Fits: false } misfit) throw new LibTorchException(misfit.Describe(IsChosen));
        LoadTorch(folder);
        var patched = LoadBridge(bridge, folder);
        try
        {
            return new(folder, torch.__version__, patched, torch.cuda.is_available() ? torch.cuda.device_count() : 0, torch.get_num_threads());
        }
        catch (Exception problem) when (problem is TypeInitializationException or DllNotFoundException or NotSupportedException or EntryPointNotFoundException)
        {
            throw new LibTorchException($"libtorch was loaded from {folder}, but TorchSharp does not work with it: {problem.GetBaseException().Message}", problem);
        }
    }

    /// <summary>Whether the libtorch that would be loaded fits TorchSharp; null where libraries are no ELF files. Loads nothing.</summary>
    /// <exception cref="LibTorchException">There is none, or a file of it is damaged.</exception>
    internal static LibTorchFit? CheckFit()
    {
        var bridge = FindBridge();
        return CheckFit(bridge, FindTorch(bridge));
    }

    /// <summary>Whether a libtorch is one for CUDA.</summary>
    internal static bool HasCuda(string folder) => File.Exists(Path.Combine(folder, LibraryName("torch_cuda")));

    /// <summary>Whether the user named the libtorch's folder.</summary>
    internal static bool IsChosen => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    private static LibTorchFit? CheckFit(string bridge, string folder)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            return LibTorchFit.Check(bridge, folder, LibrariesIn(folder));
        }
        catch (InvalidDataException problem)
        {
            throw new LibTorchException($"The libtorch in {folder} cannot be loaded. {problem.Message}", problem);
        }
    }

    /// <summary>TorchSharp's native half, which comes with the package TorchSharp.</summary>
    private static string FindBridge()
    {
        var name = LibraryName("LibTorchSharp");
        return SearchFolders().Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new LibTorchException($"{name} is missing. It comes with the NuGet package TorchSharp for {RuntimeInformation.RuntimeIdentifier}; looked in: {Join(SearchFolders())}.");
    }

    private static string FindTorch(string bridge)
    {
        var needed = LibraryName("torch_cpu");
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen)
        {
            return File.Exists(Path.Combine(chosen, needed)) ? Path.GetFullPath(chosen) : throw new LibTorchException(
                $"{Variable} is '{chosen}', but there is no {needed} in it. It has to name the torch/lib folder of a PyTorch {LibTorchFit.BuiltFor} (or the lib folder of a libtorch).");
        }

        string[] folders = [Path.GetDirectoryName(bridge)!, .. SearchFolders()];
        return Array.Find(folders, folder => File.Exists(Path.Combine(folder, needed))) ?? throw new LibTorchException(
            $"libtorch is missing ({needed}). Add one of these to your application, not to a library: the NuGet package TorchSharp-cpu (or the smaller " +
            $"libtorch-cpu-{GenericRuntime()}), TorchSharp-cuda-linux or TorchSharp-cuda-windows; or set {Variable} to the torch/lib folder of a PyTorch {LibTorchFit.BuiltFor}. " +
            $"Looked in: {Join(folders.Distinct())}.");
    }

    private static IEnumerable<string> LibrariesIn(string folder) =>
        Libraries.Select(name => Path.Combine(folder, LibraryName(name))).Where(File.Exists);

    private static void LoadTorch(string folder)
    {
        foreach (var path in LibrariesIn(folder))
        {
            try
            {
                NativeLibrary.Load(path);
            }
            catch (Exception problem) when (problem is DllNotFoundException or BadImageFormatException)
            {
                throw new LibTorchException($"{path} cannot be loaded: {Reason(problem)}", problem);
            }
        }
    }

    private static bool LoadBridge(string bridge, string torchFolder)
    {
        try
        {
            NativeLibrary.Load(bridge);
            return false;
        }
        catch (DllNotFoundException problem) when (OperatingSystem.IsLinux() && problem.Message.Contains(NewerVersion, StringComparison.Ordinal))
        {
            var copy = PatchedCopy(bridge);
            try
            {
                // TorchSharp then finds it by its SONAME, because it is in memory already.
                NativeLibrary.Load(copy);
                return true;
            }
            catch (DllNotFoundException again)
            {
                ThrowIfMismatch(again);
                throw new LibTorchException(
                    $"TorchSharp asks for {NewerVersion}, which this system's libstdc++ lacks, and a copy without that demand cannot be loaded either: " +
                    $"{Reason(again)}. Use a system with GCC 13's libstdc++ (Debian 13, Ubuntu 24.04).", again);
            }
        }
        catch (Exception problem) when (problem is DllNotFoundException or BadImageFormatException)
        {
            ThrowIfMismatch(problem);
            throw new LibTorchException($"{bridge} cannot be loaded: {Reason(problem)}", problem);
        }

        void ThrowIfMismatch(Exception problem)
        {
            if (problem.Message.Contains("undefined symbol", StringComparison.Ordinal))
                throw new LibTorchException($"The libtorch in {torchFolder} is not the version that TorchSharp {typeof(torch).Assembly.GetName().Version} was built for ({LibTorchFit.BuiltFor}): {Reason(problem)}.", problem);
        }
    }

    /// <summary>What the loader said, without .NET's advice around it.</summary>
    private static string Reason(Exception problem) =>
        problem.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(line => line.Contains(": ", StringComparison.Ordinal)) ?? problem.Message;

    private static string PatchedCopy(string bridge)
    {
        var bytes = File.ReadAllBytes(bridge);
        var folder = Path.Combine(CacheFolder.Path, "libtorchsharp", Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        var copy = Path.Combine(folder, Path.GetFileName(bridge));
        if (File.Exists(copy)) return copy;
        if (ElfVersionPatch.MakeWeak(bytes, NewerVersion) == 0)
            throw new LibTorchException($"The loader says that {bridge} needs {NewerVersion}, but the file does not name it. Use a system with GCC 13's libstdc++.");
        try
        {
            AtomicFile.Write(copy, stream => stream.Write(bytes));
            return copy;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new LibTorchException(
                $"A copy of {Path.GetFileName(bridge)} for this system's libstdc++ cannot be written to {folder}: {problem.Message} Set {CacheFolder.Variable} to a folder that can be written.", problem);
        }
    }

    /// <summary>Where .NET itself looks for native libraries.</summary>
    private static IEnumerable<string> SearchFolders()
    {
        var known = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return known.Append(AppContext.BaseDirectory).Append(Path.Combine(AppContext.BaseDirectory, "runtimes", GenericRuntime(), "native"))
            .Select(Path.GetFullPath).Distinct();
    }

    private static string GenericRuntime() =>
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux") + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    internal static string LibraryName(string name) =>
        OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    private static string Join(IEnumerable<string> folders) => string.Join(", ", folders);

    /// <summary>
    /// A training step frees and takes the same hundreds of megabytes again and again. glibc would give them back to the system each time, and
    /// the system's clearing of pages cost a third of a step; so it is told to keep them. A fixed threshold also keeps it from raising its own, by which
    /// a process grows by fragmentation.
    /// </summary>
    private static void TuneAllocator()
    {
        if (!OperatingSystem.IsLinux()) return;
        // 32 MiB is the most that glibc takes for the threshold above which a block is given back at once.
        const int trimThreshold = -1, mmapThreshold = -3, keptBlock = 32 << 20, keptInAll = 1 << 30;
        try
        {
            _ = SetAllocator(mmapThreshold, keptBlock);
            _ = SetAllocator(trimThreshold, keptInAll);
        }
        catch (Exception problem) when (problem is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library than glibc (musl) has no such setting and no such habit.
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    private static extern int SetAllocator(int parameter, int value);
}
