using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ResNet.Training;

/// <summary>A GPU as the driver describes it.</summary>
/// <param name="Name">Its name, such as NVIDIA H100.</param>
/// <param name="Memory">Its memory in bytes.</param>
/// <param name="Capability">Its compute capability, such as 9.0.</param>
internal sealed record GpuInfo(string Name, long Memory, Version Capability);

/// <summary>What NVIDIA's driver reports, found without libtorch. Every member works on a machine without a driver, too.</summary>
/// <param name="Release">The driver's own version, such as 580.95.05; null if it cannot be had.</param>
/// <param name="Cuda">The newest CUDA version that it runs; null without a driver.</param>
/// <param name="Gpus">The devices, in CUDA's order.</param>
/// <param name="Problem">Why there are none; null if there are.</param>
internal sealed unsafe record NvidiaDriver(string? Release, Version? Cuda, IReadOnlyList<GpuInfo> Gpus, string? Problem)
{
    private const int Success = 0, MajorCapability = 75, MinorCapability = 76, NameLength = 256;

    /// <summary>Asks the driver.</summary>
    public static NvidiaDriver Find()
    {
        if (!NativeLibrary.TryLoad(LibraryName, out var library))
        {
            return new(null, null, [], $"{LibraryName} is not there: no NVIDIA driver is installed " +
                "(in a container: it was not started with access to the GPU).");
        }

        try
        {
            return Find(library);
        }
        catch (EntryPointNotFoundException problem)
        {
            return new(FindRelease(), null, [], $"{LibraryName} is damaged or too old: {problem.Message}");
        }
    }

    /// <summary>
    /// Bytes of a device's memory that are in use, by all processes, libtorch's cache included; null if the driver does not say it.
    /// </summary>
    public static long? UsedMemory(int device)
    {
        if (!NativeLibrary.TryLoad(LibraryName, out var library)) return null;
        try
        {
            var retain = (delegate* unmanaged<nint*, int, int>)NativeLibrary.GetExport(library, "cuDevicePrimaryCtxRetain");
            var release = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "cuDevicePrimaryCtxRelease_v2");
            var push = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuCtxPushCurrent_v2");
            var pop = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "cuCtxPopCurrent_v2");
            var measure = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(library, "cuMemGetInfo_v2");
            nint context;
            // The primary context is the one that libtorch uses; this only counts its users up and down.
            if (HandleOf(library, device) is not { } handle || retain(&context, handle) != Success) return null;
            nuint free = 0, total = 0;
            var result = push(context);
            if (result == Success)
            {
                result = measure(&free, &total);
                _ = pop(&context);
            }

            _ = release(handle);
            return result == Success ? (long)(total - free) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    private static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    private static NvidiaDriver Find(nint library)
    {
        var initialize = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit");
        var getVersion = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDriverGetVersion");
        var getCount = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDeviceGetCount");
        int version, count = 0;
        var cuda = getVersion(&version) == Success ? new Version(version / 1000, version % 1000 / 10) : null;
        var result = initialize(0);
        if (result == Success) result = getCount(&count);
        var gpus = Enumerable.Range(0, count).Select(device => Describe(library, device)).OfType<GpuInfo>().ToList();
        return new(FindRelease(), cuda, gpus, gpus.Count > 0 ? null : WhyNone(result));
    }

    private static string WhyNone(int result) =>
        result == Success ? "The driver finds no device." : $"The driver cannot be used: {Meaning(result)}";

    private static GpuInfo? Describe(nint library, int device)
    {
        var getName = (delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetName");
        var getMemory = (delegate* unmanaged<nuint*, int, int>)NativeLibrary.GetExport(library, "cuDeviceTotalMem_v2");
        var getAttribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetAttribute");
        if (HandleOf(library, device) is not { } handle) return null;
        var name = stackalloc byte[NameLength];
        nuint memory;
        int major, minor;
        if (getName(name, NameLength, handle) != Success || getMemory(&memory, handle) != Success) return null;
        if (getAttribute(&major, MajorCapability, handle) != Success) return null;
        if (getAttribute(&minor, MinorCapability, handle) != Success) return null;
        return new(Marshal.PtrToStringUTF8((nint)name)!, (long)memory, new(major, minor));
    }

    private static int? HandleOf(nint library, int device)
    {
        var get = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(library, "cuDeviceGet");
        int handle;
        return get(&handle, device) == Success ? handle : null;
    }

    /// <summary>CUDA's driver errors that a user can do something about (cuda.h, CUresult).</summary>
    private static string Meaning(int error) => error switch
    {
        100 => "it finds no device (CUDA_ERROR_NO_DEVICE). Is there an NVIDIA GPU, and does CUDA_VISIBLE_DEVICES hide it?",
        803 => "its library and its kernel module are of different versions (CUDA_ERROR_SYSTEM_DRIVER_MISMATCH). " +
            "Restart the machine after an update of the driver.",
        802 => "it is not ready yet (CUDA_ERROR_SYSTEM_NOT_READY). Is nvidia-fabricmanager running?",
        _ => string.Create(CultureInfo.InvariantCulture, $"CUDA error {error}. Run `nvidia-smi`, which may say more."),
    };

    /// <summary>The driver's own version, from NVML, which comes with it.</summary>
    private static string? FindRelease()
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1", out var library)) return null;
        if (!NativeLibrary.TryGetExport(library, "nvmlInit_v2", out var initialize)) return null;
        if (!NativeLibrary.TryGetExport(library, "nvmlSystemGetDriverVersion", out var getVersion)) return null;
        if (!NativeLibrary.TryGetExport(library, "nvmlShutdown", out var shutDown)) return null;
        if (((delegate* unmanaged<int>)initialize)() != Success) return null;
        Span<byte> text = stackalloc byte[NameLength];
        fixed (byte* start = text)
        {
            var result = ((delegate* unmanaged<byte*, uint, int>)getVersion)(start, NameLength);
            _ = ((delegate* unmanaged<int>)shutDown)();
            return result == Success ? Encoding.UTF8.GetString(text[..Math.Max(0, text.IndexOf((byte)0))]) : null;
        }
    }
}
