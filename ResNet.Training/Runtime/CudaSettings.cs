using System.Runtime.InteropServices;
using TorchSharp;

namespace ResNet.Training;

/// <summary>
/// The switches of libtorch that make CUDA fast. They hold for the whole process. TorchSharp 0.107 has none for cuDNN's benchmark, so
/// that one is called by its C++ name, if libtorch has it.
/// </summary>
internal static unsafe class CudaSettings
{
    private const string GlobalContext = "_ZN2at13globalContextEv";
    private const string SetBenchmark = "_ZN2at7Context17setBenchmarkCuDNNEb";
    private const string GetBenchmark = "_ZNK2at7Context14benchmarkCuDNNEv";

    /// <summary>Sets what suits a device and a precision: nothing on a CPU.</summary>
    public static void Apply(torch.Device device, TrainingPrecision precision)
    {
        if (device.type == DeviceType.CUDA) Set(precision);
    }

    internal static void Set(TrainingPrecision precision)
    {
        // Where the user asks for float32, nothing is rounded to TF32's 10 bits of fraction; beside bfloat16's 7 these lose nothing.
        var rounds = precision != TrainingPrecision.Float32;
        torch.backends.cuda.matmul.allow_tf32 = rounds;
        torch.backends.cudnn.allow_tf32 = rounds;
        // All batches of a run have one shape, so that it pays to measure once which way of convolving them is fastest.
        TrySetBenchmark(true);
    }

    /// <summary>Whether cuDNN measures its ways to convolve. Null if this libtorch cannot say it.</summary>
    internal static bool? Benchmark
    {
        get
        {
            if (Find(GetBenchmark) is not { } found) return null;
            return ((delegate* unmanaged<nint, byte>)found.Function)(found.Context) != 0;
        }
    }

    /// <summary>Switches that on or off. False if this libtorch has no such switch by that name.</summary>
    internal static bool TrySetBenchmark(bool on)
    {
        if (Find(SetBenchmark) is not { } found) return false;
        ((delegate* unmanaged<nint, byte, void>)found.Function)(found.Context, on ? (byte)1 : (byte)0);
        return true;
    }

    /// <summary>
    /// A member function of libtorch's one context, which the Itanium C++ ABI calls with the context as its first argument.
    /// </summary>
    private static (nint Function, nint Context)? Find(string function)
    {
        // Windows mangles names in another way, and there is no switch for it here.
        if (OperatingSystem.IsWindows()) return null;
        var path = Path.Combine(LibTorch.Load().Folder, LibTorchFiles.LibraryName("torch_cpu"));
        if (!NativeLibrary.TryLoad(path, out var library)) return null;
        if (!NativeLibrary.TryGetExport(library, GlobalContext, out var context)) return null;
        if (!NativeLibrary.TryGetExport(library, function, out var found)) return null;
        return (found, ((delegate* unmanaged<nint>)context)());
    }
}
