using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>How the range that eight bits stand for is chosen from the values that calibration saw.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CalibrationMethod>))]
public enum CalibrationMethod
{
    /// <summary>The range with the least mean squared error.</summary>
    Mse,

    /// <summary>All that was seen.</summary>
    MinMax,

    /// <summary>All but 0.01 % of the values, half on each side.</summary>
    Percentile,

    /// <summary>
    /// The range whose eight-bit distribution is nearest to that of the values (Kullback-Leibler), as TensorRT chooses it.
    /// </summary>
    Entropy,
}
