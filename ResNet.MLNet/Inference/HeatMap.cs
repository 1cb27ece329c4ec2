namespace ResNet.MLNet;

/// <summary>How much each place of an image speaks for a class.</summary>
/// <param name="Values">[height, width], of any scale.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
internal sealed record HeatMap(float[] Values, int Height, int Width)
{
    private readonly float _least = Values.Min();
    private readonly float _greatest = Values.Max();

    /// <summary>
    /// The value at a point of the image, which the places share evenly: linear between their centers, from 0 (the least place) to 1 (the
    /// greatest). 0 everywhere if all places are equal.
    /// </summary>
    /// <param name="x">0 (left edge) to 1.</param>
    /// <param name="y">0 (upper edge) to 1.</param>
    public double At(double x, double y)
    {
        if (!(_greatest > _least)) return 0;
        var column = Neighbors.Of(x, Width);
        var row = Neighbors.Of(y, Height);
        var upper = column.Interpolate(Values.AsSpan(row.First * Width, Width));
        var lower = column.Interpolate(Values.AsSpan(row.Second * Width, Width));
        return (double.Lerp(upper, lower, row.Share) - _least) / (_greatest - _least);
    }

    /// <summary>The two places on one axis that a point lies between.</summary>
    /// <param name="First">The place before the point.</param>
    /// <param name="Second">The place behind it.</param>
    /// <param name="Share">How far the point is from the first to the second, 0 to 1.</param>
    private readonly record struct Neighbors(int First, int Second, double Share)
    {
        public static Neighbors Of(double at, int count)
        {
            var place = Math.Clamp(at * count - 0.5, 0, count - 1);
            var first = (int)place;
            return new(first, Math.Min(first + 1, count - 1), place - first);
        }

        public double Interpolate(ReadOnlySpan<float> row) => double.Lerp(row[First], row[Second], Share);
    }
}
