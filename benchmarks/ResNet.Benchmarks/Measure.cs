using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ResNet.Benchmarks;

/// <summary>Figures and the machine that they are from.</summary>
internal static class Measure
{
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The most memory that this process ever had, in MB.</summary>
    public static double PeakMemory() => File.Exists("/proc/self/status")
        ? File.ReadLines("/proc/self/status").Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024).Single()
        : Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0;

    public static string Machine()
    {
        var processor = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("model name", StringComparison.Ordinal)).Split(':')[1].Trim() : RuntimeInformation.ProcessArchitecture.ToString();
        return $"{processor}, {Environment.ProcessorCount} cores; {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}; ML.NET {Version(typeof(Microsoft.ML.MLContext))}, ONNX Runtime {Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString()}; {DateTime.UtcNow:yyyy-MM-dd}";
    }

    /// <summary>What a device is called here and in PyTorch.</summary>
    public static string NameOf(TorchSharp.torch.Device device) => device.type == TorchSharp.DeviceType.CUDA ? $"cuda:{Math.Max(0, device.index)}" : "cpu";

    /// <summary>The Python that has PyTorch: the variable PYTHON, else Debian's.</summary>
    public static string Python => Environment.GetEnvironmentVariable("PYTHON") is { Length: > 0 } chosen ? chosen : "/usr/bin/python3";

    /// <summary>The figure that a script of benchmarks/peers prints.</summary>
    public static double Peer(string script, params string[] arguments) => double.Parse(Output(Python, [PeerPath(script), .. arguments]), CultureInfo.InvariantCulture);

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

    private static string Version(Type type) =>
        ((System.Reflection.AssemblyInformationalVersionAttribute)type.Assembly.GetCustomAttributes(typeof(System.Reflection.AssemblyInformationalVersionAttribute), false)[0]).InformationalVersion.Split('+')[0];
}
