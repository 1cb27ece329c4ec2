using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Brings batches to the device: bytes to normalized numbers of the precision in use, channels last in memory.</summary>
internal sealed class DeviceInput : IDisposable
{
    private readonly int _size;
    private readonly ScalarType _type;
    private readonly Tensor _mean, _scale;

    public DeviceInput(ImagePreprocessing preprocessing, TrainingPrecision precision, Device device)
    {
        (_size, Device) = (preprocessing.Crop, device);
        _type = UsesBFloat16(precision, device) ? ScalarType.BFloat16 : ScalarType.Float32;
        var (mean, std) = (preprocessing.Mean, preprocessing.Std);
        _mean = tensor(new[] { 255 * mean.R, 255 * mean.G, 255 * mean.B }, device: device);
        _scale = tensor(new[] { 1 / (255 * std.R), 1 / (255 * std.G), 1 / (255 * std.B) }, device: device);
    }

    public Device Device { get; }

    /// <summary>
    /// The pixels as [count, 3, size, size] in the precision in use and the targets as [count] int64, in the caller's dispose scope.
    /// </summary>
    public (Tensor Images, Tensor Targets) Load(Batch batch)
    {
        using var scope = NewDisposeScope();
        var bytes = ToDevice(tensor(batch.Pixels, [batch.Count, _size, _size, PixelBuffer.BytesPerPixel]));
        var images = bytes.narrow(3, 0, 3).to(float32).sub_(_mean).mul_(_scale).to(_type).permute(0, 3, 1, 2);
        var targets = ToDevice(tensor(batch.Targets));
        return (images.MoveToOuterDisposeScope(), targets.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// A GPU copies from pinned memory by itself: the next batch travels while this thread goes on. Elsewhere this copies nothing.
    /// </summary>
    private Tensor ToDevice(Tensor tensor) =>
        Device.type == DeviceType.CUDA ? tensor.pin_memory().to(Device, non_blocking: true) : tensor.to(Device);

    private static bool UsesBFloat16(TrainingPrecision precision, Device device) => precision switch
    {
        TrainingPrecision.Auto => device.type != DeviceType.CPU || Processor.BFloat16IsFast,
        _ => precision == TrainingPrecision.BFloat16,
    };

    public void Dispose()
    {
        _mean.Dispose();
        _scale.Dispose();
    }
}
