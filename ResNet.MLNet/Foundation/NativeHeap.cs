using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>The heap of native libraries.</summary>
internal static partial class NativeHeap
{
    private static bool s_canTrim = OperatingSystem.IsLinux();

    /// <summary>
    /// Gives what was freed back to the system. glibc keeps the pieces that a large network leaves, so that a process that opens one after
    /// the other would grow. Elsewhere nothing is done.
    /// </summary>
    public static void Trim()
    {
        if (!s_canTrim) return;
        try
        {
            _ = Trim(0);
        }
        catch (Exception problem) when (problem is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library, such as musl.
            s_canTrim = false;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint kept);
}
