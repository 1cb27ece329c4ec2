using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>
/// A mean for each pixel of a network's input and each of its channels, which some networks subtract in place of one for each channel (He
/// et al. 2015, sections 3.4 and 4.2: "with the per-pixel mean subtracted"). Immutable; two are equal if their values are.
/// </summary>
/// <remarks>As JSON it is one text: base64 of its values as little-endian float32.</remarks>
[JsonConverter(typeof(JsonFormat))]
public sealed class MeanImage : IEquatable<MeanImage>
{
    private const int Channels = 3;
    private const int GreatestSize = 2048;

    private readonly float[] _values;
    private readonly int _hash;

    /// <summary>Makes a mean image of values.</summary>
    /// <param name="size">Height and width in pixels (1 to 2048).</param>
    /// <param name="values">
    /// [3, size, size]: the red plane, the green, the blue; where pixels are 0 to 1. Divide by 255 what is on a scale of 0 to 255.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    /// <exception cref="ArgumentException">There are not that many values, or one is not from 0 to 1.</exception>
    public MeanImage(int size, ReadOnlySpan<float> values)
    {
        Size = Guard.InRange(size, 1, GreatestSize, nameof(size));
        if (values.Length != Channels * size * size)
        {
            throw new ArgumentException(
                $"A mean image of {size} x {size} pixels has {Channels * size * size} values, not {values.Length}.", nameof(values));
        }

        foreach (var value in values)
        {
            if (value is >= 0 and <= 1) continue;
            throw new ArgumentException(
                $"A mean image has values from 0 to 1, and one is {value}. Divide values on a scale of 0 to 255 by 255.", nameof(values));
        }

        _values = values.ToArray();
        var hash = new HashCode();
        foreach (var value in values) hash.Add(value);
        _hash = hash.ToHashCode();
        ChannelMeans = new(MeanOf(0), MeanOf(1), MeanOf(2));
    }

    /// <summary>Height and width in pixels.</summary>
    public int Size { get; }

    /// <summary>[3, size, size] values from 0 to 1: the red plane, the green, the blue.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The mean of each channel.</summary>
    public Rgb ChannelMeans { get; }

    /// <inheritdoc/>
    public bool Equals(MeanImage? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && Values.SequenceEqual(other.Values));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MeanImage);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Its size, such as "32 x 32 pixels".</summary>
    public override string ToString() => $"{Size} x {Size} pixels";

    private float MeanOf(int channel)
    {
        var plane = _values.AsSpan(channel * Size * Size, Size * Size);
        var sum = 0.0;
        foreach (var value in plane) sum += value;
        return (float)(sum / plane.Length);
    }

    /// <summary>Writes and reads the values; the size follows from their number.</summary>
    internal sealed class JsonFormat : JsonConverter<MeanImage>
    {
        public override MeanImage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            byte[]? bytes = null;
            var isText = reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out bytes);
            var size = isText ? (int)Math.Round(Math.Sqrt(bytes!.Length / sizeof(float) / Channels)) : 0;
            if (size == 0 || size > GreatestSize || bytes!.Length != Channels * size * size * sizeof(float))
                throw new JsonException("a mean image is not base64 of [3, size, size] float32 values");
            var values = new float[Channels * size * size];
            for (var i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(sizeof(float) * i));
            return new(size, values);
        }

        public override void Write(Utf8JsonWriter writer, MeanImage value, JsonSerializerOptions options)
        {
            var bytes = new byte[sizeof(float) * value._values.Length];
            for (var i = 0; i < value._values.Length; i++)
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(sizeof(float) * i), value._values[i]);
            writer.WriteBase64StringValue(bytes);
        }
    }
}
