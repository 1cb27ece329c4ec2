using System.Runtime.InteropServices;
using TorchSharp;

namespace ResNet.Training;

/// <summary>What <see cref="LibTorch"/> found on this machine.</summary>
/// <param name="Folder">The folder that libtorch was loaded from.</param>
/// <param name="Version">libtorch's version as TorchSharp was built for, such as 2.10.0.</param>
/// <param name="Patched">Whether TorchSharp's native half needed a copy for an older libstdc++.</param>
/// <param name="CudaDevices">Number of usable CUDA devices; 0 with a CPU libtorch.</param>
/// <param name="Threads">Threads that one operation may use.</param>
public sealed record LibTorchInfo(string Folder, string Version, bool Patched, int CudaDevices, int Threads);

/// <summary>
/// Finds and loads libtorch before TorchSharp looks for it: from the folder that <c>RESNET_LIBTORCH</c> names (an existing PyTorch's
/// <c>torch/lib</c>), else from the application's own folders (a libtorch package).
/// </summary>
public static class LibTorch
{
    /// <summary>The environment variable that names a folder with a libtorch.</summary>
    public const string Variable = LibTorchFiles.Variable;

    private static readonly Lazy<LibTorchInfo> Loaded = new(LoadOnce);

    /// <summary>
    /// Loads libtorch, once. Everything in this library calls it before it touches TorchSharp; an application that uses TorchSharp
    /// itself should do so, too.
    /// </summary>
    /// <returns>What was loaded.</returns>
    /// <exception cref="LibTorchException">libtorch is missing or does not fit; the message says what to do.</exception>
    public static LibTorchInfo Load() => Loaded.Value;

    /// <summary>
    /// Finds out what training has on this machine: processor, libtorch, NVIDIA driver and GPUs. Nothing that is missing is an exception:
    /// the result says what is wrong and what to do. Loads libtorch if it fits.
    /// </summary>
    public static LibTorchDiagnosis Diagnose() => LibTorchDiagnosis.Make();

    /// <summary>Whether the libtorch that would be loaded fits TorchSharp; null where libraries are not ELF files. Loads nothing.</summary>
    /// <exception cref="LibTorchException">There is none, or a file of it is damaged.</exception>
    internal static LibTorchFit? CheckFit()
    {
        var bridge = LibTorchFiles.FindBridge();
        return CheckFit(bridge, LibTorchFiles.FindTorch(bridge));
    }

    private static LibTorchFit? CheckFit(string bridge, string folder)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            return LibTorchFit.Check(bridge, folder, LibTorchFiles.LibrariesIn(folder));
        }
        catch (InvalidDataException problem)
        {
            throw new LibTorchException($"The libtorch in {folder} cannot be loaded. {problem.Message}", problem);
        }
    }

    private static LibTorchInfo LoadOnce()
    {
        Allocator.Tune();
        var bridge = LibTorchFiles.FindBridge();
        var folder = LibTorchFiles.FindTorch(bridge);
        if (CheckFit(bridge, folder) is { Fits: false } misfit) throw new LibTorchException(misfit.Describe(LibTorchFiles.IsChosen));
        LoadTorch(folder);
        var patched = LibTorchBridge.Load(bridge, folder);
        try
        {
            var devices = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
            return new(folder, torch.__version__, patched, devices, torch.get_num_threads());
        }
        catch (Exception problem) when (
            problem is TypeInitializationException or DllNotFoundException or NotSupportedException or EntryPointNotFoundException)
        {
            var reason = problem.GetBaseException().Message;
            throw new LibTorchException($"libtorch was loaded from {folder}, but TorchSharp does not work with it: {reason}", problem);
        }
    }

    private static void LoadTorch(string folder)
    {
        foreach (var path in LibTorchFiles.LibrariesIn(folder))
        {
            try
            {
                NativeLibrary.Load(path);
            }
            catch (Exception problem) when (problem is DllNotFoundException or BadImageFormatException)
            {
                throw new LibTorchException($"{path} cannot be loaded: {LibTorchBridge.Reason(problem)}", problem);
            }
        }
    }
}
