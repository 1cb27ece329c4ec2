using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>The number format in which the convolutions compute; weights, batch norm and loss are always float32.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrainingPrecision>))]
public enum TrainingPrecision
{
    /// <summary>bfloat16 where the device computes faster with it (CUDA; x86 processors with AVX512-BF16 or AMX), else float32.</summary>
    Auto,

    /// <summary>32-bit floats, on a GPU, too.</summary>
    Float32,

    /// <summary>
    /// 32-bit floats of which a GPU multiplies only the first 10 bits of the fraction (TF32), several times as fast. Other devices
    /// compute with <see cref="Float32"/>.
    /// </summary>
    TensorFloat32,

    /// <summary>bfloat16: 8 bits of fraction, the range of float32.</summary>
    BFloat16,
}
