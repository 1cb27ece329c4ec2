using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>The ONNX graph of a network: walks the architecture's blocks, with each batch norm folded into its convolution.</summary>
internal sealed partial class NetworkGraph
{
    private readonly OnnxGraph _graph;
    private readonly ResNetArchitecture _architecture;
    private readonly StateDict _weights;

    private NetworkGraph(ResNetArchitecture architecture, StateDict weights)
    {
        _graph = new(architecture.Name);
        _architecture = architecture;
        _weights = weights;
    }

    /// <summary>Builds the graph of weights that fit the architecture.</summary>
    /// <exception cref="InvalidDataException">A weight is not finite, or a variance is negative.</exception>
    public static GraphProto Build(ResNetArchitecture architecture, StateDict weights, ModelCard card)
    {
        var network = new NetworkGraph(architecture, weights);
        var value = network.AddStem(card.Preprocessing);
        foreach (var block in architecture.Blocks) value = network.AddBlock(block, value);
        network.AddHead(value, card.ScoreFunction);
        return network._graph.Graph;
    }

    private string AddStem(ImagePreprocessing preprocessing)
    {
        var std = preprocessing.Std;
        var value = preprocessing.MeanImage is { Size: var size }
            ? _graph.Input(ModelFile.InputName, "batch", 3, size, size)
            : _graph.Input(ModelFile.InputName, "batch", 3, "height", "width");
        // The mean is subtracted here, so that the zeros which the convolution pads with are mean pixels, as in training; the
        // division by the standard deviation is left to the weights.
        value = _graph.Node("Sub", "centred", [value, _graph.MeanOf(preprocessing, "mean")]);
        double[] scale = [1 / (255.0 * std.R), 1 / (255.0 * std.G), 1 / (255.0 * std.B)];
        value = AddRelu(AddConvolution(_architecture.StemConvolution, value, scale));
        if (!_architecture.HasMaxPool) return value;
        var kernel = Attribute("kernel_shape", 3, 3);
        var pads = Attribute("pads", 1, 1, 1, 1);
        var strides = Attribute("strides", 2, 2);
        return _graph.Node("MaxPool", MaxPoolName, [value], kernel, pads, strides);
    }

    private string AddBlock(ResNetBlock block, string input)
    {
        var value = input;
        foreach (var layer in block.Convolutions.SkipLast(1)) value = AddRelu(AddConvolution(layer, value));
        value = AddConvolution(block.Convolutions[^1], value);
        if (block.Shortcut.Kind != ShortcutKind.None)
            value = _graph.Node("Add", SumOf(block), [value, AddShortcut(block, input)]);
        return AddRelu(value);
    }

    private string AddShortcut(ResNetBlock block, string value)
    {
        var shortcut = block.Shortcut;
        if (shortcut.Projection is { } projection) return AddConvolution(projection, value);
        if (shortcut.Stride != 1)
        {
            string[] range = ["starts", "ends", "axes", "steps"];
            string[] names = [.. range.Select(part => $"{block.Name}.shortcut.{part}")];
            _graph.Constant(names[0], 0L, 0L);
            _graph.Constant(names[1], long.MaxValue, long.MaxValue);
            _graph.Constant(names[2], 2L, 3L);
            _graph.Constant(names[3], (long)shortcut.Stride, (long)shortcut.Stride);
            value = _graph.Node("Slice", $"{block.Name}.shortcut.slice", [value, .. names]);
        }

        if (shortcut.OutChannels == shortcut.InChannels) return value;
        var pads = _graph.Constant($"{block.Name}.shortcut.pads", 0, (long)shortcut.PadBefore, 0, 0, 0, (long)shortcut.PadAfter, 0, 0);
        return _graph.Node("Pad", $"{block.Name}.shortcut.pad", [value, pads]);
    }

    private void AddHead(string value, ScoreFunction function)
    {
        value = _graph.Node("GlobalAveragePool", "avgpool", [value]);
        var features = _graph.Node("Flatten", ModelFile.FeaturesName, [value], Attribute("axis", 1));
        _graph.Output(ModelFile.FeaturesName, "batch", _architecture.FeatureCount);
        if (_architecture.Classifier is not { } classifier) return;
        var (weightName, biasName) = (classifier.WeightName, classifier.BiasName);
        _graph.Constant(weightName, Finite(weightName), classifier.OutFeatures, classifier.InFeatures);
        _graph.Constant(biasName, Finite(biasName), classifier.OutFeatures);
        var logits = _graph.Node("Gemm", ModelFile.LogitsName, [features, weightName, biasName], Attribute("transB", 1));
        if (function == ScoreFunction.Sigmoid) _graph.Node("Sigmoid", ModelFile.ProbabilitiesName, [logits]);
        else _graph.Node("Softmax", ModelFile.ProbabilitiesName, [logits], Attribute("axis", 1));
        _graph.Output(ModelFile.LogitsName, "batch", classifier.OutFeatures);
        _graph.Output(ModelFile.ProbabilitiesName, "batch", classifier.OutFeatures);
    }

    private string AddRelu(string value) => _graph.Node("Relu", ReluOf(value), [value]);

    /// <summary>A convolution with its batch norm folded in; <paramref name="inputScale"/> is a factor for each input channel.</summary>
    private string AddConvolution(ConvolutionLayer layer, string input, double[]? inputScale = null)
    {
        var weightName = $"{layer.Name}.weight";
        var biasName = $"{layer.Name}.bias";
        var kernel = new float[Finite(weightName).Length];
        var bias = new float[layer.OutChannels];
        Fold(layer, inputScale, kernel, bias);
        _graph.Constant(weightName, kernel, layer.WeightShape);
        _graph.Constant(biasName, bias, layer.OutChannels);
        var size = Attribute("kernel_shape", layer.Kernel, layer.Kernel);
        var pads = Attribute("pads", layer.Padding, layer.Padding, layer.Padding, layer.Padding);
        var strides = Attribute("strides", layer.Stride, layer.Stride);
        var node = _graph.Node("Conv", layer.Name, [input, weightName, biasName], size, pads, strides);
        if (layer.Groups != 1) _graph.Graph.Node[^1].Attribute.Add(Attribute("group", layer.Groups));
        return node;
    }

    private void Fold(ConvolutionLayer layer, double[]? inputScale, float[] foldedKernel, float[] foldedBias)
    {
        var kernel = Finite($"{layer.Name}.weight");
        var gamma = Finite($"{layer.NormName}.weight");
        var beta = Finite($"{layer.NormName}.bias");
        var mean = Finite($"{layer.NormName}.running_mean");
        var varianceName = $"{layer.NormName}.running_var";
        var variance = Finite(varianceName);
        var area = layer.Kernel * layer.Kernel;
        for (var output = 0; output < layer.OutChannels; output++)
        {
            if (variance[output] < 0) throw new InvalidDataException($"Tensor '{varianceName}' has a negative value: {variance[output]}.");
            var factor = gamma[output] / Math.Sqrt(variance[output] + ResNetArchitecture.BatchNormEpsilon);
            foldedBias[output] = (float)(beta[output] - mean[output] * factor);
            for (var channel = 0; channel < layer.GroupChannels; channel++)
            {
                var scale = factor * (inputScale?[channel] ?? 1);
                var start = (output * layer.GroupChannels + channel) * area;
                for (var i = start; i < start + area; i++) foldedKernel[i] = (float)(kernel[i] * scale);
            }
        }
    }

    private float[] Finite(string name)
    {
        var values = _weights[name].Values;
        var position = Array.FindIndex(values, value => !float.IsFinite(value));
        if (position < 0) return values;
        throw new InvalidDataException($"Tensor '{name}' has a value that is not finite ({values[position]} at {position}).");
    }
}
