namespace ResNet.MLNet;

/// <summary>Which output of a network is wanted.</summary>
public enum ResNetOutput
{
    /// <summary>The global average pool: [<see cref="ResNetModel.FeatureCount"/>], ready for any trainer.</summary>
    Features,

    /// <summary>The scores before softmax: [<see cref="ResNetModel.ClassCount"/>].</summary>
    Logits,

    /// <summary>The scores after softmax: [<see cref="ResNetModel.ClassCount"/>], 0 to 1, with sum 1.</summary>
    Probabilities,
}
