namespace ResNet.MLNet;

/// <summary>A class that a network sees in an image.</summary>
/// <param name="Label">The name of the class; its number, in digits, if the model does not know its names.</param>
/// <param name="Probability">The probability, 0 to 1 (see <see cref="ModelCard.ScoreFunction"/>).</param>
public readonly record struct ClassPrediction(string Label, float Probability)
{
    /// <summary>The number of the class, from 0: its place among the scores.</summary>
    public int Index { get; init; }
}
