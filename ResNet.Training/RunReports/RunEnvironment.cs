using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>What a run is made with.</summary>
internal static class RunEnvironment
{
    /// <summary>Versions, system and device. Loads libtorch.</summary>
    /// <param name="device">Where the run computed.</param>
    public static IReadOnlyList<(string What, string Which)> Describe(Device device)
    {
        var found = LibTorch.Load();
        var processor = Processor.Name is { } name ? $"{name}, " : "";
        return
        [
            ("ResNet.Training", Version(typeof(RunEnvironment))),
            ("TorchSharp", Version(typeof(Tensor))),
            ("libtorch", found.Version),
            (".NET", RuntimeInformation.FrameworkDescription.Replace(".NET ", "", StringComparison.Ordinal)),
            ("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            ("Processor", $"{processor}{Environment.ProcessorCount} logical cores"),
            ("Device", device.type == DeviceType.CPU ? $"CPU, {found.Threads} threads" : DescribeGpu(device)),
        ];
    }

    private static string DescribeGpu(Device device)
    {
        var gpu = NvidiaDriver.Find().Gpus.ElementAtOrDefault(Math.Max(0, device.index));
        return gpu is null ? $"{device}" : $"{device}, {gpu.Name}";
    }

    private static string Version(Type type)
    {
        var version = type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return version is null ? $"{type.Assembly.GetName().Version}" : version.Split('+')[0];
    }
}
