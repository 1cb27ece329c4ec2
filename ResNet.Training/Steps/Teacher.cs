using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// A trained network that another one learns from. It sees the very pixels that its student sees, prepared as it was trained to see them,
/// and is not changed.
/// </summary>
internal sealed class Teacher : IDisposable
{
    private readonly ResNetModule _network;
    private readonly DeviceInput _input;
    private readonly Tensor _classes;

    /// <summary>Moves the network to the device and takes charge of it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="preprocessing">How it was trained to see images; their size is the student's.</param>
    /// <param name="classes">Which of its classes each of the student's classes is.</param>
    /// <param name="precision">The number format that convolutions compute in.</param>
    /// <param name="device">Where the student learns.</param>
    public Teacher(ResNetModule network, ImagePreprocessing preprocessing, long[] classes, TrainingPrecision precision, Device device)
    {
        _network = network;
        _network.to(device);
        _network.eval();
        _input = new(preprocessing, precision, device);
        if (preprocessing.MeanImage is { } image) _input.Subtract(image);
        _classes = tensor(classes, device: device);
    }

    /// <summary>The pixels of a batch as the network wants them, mixed as the student's are, in the caller's dispose scope.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="mixture">How they are mixed; null for not at all.</param>
    public Tensor Load(Batch batch, Mixture? mixture)
    {
        var (images, targets) = _input.Load(batch);
        targets.Dispose();
        // Mixing before or after what a network subtracts and divides by is the same.
        mixture?.Apply(images);
        return images;
    }

    /// <summary>[batch, classes] what the network says of images, for the student's classes, in the caller's dispose scope.</summary>
    /// <param name="images">What <see cref="Load"/> gave, or some of it.</param>
    public Tensor LogitsOf(Tensor images)
    {
        using var _ = no_grad();
        using var all = _network.forward(images);
        return all.index_select(1, _classes);
    }

    public void Dispose()
    {
        _network.Dispose();
        _input.Dispose();
        _classes.Dispose();
    }
}
