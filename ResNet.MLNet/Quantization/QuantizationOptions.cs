namespace ResNet.MLNet;

/// <summary>How a network is quantized.</summary>
public sealed record QuantizationOptions
{
    /// <summary>How ranges are chosen. Default: <see cref="CalibrationMethod.Mse"/>, the least squared error.</summary>
    public CalibrationMethod Method { get; init; }

    /// <summary>The most images that ranges are found from, spread evenly over those given: from 1. Default: 500.</summary>
    public int CalibrationImages { get; init; } = 500;

    /// <summary>
    /// The most images that float and integer network are compared on: from 1. Default: 500. Images that calibration did not see are used
    /// if there are any.
    /// </summary>
    public int ComparisonImages { get; init; } = 500;

    /// <summary>
    /// The largest image that is decoded, in pixels, from 1; checked before memory is taken. Default: 178,956,970, as Pillow.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumPixels { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumPixels;

    /// <summary>The longest image file that is read, in bytes, from 1. Default: 256 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumFileBytes { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumFileBytes;

    /// <summary>How images are prepared for a model file from elsewhere. Default: null, as the model file says.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>
    /// Gives the true class of an image by its path: the index among the model's classes, null where it is not known. Default: null, no
    /// class is known, so accuracy is not measured.
    /// </summary>
    public Func<string, int?>? LabelOf { get; init; }

    internal ImageLimits Limits => new(MaximumPixels, MaximumFileBytes);
}
