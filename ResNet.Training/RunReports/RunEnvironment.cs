using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>What a run is made with.</summary>
internal static class RunEnvironment
{
    private const int LargestLeaf = unchecked((int)0x80000000), FirstNameLeaf = LargestLeaf + 2, LastNameLeaf = LargestLeaf + 4;

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
            ("Processor", $"{ProcessorName()}{System.Environment.ProcessorCount} logical cores"),
            ("Device", device.type == TorchSharp.DeviceType.CPU ? $"CPU, {found.Threads} threads" : $"{device}{(NvidiaDriver.Find().Gpus.ElementAtOrDefault(Math.Max(0, device.index)) is { } gpu ? $", {gpu.Name}" : "")}"),
        ];
    }

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? $"{type.Assembly.GetName().Version}";

    /// <summary>What an x86 processor calls itself (Intel's manual, volume 2A, CPUID: the brand string in leaves 80000002H to 80000004H), and a comma; else nothing.</summary>
    private static string ProcessorName()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(LargestLeaf, 0).Eax < unchecked((uint)LastNameLeaf)) return "";
        var name = new StringBuilder();
        for (var leaf = FirstNameLeaf; leaf <= LastNameLeaf; leaf++)
        {
            var (a, b, c, d) = X86Base.CpuId(leaf, 0);
            name.Append(Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>([a, b, c, d])));
        }

        return $"{name.ToString().Split('\0')[0].Trim()}, ";
    }
}
