namespace ResNet.Training;

/// <summary>What batch norm's forward pass has to know of one channel of its input.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Variance">The (biased) variance.</param>
/// <param name="Inverse">1 / the standard deviation, with epsilon.</param>
internal readonly record struct ChannelStatistics(float Mean, double Variance, float Inverse)
{
    /// <summary>
    /// The statistics from sums over the distances to a center (shifted data): sums of squares lose no digits where the center is near
    /// the mean, measured in standard deviations, and the variance does not depend on the center.
    /// </summary>
    /// <param name="center">The center.</param>
    /// <param name="sum">The sum of (value - center).</param>
    /// <param name="squares">The sum of (value - center)².</param>
    /// <param name="count">The number of values.</param>
    /// <param name="epsilon">Is added to the variance.</param>
    public static ChannelStatistics Of(float center, double sum, double squares, long count, double epsilon)
    {
        var shift = sum / count;
        var variance = Math.Max(0, squares / count - shift * shift);
        return new(center + (float)shift, variance, (float)(1 / Math.Sqrt(variance + epsilon)));
    }
}

/// <summary>The gradients of one channel's weight and bias, and how the gradient of its input is computed.</summary>
/// <param name="Weight">The weight's gradient.</param>
/// <param name="Bias">The bias' gradient.</param>
/// <param name="Factor">Input's gradient = output's gradient * Factor + input * InputFactor + Offset.</param>
/// <param name="InputFactor">See <paramref name="Factor"/>.</param>
/// <param name="Offset">See <paramref name="Factor"/>.</param>
internal readonly record struct ChannelGradients(float Weight, float Bias, float Factor, float InputFactor, float Offset)
{
    /// <summary>The gradients from sums over the channel (Ioffe and Szegedy 2015, section 3, solved for the input).</summary>
    /// <param name="sum">The sum of the output's gradients.</param>
    /// <param name="products">The sum of the output's gradients times (input - mean).</param>
    /// <param name="weight">Batch norm's weight.</param>
    /// <param name="mean">The input's mean.</param>
    /// <param name="inverse">1 / the input's standard deviation.</param>
    /// <param name="count">The number of values.</param>
    public static ChannelGradients Of(double sum, double products, float weight, float mean, float inverse, long count)
    {
        var scale = (double)weight * inverse;
        var slope = -scale * inverse * inverse * products / count;
        var offset = -scale * sum / count - mean * slope;
        return new((float)(products * inverse), (float)sum, (float)scale, (float)slope, (float)offset);
    }
}
