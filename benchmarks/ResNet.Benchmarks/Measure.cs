using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.OnnxRuntime;

namespace ResNet.Benchmarks;

/// <summary>Figures and the machine that they are from.</summary>
internal static class Measure
{
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>The most memory that this process ever had, in MB.</summary>
    public static double PeakMemory()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status)) return Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0;
        var line = File.ReadLines(Status).Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;
    }

    public static string Machine()
    {
        string[] parts =
        [
            $"{Processor()}, {Environment.ProcessorCount} cores",
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
            $"ML.NET {Version(typeof(MLContext))}, ONNX Runtime {OrtEnv.Instance().GetVersionString()}",
            $"{DateTime.UtcNow:yyyy-MM-dd}",
        ];
        return string.Join("; ", parts);
    }

    /// <summary>What a device is called here and in PyTorch.</summary>
    public static string NameOf(TorchSharp.torch.Device device) =>
        device.type == TorchSharp.DeviceType.CUDA ? $"cuda:{Math.Max(0, device.index)}" : "cpu";

    /// <summary>The Python that has PyTorch: the variable PYTHON, else Debian's.</summary>
    public static string Python => Environment.GetEnvironmentVariable("PYTHON") is { Length: > 0 } chosen ? chosen : "/usr/bin/python3";

    /// <summary>The figure that a script of benchmarks/peers prints.</summary>
    public static double Peer(string script, params string[] arguments) =>
        double.Parse(Output(Python, [PeerPath(script), .. arguments]), CultureInfo.InvariantCulture);

    /// <summary>Runs a script of benchmarks/peers, whose output is seen, and gives its exit code.</summary>
    public static int RunPeer(string script, params string[] arguments)
    {
        using var process = Process.Start(Python, [PeerPath(script), .. arguments]);
        process.WaitForExit();
        return process.ExitCode;
    }

    public static string PeerPath(string script) => Path.Combine("benchmarks", "peers", script);

    /// <summary>What a program prints.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Output(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed.");
    }

    private static string Processor()
    {
        const string Information = "/proc/cpuinfo";
        if (!File.Exists(Information)) return RuntimeInformation.ProcessArchitecture.ToString();
        return File.ReadLines(Information).First(line => line.StartsWith("model name", StringComparison.Ordinal)).Split(':')[1].Trim();
    }

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
