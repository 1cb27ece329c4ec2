using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>How numbers lie in weight files, little-endian. The floating-point types come first.</summary>
internal enum NumberType
{
    Float64,
    Float32,
    Float16,
    BFloat16,
    Int64,
    Int32,
    Int16,
    Int8,
    UInt8,
    Bool,
}

/// <summary>Sizes and conversions of <see cref="NumberType"/>.</summary>
internal static class NumberTypes
{
    /// <summary>Bytes of one number.</summary>
    public static int Size(this NumberType type) => type switch
    {
        NumberType.Float64 or NumberType.Int64 => 8,
        NumberType.Float32 or NumberType.Int32 => 4,
        NumberType.Float16 or NumberType.BFloat16 or NumberType.Int16 => 2,
        _ => 1,
    };

    /// <summary>Whether a weight can be of this type; integers and booleans are counters and the like.</summary>
    public static bool IsFloat(this NumberType type) => type <= NumberType.BFloat16;

    /// <summary>Widens (or, from double, rounds) numbers to float.</summary>
    /// <exception cref="ArgumentException">The type is not a floating-point type.</exception>
    public static float[] ToFloats(this NumberType type, ReadOnlySpan<byte> bytes)
    {
        switch (type)
        {
            case NumberType.Float32:
                return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
            case NumberType.Float64:
                return Convert<double>(bytes, value => (float)value);
            case NumberType.Float16:
                return Convert<Half>(bytes, value => (float)value);
            case NumberType.BFloat16:
                return Convert<ushort>(bytes, bits => BitConverter.UInt32BitsToSingle((uint)bits << 16));
            default:
                throw new ArgumentException($"{type} is not a type of weights.");
        }
    }

    private static float[] Convert<T>(ReadOnlySpan<byte> bytes, Func<T, float> convert)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(bytes);
        var to = new float[from.Length];
        for (var i = 0; i < to.Length; i++) to[i] = convert(from[i]);
        return to;
    }
}
