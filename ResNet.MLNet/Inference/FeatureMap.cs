namespace ResNet.MLNet;

/// <summary>What a layer gives for one image.</summary>
public sealed class FeatureMap
{
    internal FeatureMap(string layer, float[] values, int channels, int height, int width)
    {
        Layer = layer;
        Values = values;
        Channels = channels;
        Height = height;
        Width = width;
    }

    /// <summary>The layer (<see cref="ResNetModel.LayerNames"/>).</summary>
    public string Layer { get; }

    /// <summary>[<see cref="Channels"/>, <see cref="Height"/>, <see cref="Width"/>] values, one channel after the other.</summary>
    public IReadOnlyList<float> Values { get; }

    /// <summary>Number of channels.</summary>
    public int Channels { get; }

    /// <summary>Rows of places.</summary>
    public int Height { get; }

    /// <summary>Columns of places.</summary>
    public int Width { get; }

    /// <summary>The values of one channel.</summary>
    /// <param name="index">The channel, from 0.</param>
    /// <returns>[<see cref="Height"/>, <see cref="Width"/>] values.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such channel.</exception>
    public ReadOnlySpan<float> Channel(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Channels);
        return ((float[])Values).AsSpan(index * Height * Width, Height * Width);
    }

    /// <summary>The mean of each channel over all places: what the global average pool makes of the last layer.</summary>
    /// <returns>[<see cref="Channels"/>] values.</returns>
    public float[] Pool()
    {
        var pooled = new float[Channels];
        for (var channel = 0; channel < Channels; channel++)
        {
            double sum = 0;
            foreach (var value in Channel(channel)) sum += value;
            pooled[channel] = (float)(sum / (Height * Width));
        }

        return pooled;
    }
}
