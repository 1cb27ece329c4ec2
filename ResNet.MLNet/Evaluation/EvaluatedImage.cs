namespace ResNet.MLNet;

/// <summary>What a network says of an image whose class is known.</summary>
/// <param name="Index">The image: its index in the data set.</param>
/// <param name="Name">What it is called: its path, or its place in its file or table.</param>
/// <param name="Label">The class that it is of, by its number in the network.</param>
/// <param name="Predicted">The class of the highest probability, by its number in the network.</param>
/// <param name="Probability">The probability of <paramref name="Predicted"/>, 0 to 1.</param>
/// <param name="LabelProbability">The probability of <paramref name="Label"/>, 0 to 1.</param>
/// <param name="Rank">How many classes have higher probabilities than <paramref name="Label"/>: 0 if it is predicted.</param>
public sealed record EvaluatedImage(
    int Index, string Name, int Label, int Predicted, float Probability, float LabelProbability, int Rank)
{
    /// <summary>Whether the prediction is correct.</summary>
    public bool IsCorrect => Label == Predicted;
}
