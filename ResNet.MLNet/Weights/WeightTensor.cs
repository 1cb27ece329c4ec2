namespace ResNet.MLNet;

/// <summary>A dense float tensor of a <see cref="StateDict"/>, row-major.</summary>
public sealed class WeightTensor
{
    /// <summary>Wraps values; nothing is copied.</summary>
    /// <param name="shape">The dimensions, each from 0; an empty list for a scalar.</param>
    /// <param name="values">As many values as the shape says, the last dimension running fastest.</param>
    /// <exception cref="ArgumentException">The number of values is not the shape's.</exception>
    public WeightTensor(IReadOnlyList<int> shape, float[] values)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(values);
        // Sizes whose product is beyond all arrays may stand beside a zero.
        var count = shape.Contains(0) ? 0 : shape.Aggregate(1L, (product, size) => product > int.MaxValue ? product : product * size);
        if (count != values.Length)
            throw new ArgumentException($"A tensor of shape [{string.Join(", ", shape)}] has {count} values, not {values.Length}.");
        Shape = shape;
        Values = values;
    }

    /// <summary>The dimensions.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The values themselves, not a copy.</summary>
    public float[] Values { get; }
}
