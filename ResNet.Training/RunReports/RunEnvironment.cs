using System.Reflection;
using System.Runtime.InteropServices;
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
        return
        [
            ("ResNet.Training", Version(typeof(RunEnvironment))),
            ("TorchSharp", Version(typeof(Tensor))),
            ("libtorch", found.Version),
            (".NET", RuntimeInformation.FrameworkDescription.Replace(".NET ", "", StringComparison.Ordinal)),
            ("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            ("Processor", $"{(Processor.Name is { } name ? $"{name}, " : "")}{System.Environment.ProcessorCount} logical cores"),
            ("Device", device.type == TorchSharp.DeviceType.CPU ? $"CPU, {found.Threads} threads" : $"{device}{(NvidiaDriver.Find().Gpus.ElementAtOrDefault(Math.Max(0, device.index)) is { } gpu ? $", {gpu.Name}" : "")}"),
        ];
    }

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? $"{type.Assembly.GetName().Version}";
}
