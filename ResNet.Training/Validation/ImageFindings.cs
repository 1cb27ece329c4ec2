namespace ResNet.Training;

/// <summary>The images that tell most about a network.</summary>
/// <param name="Mistakes">Those it is most sure of and wrong about, the worst first.</param>
/// <param name="Doubtful">Those it is correct about, but least sure of, the least sure first.</param>
internal sealed record ImageFindings(IReadOnlyList<ScoredImage> Mistakes, IReadOnlyList<ScoredImage> Doubtful);

/// <summary>What a network says of one image.</summary>
internal sealed record ScoredImage
{
    /// <summary>The image's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its class.</summary>
    public required int TrueClass { get; init; }

    /// <summary>The class that the network takes it for.</summary>
    public required int Prediction { get; init; }

    /// <summary>The probability that the network gives the true class, 0 to 1.</summary>
    public required double TrueProbability { get; init; }

    /// <summary>The probability that it gives its prediction, 0 to 1.</summary>
    public required double PredictionProbability { get; init; }

    /// <summary>The image as the network sees it.</summary>
    public required EncodedImage Picture { get; init; }

    /// <summary>The same picture, colored by what speaks for the prediction (see <see cref="HeatMapPainter"/>).</summary>
    public required EncodedImage HeatMap { get; init; }
}
