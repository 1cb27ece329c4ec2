using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>Keeps what is written from replacing what it is made of.</summary>
public static class OutputFile
{
    /// <summary>
    /// Checks that a file to be written is not one of the files that it is made of, whatever their names: relative paths, symbolic links
    /// and hard links are seen through.
    /// </summary>
    /// <param name="output">The file to write. It need not exist.</param>
    /// <param name="inputs">The files that are read. Names that are not files do not count.</param>
    /// <exception cref="ArgumentException">It is one of them; the message names it.</exception>
    public static void EnsureNotInput(string output, params IEnumerable<string> inputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        ArgumentNullException.ThrowIfNull(inputs);
        if (!File.Exists(output)) return;
        foreach (var input in inputs)
        {
            if (!File.Exists(input) || !IsSame(output, input)) continue;
            throw new ArgumentException(
                $"The output '{output}' is the same file as the input '{input}', which would be lost. Choose another output.");
        }
    }

    /// <summary>Whether two names mean one file. Both files exist.</summary>
    private static bool IsSame(string one, string other)
    {
        if (Identify(one) is { } first && Identify(other) is { } second) return first == second;
        var isCaseSensitive = !OperatingSystem.IsWindows() && !OperatingSystem.IsMacOS();
        var comparison = isCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return string.Equals(FinalPath(one), FinalPath(other), comparison);
    }

    private static string FinalPath(string path) =>
        File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);

    /// <summary>Device and number of a file, as the system knows it; null where it is not known how to ask.</summary>
    private static (uint Device, ulong Number)? Identify(string path)
    {
        var isKnown = Environment.Is64BitProcess && (OperatingSystem.IsLinux() || IsMacOnArm);
        if (!isKnown) return null;
        try
        {
            // More than any system's struct stat; it begins with the device and, at byte 8, the number.
            var status = new byte[512];
            return Stat(path, status) == 0 ? (BitConverter.ToUInt32(status, 0), BitConverter.ToUInt64(status, 8)) : null;
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.33 has no such function, only a macro.
            return null;
        }
    }

    private static bool IsMacOnArm => OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [DllImport("libc", EntryPoint = "stat")]
    private static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, byte[] status);
}
