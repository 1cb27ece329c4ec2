using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;

namespace ResNet.Training;

/// <summary>
/// Loads TorchSharp's native half, LibTorchSharp, on systems whose libstdc++ is older than the one it was built with, too: by a copy in
/// which one needed symbol version is weak, so that the loader only warns when the system's library lacks it.
/// </summary>
/// <remarks>
/// TorchSharp's LibTorchSharp.so names GLIBCXX_3.4.32 (GCC 13) for a single initializer symbol that it never calls through a
/// relocation. On Debian 12 and Ubuntu 22.04, whose libstdc++ ends at 3.4.30, only the loader's version check stands in the way.
/// </remarks>
internal static class LibTorchBridge
{
    private const string NewerVersion = "GLIBCXX_3.4.32";
    private const ushort WeakFlag = 2;

    /// <summary>Loads it, after libtorch.</summary>
    /// <param name="bridge">The file.</param>
    /// <param name="torchFolder">The folder of the libtorch that was loaded.</param>
    /// <returns>Whether a copy for an older libstdc++ was needed.</returns>
    /// <exception cref="LibTorchException">It cannot be loaded.</exception>
    public static bool Load(string bridge, string torchFolder)
    {
        try
        {
            NativeLibrary.Load(bridge);
            return false;
        }
        catch (DllNotFoundException problem) when (LacksNewerVersion(problem))
        {
            LoadCopy(PatchedCopy(bridge), torchFolder);
            return true;
        }
        catch (Exception problem) when (problem is DllNotFoundException or BadImageFormatException)
        {
            ThrowIfMismatch(problem, torchFolder);
            throw new LibTorchException($"{bridge} cannot be loaded: {Reason(problem)}", problem);
        }
    }

    /// <summary>What the loader said, without .NET's advice around it.</summary>
    public static string Reason(Exception problem)
    {
        var lines = problem.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Array.FindLast(lines, line => line.Contains(": ", StringComparison.Ordinal)) ?? problem.Message;
    }

    /// <summary>Sets the weak flag of every entry of a 64-bit ELF library that needs a version, in place.</summary>
    /// <param name="image">The library's bytes.</param>
    /// <param name="version">The version's name, such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>How many entries name this version.</returns>
    /// <exception cref="InvalidDataException">The bytes are not a 64-bit little-endian ELF library, or are damaged.</exception>
    public static int MakeWeak(byte[] image, string version)
    {
        using var library = new ElfLibrary(new MemoryStream(image, writable: false));
        var found = library.VersionNeeds().Where(need => need.Version == version).ToList();
        foreach (var need in found)
        {
            var flags = image.AsSpan((int)need.FlagsOffset);
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
        }

        return found.Count;
    }

    private static bool LacksNewerVersion(DllNotFoundException problem) =>
        OperatingSystem.IsLinux() && problem.Message.Contains(NewerVersion, StringComparison.Ordinal);

    private static void LoadCopy(string copy, string torchFolder)
    {
        try
        {
            // TorchSharp then finds it by its SONAME, because it is in memory already.
            NativeLibrary.Load(copy);
        }
        catch (DllNotFoundException problem)
        {
            ThrowIfMismatch(problem, torchFolder);
            throw new LibTorchException(
                $"TorchSharp asks for {NewerVersion}, which this system's libstdc++ lacks, and a copy without that demand cannot be " +
                $"loaded either: {Reason(problem)}. Use a system with GCC 13's libstdc++ (Debian 13, Ubuntu 24.04).", problem);
        }
    }

    private static string PatchedCopy(string bridge)
    {
        var bytes = RegularFile.ReadAllBytes(bridge);
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        if (MakeWeak(bytes, NewerVersion) == 0)
        {
            throw new LibTorchException(
                $"The loader says that {bridge} needs {NewerVersion}, but the file does not name it. " +
                "Use a system with GCC 13's libstdc++.");
        }

        try
        {
            // Compared before it is loaded, since it is code.
            return CachedFile.Keep(Path.Combine("libtorchsharp", digest, Path.GetFileName(bridge)), bytes);
        }
        catch (IOException problem)
        {
            throw new LibTorchException($"This system's libstdc++ needs a copy of {Path.GetFileName(bridge)}. {problem.Message}", problem);
        }
    }

    private static void ThrowIfMismatch(Exception problem, string torchFolder)
    {
        if (!problem.Message.Contains("undefined symbol", StringComparison.Ordinal)) return;
        throw new LibTorchException(
            $"The libtorch in {torchFolder} is not the version that TorchSharp {typeof(torch).Assembly.GetName().Version} was built for " +
            $"({LibTorchFiles.BuiltFor}): {Reason(problem)}.", problem);
    }
}
