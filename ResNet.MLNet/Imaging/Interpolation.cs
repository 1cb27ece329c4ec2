using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>
/// The filter that makes pixels between those of the source. All filters are widened when an image shrinks, as in Pillow and torchvision.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Interpolation>))]
public enum Interpolation
{
    /// <summary>Triangle filter, one pixel to each side. torchvision's default.</summary>
    Bilinear,

    /// <summary>Cubic filter with a = -0.5, two pixels to each side.</summary>
    Bicubic,

    /// <summary>The mean of the covered pixels.</summary>
    Box,
}
