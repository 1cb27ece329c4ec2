using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>How much the classes count in the loss.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ClassWeighting>))]
public enum ClassWeighting
{
    /// <summary>Every image counts alike.</summary>
    None,

    /// <summary>Every class counts alike: an image counts by images / (classes * images of its class).</summary>
    Balanced,
}
