namespace ResNet.MLNet;

/// <summary>
/// Where in an image a network sees a class (class activation map; Zhou et al. 2016). A residual network ends in a mean over all places of
/// its last map and a linear layer, so the share of each place in the logit is known exactly.
/// </summary>
public sealed class ActivationMap
{
    private readonly HeatMap _heat;
    private readonly byte[] _pixels;
    private readonly int _size;

    internal ActivationMap(ClassPrediction prediction, HeatMap heat, byte[] pixels, int size)
    {
        Prediction = prediction;
        _heat = heat;
        _pixels = pixels;
        _size = size;
    }

    /// <summary>The class, with its probability for the whole image.</summary>
    public ClassPrediction Prediction { get; }

    /// <summary>
    /// [<see cref="Height"/>, <see cref="Width"/>] the logit that each place has by itself, row by row. Their mean is the image's logit.
    /// </summary>
    public IReadOnlyList<float> Logits => _heat.Values;

    /// <summary>Rows of places.</summary>
    public int Height => _heat.Height;

    /// <summary>Columns of places.</summary>
    public int Width => _heat.Width;

    /// <summary>The heat at a point of the network's input, linear between the centers of places.</summary>
    /// <param name="x">0 (left edge) to 1.</param>
    /// <param name="y">0 (upper edge) to 1.</param>
    /// <returns>0 (the place with the least logit) to 1 (the one with the greatest); 0 everywhere if all places are equal.</returns>
    public double At(double x, double y) => _heat.At(x, y);

    /// <summary>A picture of the network's input, resized and cropped as the network sees it, colored by the heat.</summary>
    /// <returns>
    /// A JPEG file, a square of the network's size; small ones are enlarged by a whole factor, large ones reduced, to 256 pixels at most.
    /// </returns>
    public byte[] ToJpeg() => new HeatMapPainter().Paint(_pixels, _size, _heat).HeatMap.Data;
}
