using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>Which epoch's network a run keeps.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<KeptEpoch>))]
public enum KeptEpoch
{
    /// <summary>
    /// The one with the most correct predictions on the validation images, then the lowest loss; without validation images the last. The
    /// accuracy on these images is then slightly too high, since they chose the network.
    /// </summary>
    Best,

    /// <summary>The last.</summary>
    Last,
}
