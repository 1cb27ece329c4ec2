using System.Globalization;
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
        if (wanted < found.CudaDevices) return device(DeviceType.CUDA, wanted);
        throw new ArgumentException($"There is no device '{name}': {WhyMissing(found)}");
    }

    /// <summary>
    /// What a user of <c>auto</c> should know: that there is a CUDA libtorch, but the CPU computes. Null where nothing is odd.
    /// </summary>
    public static string? NoteOn(string name)
    {
        var found = LibTorch.Load();
        if (name != "auto" || found.CudaDevices > 0 || !LibTorchFiles.HasCuda(found.Folder)) return null;
        return $"The CPU computes, although libtorch can use a GPU. {WhyMissing(found)}";
    }

    /// <summary>Why a CUDA device cannot be had, and what to do.</summary>
    /// <param name="devices">The number of devices that libtorch finds.</param>
    /// <param name="hasCuda">Whether libtorch is one for CUDA.</param>
    /// <param name="folder">libtorch's folder.</param>
    /// <param name="cuda">The CUDA version that it is built for, if known.</param>
    /// <param name="driver">What the driver says.</param>
    public static string WhyMissing(int devices, bool hasCuda, string folder, string? cuda, NvidiaDriver driver)
    {
        if (devices > 0)
        {
            var names = devices == 1 ? "cuda:0" : $"cuda:0 to cuda:{devices - 1}";
            return $"libtorch finds {devices}, {names}. CUDA_VISIBLE_DEVICES may hide others.";
        }

        if (!hasCuda)
        {
            return $"the libtorch in {folder} is one for CPUs. Let the application reference the package TorchSharp-cuda-linux or " +
                $"TorchSharp-cuda-windows instead, or let {LibTorchFiles.Variable} name the torch/lib folder of a PyTorch for CUDA.";
        }

        if (driver.Problem is { } problem) return $"{problem} {DriversNeeded}.";
        if (Version.TryParse(cuda, out var needed) && driver.Cuda is { } runs && runs.Major < needed.Major)
        {
            return $"the driver runs CUDA up to {runs}, and libtorch is built for {needed}. " +
                $"Install a newer driver ({DriversNeeded}), or use a libtorch for CUDA {runs.Major}.";
        }

        return $"the driver finds GPUs ({driver.Gpus.Count}), but the libtorch in {folder} cannot use any. {DriversNeeded}; " +
            "a device must be of a compute capability that this libtorch is built for. LibTorch.Diagnose() gives the details.";
    }

    private static string WhyMissing(LibTorchInfo found) => WhyMissing(
        found.CudaDevices,
        LibTorchFiles.HasCuda(found.Folder),
        found.Folder,
        LibTorchFit.FindVersion(found.Folder).Cuda,
        NvidiaDriver.Find());

    /// <summary>The number of a CUDA device; null for <c>auto</c> and <c>cpu</c>.</summary>
    private static int? NumberOf(string name) => name switch
    {
        "auto" or "cpu" => null,
        "cuda" => 0,
        _ when name.StartsWith("cuda:", StringComparison.Ordinal) && TryParseNumber(name.AsSpan(5)) is { } number => number,
        _ => throw new ArgumentException($"'{name}' is not a device: it must be auto, cpu, cuda or cuda:N."),
    };

    private static int? TryParseNumber(ReadOnlySpan<char> digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
