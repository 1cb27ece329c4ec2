using System.Runtime.InteropServices;
using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>
/// A convolution in integers: the kernel in signed bytes with a scale for each output channel, the bias in 32-bit integers. What rounding
/// the kernel does to the mean of the output, the bias takes back.
/// </summary>
internal sealed class QuantizedConvolution
{
    private readonly int[] _shape;
    private readonly sbyte[] _kernel;
    private readonly float[] _scales;
    private readonly int[] _bias;
    private readonly float[] _biasScales;

    /// <param name="node">The float convolution.</param>
    /// <param name="constants">The constants of its graph.</param>
    /// <param name="inputScale">What one step of the input's bytes stands for.</param>
    /// <param name="meanOf">The mean of a channel of the input.</param>
    public QuantizedConvolution(
        NodeProto node, IReadOnlyDictionary<string, TensorProto> constants, float inputScale, Func<int, double> meanOf)
    {
        var weight = constants[node.Input[1]];
        _shape = [.. weight.Dims.Select(size => (int)size)];
        var kernel = Floats(weight);
        var outputs = _shape[0];
        var bias = node.Input.Count > 2 ? Floats(constants[node.Input[2]]) : new float[outputs];
        _kernel = new sbyte[kernel.Length];
        _scales = new float[outputs];
        _bias = new int[outputs];
        _biasScales = new float[outputs];
        var count = kernel.Length / outputs;
        var area = count / _shape[1];
        // Each group of outputs sees its own channels only.
        var groups = (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == "group")?.I ?? 1);
        for (var output = 0; output < outputs; output++)
        {
            var firstChannel = output / (outputs / groups) * _shape[1];
            var part = kernel.AsSpan(output * count, count);
            var scale = ScaleOf(part);
            var shift = Round(part, scale, _kernel.AsSpan(output * count, count), index => meanOf(firstChannel + index / area));
            _scales[output] = scale;
            _biasScales[output] = scale * inputScale;
            _bias[output] = (int)Math.Clamp(Math.Round((bias[output] + shift) / _biasScales[output]), int.MinValue, int.MaxValue);
        }
    }

    /// <summary>Lets a copy of the float convolution take the integers, which become constants of a graph.</summary>
    public void Replace(NodeProto copy, OnnxGraph graph)
    {
        var name = copy.Output[0];
        var outputs = _shape[0];
        var kernel = graph.Constant($"{name}.kernel", TensorProto.Types.DataType.Int8, MemoryMarshal.AsBytes<sbyte>(_kernel), _shape);
        var kernelZero = graph.Constant($"{name}.kernel.zero", TensorProto.Types.DataType.Int8, new byte[outputs], outputs);
        var kernelScale = graph.Constant($"{name}.kernel.scale", _scales, outputs);
        var integers = MemoryMarshal.AsBytes<int>(_bias);
        var bias = graph.Constant($"{name}.integer.bias", TensorProto.Types.DataType.Int32, integers, outputs);
        var zeros = new byte[sizeof(int) * outputs];
        var biasZero = graph.Constant($"{name}.integer.bias.zero", TensorProto.Types.DataType.Int32, zeros, outputs);
        var biasScale = graph.Constant($"{name}.integer.bias.scale", _biasScales, outputs);

        var axis = Attribute("axis", 0L);
        copy.Input[1] = graph.Node("DequantizeLinear", $"{name}.kernel.dequantized", [kernel, kernelScale, kernelZero], axis);
        var corrected = graph.Node("DequantizeLinear", $"{name}.bias.dequantized", [bias, biasScale, biasZero], axis.Clone());
        if (copy.Input.Count > 2) copy.Input[2] = corrected;
        else copy.Input.Add(corrected);
    }

    /// <summary>What one step stands for, so that the greatest value becomes the greatest signed byte.</summary>
    private static float ScaleOf(ReadOnlySpan<float> values)
    {
        var greatest = 0f;
        foreach (var value in values) greatest = Math.Max(greatest, Math.Abs(value));
        return greatest > 0 ? greatest / sbyte.MaxValue : 1;
    }

    /// <summary>Rounds values to steps; gives what that does to the mean of the output.</summary>
    private static double Round(ReadOnlySpan<float> values, float scale, Span<sbyte> rounded, Func<int, double> meanOf)
    {
        double shift = 0;
        for (var i = 0; i < values.Length; i++)
        {
            rounded[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scale), -sbyte.MaxValue, sbyte.MaxValue);
            shift += (values[i] - rounded[i] * (double)scale) * meanOf(i);
        }

        return shift;
    }

    private static float[] Floats(TensorProto tensor) =>
        tensor.FloatData.Count > 0 ? [.. tensor.FloatData] : MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();
}
