using System.Globalization;

namespace ResNet.Training;

/// <summary>
/// What training has on this machine, as <see cref="LibTorch.Diagnose"/> finds it. Each part is independent of the others: one that is
/// missing says why, and the rest is examined all the same.
/// </summary>
public sealed record LibTorchDiagnosis
{
    private LibTorchDiagnosis()
    {
    }

    /// <summary>
    /// Whether this processor multiplies bfloat16 numbers, so that <see cref="TrainingPrecision.Auto"/> uses them on the CPU.
    /// </summary>
    public bool HasFastBFloat16 { get; private init; }

    /// <summary>The libtorch version that TorchSharp is built for, such as 2.10.</summary>
    public string RequiredVersion { get; private init; } = LibTorchFiles.BuiltFor;

    /// <summary>The folder of the libtorch that is used; null if there is none.</summary>
    public string? Folder { get; private init; }

    /// <summary>That libtorch's version as the files around it say, such as 2.10.0+cu128; null if none says it.</summary>
    public string? Version { get; private init; }

    /// <summary>Whether it is a libtorch for CUDA.</summary>
    public bool HasCuda { get; private init; }

    /// <summary>The CUDA version that it is built for, such as 12.8; null for a CPU libtorch or if no file says it.</summary>
    public string? CudaVersion { get; private init; }

    /// <summary>
    /// The number of libtorch's functions that TorchSharp calls, which were looked up in the files before these are loaded; null where
    /// libraries are not ELF files and are not compared.
    /// </summary>
    public int? ComparedFunctions { get; private init; }

    /// <summary>What is wrong with the files and what to do; null if they fit.</summary>
    public string? FilesProblem { get; private init; }

    /// <summary>libtorch as it was loaded; null if it cannot be loaded.</summary>
    public LibTorchInfo? Loaded { get; private init; }

    /// <summary>Why files that fit cannot be loaded, and what to do; null if they can, or if the files are the problem.</summary>
    public string? LoadProblem { get; private init; }

    /// <summary>The version of the NVIDIA driver, such as 580.95.05; null if it is not known.</summary>
    public string? DriverVersion { get; private init; }

    /// <summary>The newest CUDA version that the driver runs; null without a driver.</summary>
    public Version? DriverCudaVersion { get; private init; }

    /// <summary>The GPUs that the driver finds, in CUDA's order: name, memory and compute capability of each.</summary>
    public IReadOnlyList<string> Gpus { get; private init; } = [];

    /// <summary>Why the driver finds no GPU, and what to do; null if it finds one.</summary>
    public string? DriverProblem { get; private init; }

    /// <summary>Why training cannot use a GPU, and what to do; null if it can, or if libtorch is not loaded.</summary>
    public string? CudaProblem { get; private init; }

    /// <summary>What works but could be better, such as a GPU that this libtorch cannot use; null for nothing.</summary>
    public string? Advice { get; private init; }

    /// <summary>
    /// The folder that keeps downloaded models and other files that can be made again. The environment variable <c>RESNET_MLNET_HOME</c>
    /// overrides it. Why there is none, where there is none.
    /// </summary>
    public string CacheFolder { get; private init; } = FindCacheFolder();

    internal static LibTorchDiagnosis Make()
    {
        var driver = NvidiaDriver.Find();
        var found = new LibTorchDiagnosis
        {
            HasFastBFloat16 = Processor.BFloat16IsFast,
            DriverVersion = driver.Release,
            DriverCudaVersion = driver.Cuda,
            Gpus = [.. driver.Gpus.Select(Describe)],
            DriverProblem = driver.Problem,
        };
        found = found.WithFiles();
        if (found.FilesProblem is null) found = found.WithLoaded(driver);
        return found with { Advice = found.FindAdvice(driver) };
    }

    /// <summary>What the files say, before any of them is loaded.</summary>
    private LibTorchDiagnosis WithFiles()
    {
        try
        {
            var folder = LibTorchFiles.FindTorch(LibTorchFiles.FindBridge());
            var (version, cuda) = LibTorchFit.FindVersion(folder);
            var found = this with { Folder = folder, Version = version, CudaVersion = cuda, HasCuda = LibTorchFiles.HasCuda(folder) };
            return LibTorch.CheckFit() switch
            {
                null => found,
                { Fits: false } misfit => found with { FilesProblem = misfit.Describe(LibTorchFiles.IsChosen) },
                var fit => found with { ComparedFunctions = fit.Needed },
            };
        }
        catch (Exception problem) when (problem is LibTorchException or IOException or UnauthorizedAccessException)
        {
            return this with { FilesProblem = problem.Message };
        }
    }

    private LibTorchDiagnosis WithLoaded(NvidiaDriver driver)
    {
        try
        {
            var loaded = LibTorch.Load();
            var problem = loaded.CudaDevices > 0 ? null : Devices.WhyMissing(0, HasCuda, loaded.Folder, CudaVersion, driver);
            return this with { Loaded = loaded, CudaProblem = problem };
        }
        catch (Exception problem) when (problem is LibTorchException or IOException or UnauthorizedAccessException)
        {
            return this with { LoadProblem = problem.Message };
        }
    }

    private string? FindAdvice(NvidiaDriver driver)
    {
        if (ComparedFunctions is not null && Version is not null && !Version.StartsWith(RequiredVersion, StringComparison.Ordinal))
        {
            return $"libtorch is {Version}, TorchSharp is built for {RequiredVersion}: its functions are all there, " +
                "but what they mean may have changed.";
        }

        if (Processor.CacheWarning is { } warning && Loaded is { CudaDevices: 0 }) return warning + ".";
        // A libtorch for CPUs is a choice, and worth a word only where there is a GPU.
        if (CudaProblem is null || HasCuda || driver.Gpus.Count == 0) return null;
        return $"there is a GPU ({driver.Gpus[0].Name}), but {CudaProblem}";
    }

    private static string FindCacheFolder()
    {
        try
        {
            return MLNet.CacheFolder.Path;
        }
        catch (IOException problem)
        {
            return problem.Message;
        }
    }

    private static string Describe(GpuInfo gpu) =>
        string.Create(CultureInfo.InvariantCulture, $"{gpu.Name}, {gpu.Memory / 1e9:0.0} GB, compute capability {gpu.Capability}");
}
