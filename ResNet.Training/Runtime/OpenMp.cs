using System.Runtime.InteropServices;

namespace ResNet.Training;

/// <summary>
/// Runs work on the threads that libtorch itself computes with. Threads of .NET beside them would be slow: libtorch's threads wait for
/// their next work by spinning, and so keep the cores busy.
/// </summary>
internal static unsafe class OpenMp
{
    private static readonly delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> Parallel;
    private static readonly delegate* unmanaged<int> ThreadNumber, ThreadCount;

    static OpenMp()
    {
        // Only GCC's runtime exports such a simple function. Looking in libtorch finds the very one that libtorch is bound to.
        if (!OperatingSystem.IsLinux()) return;
        if (!NativeLibrary.TryLoad(Path.Combine(LibTorch.Load().Folder, "libtorch_cpu.so"), out var library)) return;
        if (!NativeLibrary.TryGetExport(library, "GOMP_parallel", out var parallel)) return;
        if (!NativeLibrary.TryGetExport(library, "omp_get_thread_num", out var number)) return;
        if (!NativeLibrary.TryGetExport(library, "omp_get_num_threads", out var count)) return;
        Parallel = (delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void>)parallel;
        ThreadNumber = (delegate* unmanaged<int>)number;
        ThreadCount = (delegate* unmanaged<int>)count;
    }

    public static bool IsAvailable => Parallel is not null;

    /// <summary>Calls a function on each thread, and waits.</summary>
    public static void Run(delegate* unmanaged<void*, void> work, void* data) => Parallel(work, data, 0, 0);

    /// <summary>Which of a number of pieces the calling thread has to work on.</summary>
    public static (int Start, int End) Share(int pieces)
    {
        var (number, count) = (ThreadNumber(), ThreadCount());
        return ((int)((long)pieces * number / count), (int)((long)pieces * (number + 1) / count));
    }
}
