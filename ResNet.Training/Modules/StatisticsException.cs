using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Batch norm cannot take mean and variance of one value: their difference is 0, and nothing would be learned.</summary>
internal sealed class StatisticsException(string message) : InvalidOperationException(message)
{
    /// <summary>What to do about it.</summary>
    public const string Advice =
        "Batch norm needs more than one value of each channel to learn. Use a larger BatchSize or fewer parts (GradientAccumulation), " +
        "larger images (Preprocessing.Crop), or more images.";

    /// <summary>Checks the input of batch norm in training.</summary>
    /// <param name="input">[batch, channels, height, width]</param>
    /// <exception cref="StatisticsException">There is one value of each channel.</exception>
    public static void ThrowIfSingle(Tensor input)
    {
        if (input.shape is not [var images, _, var height, var width] || images * height * width != 1) return;
        throw new StatisticsException($"A step has one image, whose map has shrunk to 1 x 1 pixels. {Advice}");
    }
}
