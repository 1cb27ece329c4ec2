using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>The part of a graph that makes one value of its image input, to be run alone.</summary>
internal sealed class GraphPart : IDisposable
{
    private const int UsualSize = 8, Channels = 3;

    private readonly InferenceSession _session;
    private readonly long[] _shape;
    private readonly bool _channelsLast;

    /// <param name="model">The model; it stays as it is.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="InvalidDataException">The input is not an image, or ONNX Runtime cannot run the part.</exception>
    public GraphPart(ModelProto model, string value)
    {
        var part = model.Clone();
        part.Graph.Output.Clear();
        part.Graph.Output.Add(OnnxGraph.FloatValue(value));
        part.Graph.ValueInfo.Clear();
        OnnxGraph.RemoveUnused(part.Graph);
        _session = GraphProof.Open(part.ToByteArray());
        var sizes = _session.InputMetadata.Values.First().Dimensions;
        if (sizes is not [_, _, _, _]) throw new InvalidDataException("the input is not [batch, 3, height, width]");
        _channelsLast = sizes[1] != Channels && sizes[3] == Channels;
        _shape = [.. sizes.Select(size => (long)(size > 0 ? size : UsualSize))];
        if (sizes[0] <= 0) _shape[0] = 1;
        _shape[_channelsLast ? 3 : 1] = Channels;
    }

    public int Height => (int)_shape[_channelsLast ? 1 : 2];

    public int Width => (int)_shape[_channelsLast ? 2 : 3];

    /// <summary>Runs it on an image of one color.</summary>
    /// <param name="color">Gives the value of each channel.</param>
    public float[] Run(Func<int, float> color)
    {
        var area = Height * Width;
        return RunValues([.. Enumerable.Range(0, Channels * area).Select(index => color(index / area))]);
    }

    /// <summary>Runs it on an image.</summary>
    /// <param name="planes">[3, height, width] values.</param>
    /// <returns>What it makes of the first image of the batch; all of the batch are alike.</returns>
    public float[] RunValues(float[] planes)
    {
        var area = Height * Width;
        var image = _channelsLast ? [.. Enumerable.Range(0, planes.Length).Select(i => planes[i % Channels * area + i / Channels])] : planes;
        float[] batch = [.. Enumerable.Repeat(image, (int)_shape[0]).SelectMany(values => values)];
        using var input = OrtValue.CreateTensorValueFromMemory(batch, _shape);
        using var options = new RunOptions();
        using var outputs = _session.Run(options, [_session.InputNames[0]], [input], _session.OutputNames);
        var values = outputs[0].GetTensorDataAsSpan<float>();
        return values[..(values.Length / (int)_shape[0])].ToArray();
    }

    public void Dispose() => _session.Dispose();
}
