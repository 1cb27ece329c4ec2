using System.Runtime.InteropServices;

namespace ResNet.Training;

/// <summary>The settings of the C library's allocator that make a training step fast.</summary>
internal static class Allocator
{
    // 32 MiB is the most that glibc takes for the threshold above which a block is given back at once.
    private const int TrimThreshold = -1, MmapThreshold = -3, KeptBlock = 32 << 20, KeptInAll = 1 << 30;

    /// <summary>
    /// Whether <see cref="LibTorch.Load"/> leaves the C library's allocator as it is, for comparisons with programs that do.
    /// </summary>
    public static bool IsLeftAlone { get; set; }

    /// <summary>
    /// Makes glibc keep what a training step frees. A step frees and takes the same hundreds of megabytes again and again. glibc would
    /// give them back to the system each time, and the system's clearing of pages cost a third of a step. A fixed threshold also keeps
    /// glibc from raising its own, by which a process grows by fragmentation.
    /// </summary>
    public static void Tune()
    {
        if (IsLeftAlone || !OperatingSystem.IsLinux()) return;
        try
        {
            _ = SetOption(MmapThreshold, KeptBlock);
            _ = SetOption(TrimThreshold, KeptInAll);
        }
        catch (Exception problem) when (problem is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library than glibc (musl) has no such setting and no such habit.
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    private static extern int SetOption(int parameter, int value);
}
