using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet;
using ResNet.Training;
using SkiaSharp;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet doctor`: what this machine has, what is missing, and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Shows what this machine has: libtorch, CUDA, ONNX Runtime, and what to do where something is missing.");
        command.SetWork((_, _) => Examine(AnsiConsole.Console));
        return command;
    }

    private static int Examine(IAnsiConsole console)
    {
        var healthy = true;
        var table = CommandLine.CreateTable("", "What", "Found");
        Row("System", () => $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
        Row("Processor", () => $"{Environment.ProcessorCount} cores; bfloat16 {(DeviceInput.BFloat16IsFast() ? "in hardware, used for training" : "not in hardware: training uses float32")}");
        Row("Memory", () => $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0.0} GB");
        Row("libtorch", () => Describe(LibTorch.Load()));
        // Without libtorch there is nothing to ask.
        if (healthy) Row("CUDA for training", () => LibTorch.Load().CudaDevices switch
        {
            0 => "no device: training runs on the CPU. A CUDA libtorch (build with -p:TorchBackend=cuda, or RESNET_LIBTORCH) and an NVIDIA driver change that.",
            var count => $"{count} device{(count == 1 ? "" : "s")}",
        });
        Row("ONNX Runtime", () => $"{OrtEnv.Instance().GetVersionString()}, runs on {string.Join(", ", OrtEnv.Instance().GetAvailableProviders().Select(name => name.Replace("ExecutionProvider", "")))}");
        Row("ML.NET", () => Version(typeof(MLContext)));
        Row("Image decoding", () => $"SkiaSharp {Version(typeof(SKBitmap))}, {(Decodes() ? "works" : throw new InvalidOperationException("a PNG that was just written cannot be read"))}");
        Row("Cache", () => $"{CacheFolder.Path} ({CacheFolder.Variable} overrides)");
        console.Write(table);
        return healthy ? CommandLine.Done : CommandLine.Failed;

        void Row(string what, Func<string> find)
        {
            try
            {
                table.AddRow(new Markup("[green]ok[/]"), new Text(what), new Text(find()));
            }
            catch (Exception problem)
            {
                // Each row is independent of the others: one that fails says why and the rest is examined all the same.
                healthy = false;
                table.AddRow(new Markup("[red]no[/]"), new Text(what), new Text(problem is not LibTorchException && problem.GetBaseException() is DllNotFoundException missing ? $"a native library is missing: {missing.Message}" : problem.Message));
            }
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
        return new ImageDecoder(applyOrientation: true).Decode(png.Span).Width == 3;
    }
}
