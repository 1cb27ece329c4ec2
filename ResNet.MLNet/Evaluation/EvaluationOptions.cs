namespace ResNet.MLNet;

/// <summary>How a network is evaluated.</summary>
public sealed record EvaluationOptions
{
    /// <summary>
    /// The largest image that is decoded, in pixels, from 1; checked before memory is taken. Default: 178,956,970, as Pillow.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumPixels { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumPixels;

    /// <summary>The longest image file that is read, in bytes, from 1. Default: 256 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long MaximumFileBytes { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumFileBytes;

    internal ImageLimits Limits => new(MaximumPixels, MaximumFileBytes);
}

/// <summary>How far an evaluation is.</summary>
/// <param name="Done">Images that are done.</param>
/// <param name="Count">All images.</param>
public sealed record EvaluationProgress(int Done, int Count);
