using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>Which training images an epoch shows.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Sampling>))]
public enum Sampling
{
    /// <summary>Every image once.</summary>
    Natural,

    /// <summary>
    /// As many images, but each class as often as the others (by one at most): images of rare classes are shown several times, differently
    /// varied, and of frequent classes an epoch shows a part. Which ones is a function of the recipe's seed and the epoch. Classes without
    /// images are left out.
    /// </summary>
    Balanced,
}
