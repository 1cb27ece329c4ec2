using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.OnnxRuntime;
using SkiaSharp;
using Spectre.Console;
using TorchSharp;

namespace ResNet.Cli;

/// <summary>`resnet doctor`: what this machine has, what is missing, and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Shows what this machine has: libtorch, CUDA, ONNX Runtime, and what to do where something is missing.");
        command.SetWork((_, _) => new Examination().Run(AnsiConsole.Console));
        return command;
    }

    /// <summary>One look at the machine. Each row is independent of the others: one that fails says why and the rest is examined all the same.</summary>
    private sealed class Examination
    {
        private const string Fine = "[green]ok[/]";

        private readonly Table _table = CommandLine.CreateTable("", "What", "Found");
        private readonly NvidiaDriver _driver = NvidiaDriver.Find();
        private string? _firstWrong, _advice;

        public int Run(IAnsiConsole console)
        {
            Row("System", () => $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
            Row("Processor", () => $"{Environment.ProcessorCount} cores; bfloat16 {(DeviceInput.BFloat16IsFast() ? "in hardware, used for training" : "not in hardware: training uses float32")}");
            Row("Memory", () => $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0.0} GB");
            Row("TorchSharp", () => $"{Version(typeof(torch))}, built for libtorch {LibTorchFit.BuiltFor}");
            if (Row("libtorch files", DescribeFiles)) Row("libtorch", () => Describe(LibTorch.Load()));
            // A machine without a GPU is no fault.
            Row("NVIDIA driver", DescribeDriver, _driver.Problem is null ? Fine : "[grey]-[/]");
            // Without libtorch there is nothing to ask.
            if (_firstWrong is null) Row("CUDA for training", DescribeCuda);
            Row("ONNX Runtime", () => $"{OrtEnv.Instance().GetVersionString()}, runs on {string.Join(", ", OrtEnv.Instance().GetAvailableProviders().Select(name => name.Replace("ExecutionProvider", "")))}");
            Row("ML.NET", () => Version(typeof(MLContext)));
            Row("Image decoding", () => $"SkiaSharp {Version(typeof(SKBitmap))}, {(Decodes() ? "works" : throw new InvalidOperationException("a PNG that was just written cannot be read"))}");
            Row("Cache", () => $"{CacheFolder.Path} ({CacheFolder.Variable} overrides)");
            console.Write(_table);
            console.WriteLine(_firstWrong is { } wrong ? $"First to mend: {wrong}" : _advice is { } advice ? $"All works. What could be better: {advice}" : "All is well.");
            return _firstWrong is null ? CommandLine.Done : CommandLine.Failed;
        }

        private bool Row(string what, Func<string> find, string mark = Fine)
        {
            try
            {
                _table.AddRow(new Markup(mark), new Text(what), new Text(find()));
                return true;
            }
            catch (Exception problem)
            {
                var why = problem is not LibTorchException && problem.GetBaseException() is DllNotFoundException missing ? $"a native library is missing: {missing.Message}" : problem.Message;
                _table.AddRow(new Markup("[red]no[/]"), new Text(what), new Text(why));
                _firstWrong ??= $"{what}: {why}";
                return false;
            }
        }

        /// <summary>What the files say, before any of them is loaded.</summary>
        private string DescribeFiles()
        {
            if (LibTorch.CheckFit() is not { } fit) return "not compared on this system";
            if (!fit.Fits) throw new LibTorchException(fit.Describe(LibTorch.IsChosen));
            var version = fit.Version ?? "version not named";
            if (fit.Version is not null && !fit.Version.StartsWith(LibTorchFit.BuiltFor, StringComparison.Ordinal)) _advice ??= $"libtorch is {fit.Version}, TorchSharp is built for {LibTorchFit.BuiltFor}: its functions are all there, but what they mean may have changed.";
            return $"{fit.Folder}: {version}{(LibTorch.HasCuda(fit.Folder) ? $", for CUDA {fit.Cuda}".TrimEnd() : ", for CPUs")}; all {fit.Needed:N0} functions that TorchSharp calls are there";
        }

        private string DescribeDriver()
        {
            var runs = _driver.Cuda is null ? "" : $"{_driver.Release ?? "of unknown release"}, runs CUDA up to {_driver.Cuda}; ";
            return runs + (_driver.Problem ?? string.Join("; ", _driver.Gpus.Select((gpu, number) => $"cuda:{number} {gpu.Name}, {gpu.Memory / 1e9:0.0} GB, compute capability {gpu.Capability}")));
        }

        /// <summary>A libtorch for CUDA that finds no device is wrong; one for CPUs is a choice, and worth a word only where there is a GPU.</summary>
        private string DescribeCuda()
        {
            var found = LibTorch.Load();
            if (found.CudaDevices > 0) return $"{found.CudaDevices} device{(found.CudaDevices == 1 ? "" : "s")}";
            var hasCuda = LibTorch.HasCuda(found.Folder);
            var why = Devices.WhyMissing(0, hasCuda, found.Folder, LibTorchFit.FindVersion(found.Folder).Cuda, _driver);
            if (hasCuda) throw new LibTorchException($"Training runs on the CPU: {why}");
            if (_driver.Gpus.Count > 0) _advice ??= $"there is a GPU ({_driver.Gpus[0].Name}), but {why}";
            return $"no device, training runs on the CPU: {why}";
        }
    }

    private static string Describe(LibTorchInfo found) =>
        $"{found.Version} from {found.Folder}{(found.Patched ? ", with a copy of LibTorchSharp for this system's older libstdc++" : "")}; {found.Threads} threads";

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+', '-')[0] ?? $"{type.Assembly.GetName().Version}";

    private static bool Decodes()
    {
        using var bitmap = new SKBitmap(3, 2);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return new ImageDecoder(applyOrientation: true).Decode(new(png.ToArray())).Width == 3;
    }
}
