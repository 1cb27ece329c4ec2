using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>Which epoch's network a run keeps.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<KeptEpoch>))]
public enum KeptEpoch
{
    /// <summary>
    /// The one with the most correct predictions on the validation images (of several labels: the highest mean average precision), then
    /// the lowest loss; without validation images the last. The figures on these images are then slightly too high, since they chose the
    /// network.
    /// </summary>
    Best,

    /// <summary>The last.</summary>
    Last,
}
