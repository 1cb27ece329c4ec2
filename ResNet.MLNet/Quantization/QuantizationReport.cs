namespace ResNet.MLNet;

/// <summary>How far quantizing is.</summary>
/// <param name="Comparing">Whether it is comparing already; else it is calibrating.</param>
/// <param name="Done">Images that are done.</param>
/// <param name="Total">Images of this part.</param>
public sealed record QuantizationProgress(bool Comparing, int Done, int Total);

/// <summary>Float and integer network, compared on the same images.</summary>
public sealed record QuantizationReport
{
    /// <summary>The number of images that both networks were run on.</summary>
    public required int Images { get; init; }

    /// <summary>Share of the images for which both predict the same class, 0 to 1; null for a network without classes.</summary>
    public double? Agreement { get; init; }

    /// <summary>Mean cosine of both networks' features, up to 1; null for a network without features.</summary>
    public double? FeatureCosine { get; init; }

    /// <summary>The float network's top-1 accuracy on the images whose class is known, 0 to 1; null without such images.</summary>
    public double? FloatTop1 { get; init; }

    /// <summary>The integer network's top-1 accuracy on the images whose class is known, 0 to 1; null without such images.</summary>
    public double? IntegerTop1 { get; init; }

    /// <summary>Size of the float file in bytes.</summary>
    public long FloatBytes { get; init; }

    /// <summary>Size of the integer file in bytes, without what its card says of this comparison.</summary>
    public long IntegerBytes { get; init; }

    /// <summary>How many times faster one core runs the integer network (without preparing images).</summary>
    public required double SpeedUp { get; init; }

    /// <summary>Why images could not be read, a message for each.</summary>
    public required IReadOnlyList<string> Skipped { get; init; }
}
