using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>What a network's scores (logits) are compared with the classes by.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LossFunction>))]
public enum LossFunction
{
    /// <summary>Cross-entropy after softmax: exactly one class is right, and the probabilities of all add up to 1.</summary>
    CrossEntropy,

    /// <summary>
    /// Binary cross-entropy after sigmoid: each class is a question of its own, yes or no. It is added up over the classes, so that the
    /// gradient of a logit has the scale that it has with cross-entropy and learning rates stay usable, and averaged over the images.
    /// (timm's default divides by the number of classes, too; its option bce-sum is this one.) The model file's probabilities are then
    /// sigmoids, which need not add up to 1.
    /// </summary>
    BinaryCrossEntropy,
}
