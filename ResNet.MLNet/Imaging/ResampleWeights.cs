namespace ResNet.MLNet;

/// <summary>
/// For each pixel of a stretch of the output, the input pixels that it is made of and their weights in fixed point: Pillow's
/// (22 bits, rounded half away from zero), so that results are Pillow's to the bit.
/// </summary>
internal sealed class ResampleWeights
{
    public const int PrecisionBits = 22;

    private int[] _starts = [], _counts = [], _weights = [];
    private double[] _exact = [];
    private int _stride;

    /// <summary>The number of output pixels.</summary>
    public int Length { get; private set; }

    /// <summary>The first input pixel that any output pixel uses.</summary>
    public int FirstInput { get; private set; }

    /// <summary>One behind the last input pixel that any output pixel uses.</summary>
    public int EndInput { get; private set; }

    public int Start(int output) => _starts[output];

    public ReadOnlySpan<int> Weights(int output) => _weights.AsSpan(output * _stride, _counts[output]);

    /// <summary>
    /// Computes the weights of output pixels <paramref name="first"/> .. <paramref name="first"/> + <paramref name="length"/>.
    /// </summary>
    /// <param name="inputSize">Pixels of the whole input.</param>
    /// <param name="boxStart">Where the part of the input that is scaled begins.</param>
    /// <param name="boxSize">Its size, in pixels.</param>
    /// <param name="outputSize">Pixels of the whole output.</param>
    /// <param name="first">The first output pixel wanted.</param>
    /// <param name="length">The number of output pixels wanted.</param>
    /// <param name="interpolation">The filter.</param>
    public void Compute(int inputSize, double boxStart, double boxSize, int outputSize, int first, int length, Interpolation interpolation)
    {
        var scale = boxSize / outputSize;
        var filterScale = Math.Max(scale, 1);
        var support = Support(interpolation) * filterScale;
        _stride = (int)Math.Ceiling(support) * 2 + 1;
        Length = length;
        Grow(ref _starts, length);
        Grow(ref _counts, length);
        Grow(ref _weights, checked(length * _stride));
        if (_exact.Length < _stride) _exact = new double[_stride];
        (FirstInput, EndInput) = (inputSize, 0);
        for (var i = 0; i < length; i++)
        {
            var center = boxStart + (first + i + 0.5) * scale;
            var start = Math.Max((int)(center - support + 0.5), 0);
            var count = Math.Min((int)(center + support + 0.5), inputSize) - start;
            (_starts[i], _counts[i]) = (start, count);
            FirstInput = Math.Min(FirstInput, start);
            EndInput = Math.Max(EndInput, start + count);
            Fill(_weights.AsSpan(i * _stride, count), center - start, 1 / filterScale, interpolation);
        }
    }

    private void Fill(Span<int> weights, double center, double inverseScale, Interpolation interpolation)
    {
        var sum = 0.0;
        for (var i = 0; i < weights.Length; i++) sum += _exact[i] = Filter(interpolation, (i - center + 0.5) * inverseScale);
        for (var i = 0; i < weights.Length; i++)
        {
            var weight = sum == 0 ? _exact[i] : _exact[i] / sum;
            weights[i] = (int)(weight * (1 << PrecisionBits) + (weight < 0 ? -0.5 : 0.5));
        }
    }

    private static double Support(Interpolation interpolation) => interpolation switch
    {
        Interpolation.Bilinear => 1,
        Interpolation.Bicubic => 2,
        _ => 0.5,
    };

    private static double Filter(Interpolation interpolation, double x)
    {
        if (interpolation == Interpolation.Box) return x is > -0.5 and <= 0.5 ? 1 : 0;
        x = Math.Abs(x);
        if (interpolation == Interpolation.Bilinear) return x < 1 ? 1 - x : 0;
        const double a = -0.5;
        if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static void Grow(ref int[] array, int length)
    {
        if (array.Length < length) array = new int[length];
    }
}
