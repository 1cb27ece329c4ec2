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
        private readonly LibTorchDiagnosis _training = LibTorch.Diagnose();
        private string? _firstWrong;

        public int Run(IAnsiConsole console)
        {
            Row("System", () => $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
            Row("Processor", () => $"{Environment.ProcessorCount} cores; bfloat16 {(_training.HasFastBFloat16 ? "in hardware, used for training" : "not in hardware: training uses float32")}");
            Row("Memory", () => $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0.0} GB");
            Row("TorchSharp", () => $"{Version(typeof(torch))}, built for libtorch {_training.RequiredVersion}");
            if (Row("libtorch files", DescribeFiles)) Row("libtorch", () => Describe(_training.Loaded ?? throw new LibTorchException(_training.LoadProblem!)));
            // A machine without a GPU is no fault.
            Row("NVIDIA driver", DescribeDriver, _training.DriverProblem is null ? Fine : "[grey]-[/]");
            // Without libtorch there is nothing to ask.
            if (_training.Loaded is not null) Row("CUDA for training", DescribeCuda);
            Row("ONNX Runtime", () => $"{OrtEnv.Instance().GetVersionString()}, runs on {string.Join(", ", OrtEnv.Instance().GetAvailableProviders().Select(name => name.Replace("ExecutionProvider", "")))}");
            Row("ML.NET", () => Version(typeof(MLContext)));
            Row("Image decoding", () => $"SkiaSharp {Version(typeof(SKBitmap))}, {(Decodes() ? "works" : throw new InvalidOperationException("a PNG that was just written cannot be read"))}");
            Row("Cache", () => $"{_training.CacheFolder} (RESNET_MLNET_HOME overrides)");
            console.Write(_table);
            console.WriteLine(_firstWrong is { } wrong ? $"First to mend: {wrong}" : _training.Advice is { } advice ? $"All works. What could be better: {advice}" : "All is well.");
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
            if (_training.FilesProblem is { } problem) throw new LibTorchException(problem);
            if (_training.ComparedFunctions is not { } functions) return "not compared on this system";
            var kind = _training.HasCuda ? $"for CUDA {_training.CudaVersion}".TrimEnd() : "for CPUs";
            var version = _training.Version ?? "version not named";
            return $"{_training.Folder}: {version}, {kind}; all {functions:N0} functions that TorchSharp calls are there";
        }

        private string DescribeDriver()
        {
            var runs = _training.DriverCudaVersion is { } cuda ? $"{_training.DriverVersion ?? "of unknown release"}, runs CUDA up to {cuda}; " : "";
            return runs + (_training.DriverProblem ?? string.Join("; ", _training.Gpus.Select((gpu, number) => $"cuda:{number} {gpu}")));
        }

        /// <summary>A libtorch for CUDA that finds no device is wrong; one for CPUs is a choice.</summary>
        private string DescribeCuda()
        {
            if (_training.CudaProblem is not { } problem) return $"{_training.Loaded!.CudaDevices} device{(_training.Loaded.CudaDevices == 1 ? "" : "s")}";
            if (_training.HasCuda) throw new LibTorchException($"Training runs on the CPU: {problem}");
            return $"no device, training runs on the CPU: {problem}";
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
