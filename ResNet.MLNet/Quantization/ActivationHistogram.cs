namespace ResNet.MLNet;

/// <summary>
/// How the values of one activation are spread, in a fixed number of bins over a range that doubles when it has to, so that one pass over
/// any number of images is enough; and the mean of each channel.
/// </summary>
internal sealed class ActivationHistogram
{
    private const int Half = 2048;
    private readonly long[] _bins = new long[2 * Half];
    private float _limit;
    private double[] _sums = [];
    private long _perChannel;

    /// <summary>The smallest and the greatest value so far.</summary>
    public float Min { get; private set; }

    public float Max { get; private set; }

    /// <summary>Width of a bin; values of bin i lie from (i - Half) * width on.</summary>
    public double BinWidth => (double)_limit / Half;

    public ReadOnlySpan<long> Bins => _bins;

    /// <summary>Adds the values of one image, [channels, ...].</summary>
    public void Add(ReadOnlySpan<float> values, int channels)
    {
        if (_sums.Length == 0) _sums = new double[channels];
        var area = values.Length / channels;
        for (var channel = 0; channel < channels; channel++)
        {
            double sum = 0;
            foreach (var value in values.Slice(channel * area, area))
            {
                sum += value;
                if (value < Min) Min = value;
                else if (value > Max) Max = value;
            }

            _sums[channel] += sum;
        }

        _perChannel += area;
        Grow(Math.Max(Max, -Min));
        if (_limit == 0) return;
        var scale = Half / _limit;
        foreach (var value in values) _bins[Math.Clamp((int)MathF.Floor(value * scale) + Half, 0, 2 * Half - 1)]++;
    }

    /// <summary>Mean of a channel.</summary>
    public double MeanOf(int channel) => _sums[channel] / _perChannel;

    /// <summary>The value that bin i stands for: its middle.</summary>
    public double Middle(int bin) => (bin - Half + 0.5) * BinWidth;

    private void Grow(float needed)
    {
        if (_limit == 0) _limit = needed;
        while (_limit < needed)
        {
            // Two bins become one, towards the middle.
            var wide = new long[2 * Half];
            for (var i = 0; i < 2 * Half; i++) wide[(i + Half) / 2] += _bins[i];
            wide.CopyTo(_bins, 0);
            _limit *= 2;
        }
    }
}
