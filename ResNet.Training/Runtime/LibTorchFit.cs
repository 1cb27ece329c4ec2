using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using TorchSharp;

namespace ResNet.Training;

/// <summary>
/// Whether a libtorch has what TorchSharp's native half calls, found out from the files before either is loaded: a missing function would
/// end the process at its first call.
/// </summary>
/// <param name="Folder">The libtorch's folder.</param>
/// <param name="Version">Its version as the files around it say, such as 2.10.0+cu128; null if none does.</param>
/// <param name="Cuda">The CUDA version that it is built for, such as 12.8; null for a CPU libtorch or if no file says it.</param>
/// <param name="Needed">How many functions and variables of libtorch are called.</param>
/// <param name="MissingSymbols">Those that it lacks, by their mangled names.</param>
/// <param name="MissingVersions">What the system's own libraries lack, such as <c>CXXABI_1.3.13 of libstdc++.so.6</c>.</param>
internal sealed partial record LibTorchFit(
    string Folder, string? Version, string? Cuda, int Needed, IReadOnlyList<string> MissingSymbols, IReadOnlyList<string> MissingVersions)
{
    private const int Named = 3;

    public bool Fits => MissingSymbols.Count == 0 && MissingVersions.Count == 0;

    /// <summary>Compares the files.</summary>
    /// <param name="bridge">TorchSharp's native half.</param>
    /// <param name="folder">The libtorch's folder.</param>
    /// <param name="libraries">The libtorch's libraries that are there.</param>
    /// <exception cref="InvalidDataException">A file is not a library or is damaged.</exception>
    public static LibTorchFit Check(string bridge, string folder, IEnumerable<string> libraries)
    {
        using var opened = ElfLibrary.Open(bridge);
        var needs = opened.Needs();
        // What has a version comes from the system's libraries, what has none from libtorch.
        var missing = ElfLibrary.SymbolSet(needs.Where(need => need.Version is null).Select(need => need.Name));
        var needed = missing.Count;
        foreach (var path in libraries)
        {
            if (missing.Count == 0) break;
            using var library = ElfLibrary.Open(path);
            library.RemoveExports(missing);
        }

        var (version, cuda) = FindVersion(folder);
        var missingVersions = MissingFrom(needs.Select(need => need.Version).OfType<VersionNeed>().Distinct());
        return new(folder, version, cuda, needed, [.. missing.Order(StringComparer.Ordinal)], missingVersions);
    }

    /// <summary>What is wrong and what to do.</summary>
    /// <param name="isChosen">Whether the user named the libtorch's folder.</param>
    public string Describe(bool isChosen)
    {
        List<string> sentences = [];
        if (MissingSymbols.Count > 0) sentences.Add(DescribeSymbols(isChosen));
        if (MissingVersions.Count > 0)
        {
            sentences.Add($"TorchSharp needs {string.Join(", ", MissingVersions)}, which this system lacks. " +
                "Use a newer system (Debian 12, Ubuntu 22.04 or later).");
        }

        return string.Join(" ", sentences);
    }

    private string DescribeSymbols(bool isChosen)
    {
        const string wanted = LibTorchFiles.BuiltFor;
        var version = Version is null ? "of unknown version" : $"version {Version}";
        var torchSharp = typeof(torch).Assembly.GetName().Version?.ToString(3);
        var examples = string.Join("; ", MissingSymbols.Take(Named).Select(Demangle));
        var needed = Needed.ToString("N0", CultureInfo.InvariantCulture);
        var missing = MissingSymbols.Count.ToString("N0", CultureInfo.InvariantCulture);
        var remedy = isChosen
            ? $"Let {LibTorchFiles.Variable} name the torch/lib folder of a PyTorch {wanted}, or unset it and use a libtorch package."
            : $"Use the libtorch package of version {wanted}.";
        return $"The libtorch in {Folder} ({version}) does not fit TorchSharp {torchSharp}, which is built for {wanted}: " +
            $"of the {needed} functions that it calls {missing} are missing, such as {examples}. {remedy}";
    }

    /// <summary>
    /// The versions of a libtorch and of the CUDA that it is built for: from the files of a PyTorch (torch/version.py beside torch/lib)
    /// or of a libtorch (build-version beside lib), else from the library's own name; null where none of them has it.
    /// </summary>
    public static (string? Version, string? Cuda) FindVersion(string folder)
    {
        var parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) ?? folder;
        var python = Text(Path.Combine(parent, "version.py"));
        var version = First(PythonVersion().Match(python)) ?? BuildVersion(parent) ?? First(FileVersion().Match(LinkedName(folder)));
        var suffix = CudaSuffix().Match(version ?? "");
        var suffixed = suffix.Success ? $"{suffix.Groups[1].Value}.{suffix.Groups[2].Value}" : null;
        return (version, First(PythonCuda().Match(python)) ?? suffixed);
    }

    private static string? First(Match match) => match.Success ? match.Groups[1].Value : null;

    private static string? BuildVersion(string parent)
    {
        var text = Text(Path.Combine(parent, "build-version")).Trim();
        return text.Length > 0 ? text : null;
    }

    /// <summary>The name of the file that the great library's name is a link to; empty if it is not a link.</summary>
    private static string LinkedName(string folder)
    {
        var library = new FileInfo(Path.Combine(folder, "libtorch_cpu.so"));
        return library.Exists ? library.ResolveLinkTarget(returnFinalTarget: true)?.Name ?? "" : "";
    }

    /// <summary>A C++ name as it is written in C++, where the system's library can tell it.</summary>
    private static string Demangle(string symbol)
    {
        try
        {
            var text = DemangleCpp(symbol, 0, 0, out var status);
            if (status != 0) return symbol;
            var readable = Marshal.PtrToStringUTF8(text)!;
            Free(text);
            return readable;
        }
        catch (Exception problem) when (problem is DllNotFoundException or EntryPointNotFoundException)
        {
            return symbol;
        }
    }

    private static List<string> MissingFrom(IEnumerable<VersionNeed> versions)
    {
        List<string> missing = [];
        foreach (var file in versions.GroupBy(version => version.File))
        {
            // A system library that is not found under its name is left to the loader.
            if (SystemLibrary(file.Key) is not { } path) continue;
            using var library = ElfLibrary.Open(path);
            var defined = library.VersionDefinitions();
            missing.AddRange(file.Where(need => !defined.Contains(need.Version)).Select(need => $"{need.Version} of {file.Key}"));
        }

        return missing;
    }

    /// <summary>
    /// The file of a system library. .NET itself has loaded those that matter, so the list of the process's files says where they are.
    /// </summary>
    private static string? SystemLibrary(string name)
    {
        const string files = "/proc/self/maps";
        return !File.Exists(files) ? null : File.ReadLines(files)
            .Select(line => line.IndexOf('/') is >= 0 and var start ? line[start..] : "")
            .FirstOrDefault(path => Path.GetFileName(path.AsSpan()).StartsWith(name, StringComparison.Ordinal));
    }

    private static string Text(string path) => File.Exists(path) ? File.ReadAllText(path) : "";

    [GeneratedRegex(@"^__version__\s*(?::[^=]*)?=\s*'([^']+)'", RegexOptions.Multiline)]
    private static partial Regex PythonVersion();

    [GeneratedRegex(@"^cuda\s*(?::[^=]*)?=\s*'([^']+)'", RegexOptions.Multiline)]
    private static partial Regex PythonCuda();

    [GeneratedRegex(@"\.so\.(\d+(\.\d+)+)$")]
    private static partial Regex FileVersion();

    [GeneratedRegex(@"\+cu(\d+)(\d)$")]
    private static partial Regex CudaSuffix();

    [DllImport("libstdc++.so.6", EntryPoint = "__cxa_demangle")]
    private static extern nint DemangleCpp([MarshalAs(UnmanagedType.LPUTF8Str)] string name, nint buffer, nint length, out int status);

    [DllImport("libc", EntryPoint = "free")]
    private static extern void Free(nint memory);
}
