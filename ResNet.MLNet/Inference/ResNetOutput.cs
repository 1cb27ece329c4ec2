namespace ResNet.MLNet;

/// <summary>Which output of a network is wanted.</summary>
public enum ResNetOutput
{
    /// <summary>The global average pool: [<see cref="ResNetModel.FeatureCount"/>], ready for any trainer.</summary>
    Features,

    /// <summary>The scores before softmax or sigmoid: [<see cref="ResNetModel.ClassCount"/>].</summary>
    Logits,

    /// <summary>
    /// [<see cref="ResNetModel.ClassCount"/>] 0 to 1: the scores after softmax, with sum 1, or after sigmoid, as the card says
    /// (<see cref="ModelCard.ScoreFunction"/>).
    /// </summary>
    Probabilities,
}
