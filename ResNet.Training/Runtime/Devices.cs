using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Chooses where to compute.</summary>
internal static class Devices
{
    /// <summary>NVIDIA's first driver for each generation of CUDA (CUDA's release notes, "CUDA Driver").</summary>
    public const string DriversNeeded = "CUDA 12 needs a driver from 525 on, CUDA 13 one from 580 on";

    /// <summary>Reads <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    /// <exception cref="ArgumentException">It is something else, or a device that is not there; the message says what to do.</exception>
    public static Device Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var number = NumberOf(name);
        var found = LibTorch.Load();
        if (name == "auto") return found.CudaDevices > 0 ? CUDA : CPU;
        if (number is not { } wanted) return CPU;
        return wanted < found.CudaDevices ? device(DeviceType.CUDA, wanted) : throw new ArgumentException(
            $"There is no device '{name}': {WhyMissing(found.CudaDevices, LibTorch.HasCuda(found.Folder), found.Folder, LibTorchFit.FindVersion(found.Folder).Cuda, NvidiaDriver.Find())}");
    }

    /// <summary>What a user of <c>auto</c> should know: that there is a CUDA libtorch, but the CPU computes. Null where nothing is odd.</summary>
    public static string? NoteOn(string name)
    {
        var found = LibTorch.Load();
        return name == "auto" && found.CudaDevices == 0 && LibTorch.HasCuda(found.Folder)
            ? $"The CPU computes, although libtorch can use a GPU. {WhyMissing(0, true, found.Folder, LibTorchFit.FindVersion(found.Folder).Cuda, NvidiaDriver.Find())}" : null;
    }

    /// <summary>Why a CUDA device cannot be had, and what to do.</summary>
    /// <param name="devices">The number of devices that libtorch finds.</param>
    /// <param name="hasCuda">Whether libtorch is one for CUDA.</param>
    /// <param name="folder">libtorch's folder.</param>
    /// <param name="cuda">The CUDA version that it is built for, if known.</param>
    /// <param name="driver">What the driver says.</param>
    public static string WhyMissing(int devices, bool hasCuda, string folder, string? cuda, NvidiaDriver driver)
    {
        if (devices > 0) return $"libtorch finds {devices}, cuda:0{(devices == 1 ? "" : $" to cuda:{devices - 1}")}. CUDA_VISIBLE_DEVICES may hide others.";
        if (!hasCuda) return $"the libtorch in {folder} is one for CPUs. Build with -p:TorchBackend=cuda, or let {LibTorch.Variable} name the torch/lib folder of a PyTorch for CUDA.";
        if (driver.Problem is { } problem) return $"{problem} {DriversNeeded}.";
        if (Version.TryParse(cuda, out var needed) && driver.Cuda is { } runs && runs.Major < needed.Major)
            return $"the driver runs CUDA up to {runs}, and libtorch is built for {needed}. Install a newer driver ({DriversNeeded}), or use a libtorch for CUDA {runs.Major}.";
        return $"the driver has {driver.Gpus.Count}, but libtorch in {folder} cannot use {(driver.Gpus.Count == 1 ? "it" : "them")}. {DriversNeeded}; a device must be of a compute capability that this libtorch is built for. `resnet doctor` says more.";
    }

    /// <summary>The number of a CUDA device; null for <c>auto</c> and <c>cpu</c>.</summary>
    private static int? NumberOf(string name) => name switch
    {
        "auto" or "cpu" => null,
        "cuda" => 0,
        _ when name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), System.Globalization.NumberStyles.None, null, out var number) => number,
        _ => throw new ArgumentException($"'{name}' is no device: it is auto, cpu, cuda or cuda:N."),
    };
}
