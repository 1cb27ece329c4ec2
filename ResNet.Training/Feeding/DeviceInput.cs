using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Brings batches to the device: bytes to normalized numbers of the precision in use, channels last in memory.</summary>
internal sealed class DeviceInput : IDisposable
{
    private readonly int _size;
    private readonly ScalarType _type;
    private readonly Tensor _scale;
    private Tensor _mean;

    // [3 * size * 3 * size, 3]: the mean image amid zeros, for images that are padded and cropped.
    private Tensor? _meanAmidZeros;

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
    /// The pixels as [count, 3, size, size] in the precision in use and the targets as [count] int64, or where images have several labels
    /// as [count, classes] float32, in the caller's dispose scope.
    /// </summary>
    public (Tensor Images, Tensor Targets) Load(Batch batch)
    {
        using var scope = NewDisposeScope();
        var bytes = ToDevice(tensor(batch.Pixels, [batch.Count, _size, _size, PixelBuffer.BytesPerPixel]));
        var mean = batch.Placements is { } placements && _meanAmidZeros is not null ? MeanAt(placements) : _mean;
        var images = bytes.narrow(3, 0, 3).to(float32).sub_(mean).mul_(_scale).to(_type).permute(0, 3, 1, 2);
        var targets = batch.Labels is { } labels ? tensor(labels, [batch.Count, labels.Length / batch.Count]) : tensor(batch.Targets);
        targets = ToDevice(targets);
        return (images.MoveToOuterDisposeScope(), targets.MoveToOuterDisposeScope());
    }

    /// <summary>Subtracts a mean image from now on.</summary>
    /// <param name="image">The mean image, of the input's size.</param>
    public void Subtract(MeanImage image)
    {
        using var scope = NewDisposeScope();
        float[] values = [.. image.Values];
        for (var i = 0; i < values.Length; i++) values[i] *= byte.MaxValue;
        Dispose(_mean, _meanAmidZeros);
        _mean = tensor(values, [3, _size, _size]).permute(1, 2, 0).contiguous().to(Device).DetachFromDisposeScope();
        var padded = zeros([3 * _size, 3 * _size, 3], float32, Device);
        padded.narrow(0, _size, _size).narrow(1, _size, _size).copy_(_mean);
        _meanAmidZeros = padded.view(-1, 3).DetachFromDisposeScope();
    }

    /// <summary>
    /// [count, size, size, 3] what is subtracted from images that are padded and cropped: of each pixel the mean of the place that it had,
    /// of the padding zero.
    /// </summary>
    private Tensor MeanAt(Placement[] placements)
    {
        var side = 3L * _size;
        var rows = new long[placements.Length * _size];
        var columns = new long[placements.Length * _size];
        for (var i = 0; i < rows.Length; i++)
        {
            var (image, at) = Math.DivRem(i, _size);
            var (left, top, isMirrored) = placements[image];
            // Whoever pads more than an image's size sees no pixel of it.
            rows[i] = (_size + Math.Clamp(top, -_size, _size) + at) * side;
            columns[i] = _size + Math.Clamp(left, -_size, _size) + (isMirrored ? _size - 1 - at : at);
        }

        var row = ToDevice(tensor(rows, [placements.Length, _size, 1]));
        var column = ToDevice(tensor(columns, [placements.Length, 1, _size]));
        return _meanAmidZeros!.index_select(0, row.add(column, Scalars.One).view(-1)).view(placements.Length, _size, _size, 3);
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

    public void Dispose() => Dispose(_mean, _meanAmidZeros, _scale);

    private static void Dispose(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (var tensor in tensors) tensor?.Dispose();
    }
}
