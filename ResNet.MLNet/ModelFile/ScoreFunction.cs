using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>How a network makes probabilities of its logits.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScoreFunction>))]
public enum ScoreFunction
{
    /// <summary>Softmax over the classes, of which one is right: the probabilities of an image add up to 1.</summary>
    Softmax,

    /// <summary>
    /// Sigmoid of each logit: each class is a question of its own, so that the probabilities of an image add up to anything. Networks that
    /// were trained with binary cross-entropy have it.
    /// </summary>
    Sigmoid,
}
