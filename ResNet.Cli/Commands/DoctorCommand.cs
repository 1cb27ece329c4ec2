using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using SkiaSharp;
using Spectre.Console;
using TorchSharp;

namespace ResNet.Cli;

/// <summary>`resnet doctor`: what this machine has, what is missing, and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command(
            "doctor", "Shows what this machine has (libtorch, CUDA, ONNX Runtime), and what to do where something is missing.");
        command.SetWork((_, _) => new Examination().Run(AnsiConsole.Console));
        return command;
    }

    /// <summary>One look at the machine. A check that fails says why, and the others are done all the same.</summary>
    private sealed class Examination
    {
        private const string Passed = "[green]ok[/]", Failed = "[red]no[/]", Absent = "[grey]-[/]";

        private readonly Table _table = CommandWork.CreateTable("", "What", "Found");
        private readonly LibTorchDiagnosis _training = LibTorch.Diagnose();
        private string? _firstProblem;

        public int Run(IAnsiConsole console)
        {
            Check("System", DescribeSystem);
            Check("Processor", DescribeProcessor);
            Check("Memory", () => $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0.0} GB");
            Check("TorchSharp", () => $"{Version(typeof(torch))}, built for libtorch {_training.RequiredVersion}");
            if (Check("libtorch files", DescribeFiles)) Check("libtorch", DescribeLibTorch);
            // A machine without a GPU is not a problem.
            Check("NVIDIA driver", DescribeDriver, _training.DriverProblem is null ? Passed : Absent);
            // Only libtorch can tell.
            if (_training.Loaded is { } loaded) Check("CUDA for training", () => DescribeCuda(loaded));
            Check("ONNX Runtime", DescribeOnnxRuntime);
            Check("ML.NET", () => Version(typeof(MLContext)));
            Check("Image decoding", DescribeDecoding);
            Check("Cache", () => $"{_training.CacheFolder} (RESNET_MLNET_HOME overrides it)");
            console.Write(_table);
            console.WriteLine(Summary());
            return _firstProblem is null ? ExitCode.Done : ExitCode.Failed;
        }

        private string Summary()
        {
            if (_firstProblem is not null) return $"First problem: {_firstProblem}";
            return _training.Advice is { } advice ? $"All checks passed. Advice: {advice}" : "All checks passed.";
        }

        private bool Check(string what, Func<string> find, string mark = Passed)
        {
            try
            {
                _table.AddRow(new Markup(mark), new Text(what), new Text(find()));
                return true;
            }
            catch (Exception problem)
            {
                var reason = Reason(problem);
                _table.AddRow(new Markup(Failed), new Text(what), new Text(reason));
                _firstProblem ??= $"{what}: {reason}";
                return false;
            }
        }

        private static string Reason(Exception problem)
        {
            if (problem is LibTorchException) return problem.Message;
            return problem.GetBaseException() is DllNotFoundException missing
                ? $"a native library is missing: {missing.Message}"
                : problem.Message;
        }

        private static string DescribeSystem() =>
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}";

        private string DescribeProcessor()
        {
            var precision = _training.HasFastBFloat16 ? "in hardware, used for training" : "not in hardware: training uses float32";
            return $"{Environment.ProcessorCount} cores; bfloat16 {precision}";
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

        private string DescribeLibTorch()
        {
            var loaded = _training.Loaded ?? throw new LibTorchException(_training.LoadProblem!);
            var copy = loaded.Patched ? ", with a copy of LibTorchSharp for this system's older libstdc++" : "";
            return $"{loaded.Version} from {loaded.Folder}{copy}; {loaded.Threads} threads";
        }

        private string DescribeDriver()
        {
            var driver = _training.DriverVersion ?? "of unknown version";
            var cuda = _training.DriverCudaVersion is { } version ? $"{driver}, runs CUDA up to {version}; " : "";
            var gpus = _training.Gpus.Select((gpu, number) => $"cuda:{number} {gpu}");
            return cuda + (_training.DriverProblem ?? string.Join("; ", gpus));
        }

        /// <summary>A libtorch for CUDA that finds no device is wrong; one for CPUs is a choice.</summary>
        private string DescribeCuda(LibTorchInfo loaded)
        {
            if (_training.CudaProblem is not { } problem) return loaded.CudaDevices == 1 ? "1 device" : $"{loaded.CudaDevices} devices";
            if (_training.HasCuda) throw new LibTorchException($"Training runs on the CPU: {problem}");
            return $"no device, training runs on the CPU: {problem}";
        }

        private static string DescribeOnnxRuntime()
        {
            var runtime = OnnxRuntimeLibrary.Load();
            var providers = runtime.Providers.Select(name => name.Replace("ExecutionProvider", ""));
            var telemetry = runtime.SendsTelemetry ? "on (ORT_DISABLE_TELEMETRY is set so)" : "off";
            return $"{runtime.Version}, runs on {string.Join(", ", providers)}; telemetry {telemetry}";
        }

        private static string DescribeDecoding()
        {
            using var bitmap = new SKBitmap(3, 2);
            using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            using var decoded = SKBitmap.Decode(png);
            if (decoded?.Width != 3) throw new InvalidOperationException("a PNG that was just written cannot be read");
            return $"SkiaSharp {Version(typeof(SKBitmap))}, works";
        }

        private static string Version(Type type)
        {
            var version = type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
            return version?.Split('+', '-')[0] ?? $"{type.Assembly.GetName().Version}";
        }
    }
}
