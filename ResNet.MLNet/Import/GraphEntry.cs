using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// What a graph does to its input before the first convolution: another order of channels, a factor, a mean. It is measured by running that
/// part, whatever its operators are.
/// </summary>
internal sealed class GraphEntry
{
    private const int Channels = 3;
    private const double Tolerance = 1e-5;

    // For each channel that the first convolution takes: the input's channel, its factor, and what is added to each pixel.
    private readonly int[] _sources;
    private readonly float[] _factors;
    private readonly float[] _offsets;

    private GraphEntry(int[] sources, float[] factors, float[] offsets) => (_sources, _factors, _offsets) = (sources, factors, offsets);

    /// <summary>Whether channels keep their order and values.</summary>
    public bool IsIdentity => _sources is [0, 1, 2] && Array.TrueForAll(_factors, factor => factor == 1)
        && Array.TrueForAll(_offsets, offset => offset == 0);

    /// <summary>
    /// Whether it subtracts means of a scale of 0 to 255, so that it takes pixels as they are. False if there is nothing to tell that by.
    /// </summary>
    public bool TakesRawPixels => Enumerable.Range(0, Channels).Any(channel => MeanOf(channel) > 1.5);

    private int Area => _offsets.Length / Channels;

    /// <summary>Measures it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="value">The value that the first convolution takes.</param>
    /// <exception cref="InvalidDataException">It is not a factor and a sum for each pixel; or ONNX Runtime cannot run it.</exception>
    public static GraphEntry Measure(SimplifiedGraph graph, string value)
    {
        // Padding belongs to the convolution.
        while (graph.MakerOf(value) is { OpType: "Pad" } pad) value = pad.Input[0];
        if (value == graph.Input) return new([0, 1, 2], [1, 1, 1], new float[Channels]);
        using var part = new GraphPart(graph.Model, value);
        return Read(part);
    }

    /// <summary>Measures a graph that does nothing else, such as the one that prepares the input of another.</summary>
    /// <param name="model">The model of one input and one output.</param>
    public static GraphEntry Measure(ModelProto model)
    {
        var simplified = SimplifiedGraph.Of(model);
        if (simplified.Model.Graph.Output is not [var output]) throw new InvalidDataException("A graph that prepares images has one output.");
        using var part = new GraphPart(simplified.Model, output.Name);
        return Read(part);
    }

    /// <summary>How images are prepared for what follows, with this in it.</summary>
    /// <param name="given">How they are prepared for the graph's input.</param>
    /// <param name="inputs">For each of red, green and blue: the channel that the first convolution takes it as.</param>
    /// <exception cref="InvalidDataException">A deviation or a mean is out of its range.</exception>
    public ImagePreprocessing After(ImagePreprocessing given, out int[] inputs)
    {
        inputs = new int[Channels];
        var mean = new float[_offsets.Length];
        var std = new float[Channels];
        float[] givenMean = [given.Mean.R, given.Mean.G, given.Mean.B];
        float[] givenStd = [given.Std.R, given.Std.G, given.Std.B];
        var image = given.MeanImage;
        if (image is not null && Area == 1) mean = new float[image.Values.Length];
        var area = mean.Length / Channels;
        if (image is not null && image.Values.Length != mean.Length)
            throw new InvalidDataException($"the graph subtracts an image of {Area} pixels, the mean image given has {image}");
        for (var channel = 0; channel < Channels; channel++)
        {
            var color = given.ChannelOrder == ChannelOrder.Bgr ? Channels - 1 - _sources[channel] : _sources[channel];
            inputs[color] = channel;
            std[color] = givenStd[color] / _factors[channel];
            for (var i = 0; i < area; i++)
            {
                var offset = _offsets[channel * Area + (Area == 1 ? 0 : i)];
                var from = image is null ? givenMean[color] : image.Values[color * area + i];
                mean[color * area + i] = from - givenStd[color] * offset / _factors[channel];
            }
        }

        var composed = given with { Std = new(std[0], std[1], std[2]), ChannelOrder = ChannelOrder.Rgb, MeanImage = null };
        if (area == 1) return composed with { Mean = new(mean[0], mean[1], mean[2]) };
        try
        {
            return composed.WithMeanImage(new((int)Math.Sqrt(area), mean));
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"the mean image in the graph cannot be used: {problem.Message}", problem);
        }
    }

    private static GraphEntry Read(GraphPart part)
    {
        var area = part.Height * part.Width;
        var zero = part.Run(_ => 0);
        if (zero.Length != Channels * area)
            throw new InvalidDataException("what stands before the first convolution does not keep the size of the image");
        var steps = Enumerable.Range(0, Channels).Select(source => Difference(part.Run(index => index == source ? 1 : 0), zero)).ToArray();
        var sources = new int[Channels];
        var factors = new float[Channels];
        for (var channel = 0; channel < Channels; channel++)
        {
            sources[channel] = Array.FindIndex(steps, step => step[channel * area] != 0);
            if (sources[channel] < 0) throw NotAffine();
            factors[channel] = steps[sources[channel]][channel * area];
        }

        if (sources.Distinct().Count() < Channels || Array.Exists(factors, factor => !(factor > 0))) throw NotAffine();
        var entry = new GraphEntry(sources, factors, Flattened(zero, area));
        // A reading from two points holds for a third only if it is a factor and a sum.
        var values = Enumerable.Range(0, Channels * area).Select(index => (float)(index * 7919L % 251)).ToArray();
        var got = part.RunValues(values);
        for (var i = 0; i < got.Length; i++)
        {
            var want = (double)factors[i / area] * values[sources[i / area] * area + i % area] + zero[i];
            if (Math.Abs(want - got[i]) > Tolerance * (256 * factors[i / area] + Math.Abs(zero[i]))) throw NotAffine();
        }

        return entry;
    }

    /// <summary>One value for each channel, where all pixels have the same.</summary>
    private static float[] Flattened(float[] offsets, int area)
    {
        float[] first = [offsets[0], offsets[area], offsets[2 * area]];
        for (var i = 0; i < offsets.Length; i++)
        {
            if (Math.Abs(offsets[i] - first[i / area]) > Tolerance * Math.Abs(first[i / area])) return offsets;
        }

        return first;
    }

    private double MeanOf(int channel) => -_offsets[channel * Area] / _factors[channel];

    private static float[] Difference(float[] left, float[] right) => [.. left.Zip(right, (a, b) => a - b)];

    private static InvalidDataException NotAffine() =>
        new("what stands before the first convolution is not a factor and a sum for each channel");
}
