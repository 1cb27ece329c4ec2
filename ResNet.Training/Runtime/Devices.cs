using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Chooses where to compute.</summary>
internal static class Devices
{
    /// <summary>Reads <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    /// <exception cref="ArgumentException">It is something else, or a device that is not there.</exception>
    public static Device Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var found = LibTorch.Load();
        if (name == "auto") return found.CudaDevices > 0 ? CUDA : CPU;
        if (name == "cpu") return CPU;
        var number = name == "cuda" ? 0 : name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), out var given) && given >= 0 ? given : -1;
        if (number < 0) throw new ArgumentException($"'{name}' is no device: it is auto, cpu, cuda or cuda:N.");
        return number < found.CudaDevices ? device(TorchSharp.DeviceType.CUDA, number) : throw new ArgumentException(
            $"There is no device '{name}': libtorch in {found.Folder} finds {found.CudaDevices} CUDA devices. `resnet doctor` says more.");
    }
}
