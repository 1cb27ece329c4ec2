using Google.Protobuf;
using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>
/// Writes a network as a model file: an ONNX graph (IR 8, opset 17) that explains itself.
/// </summary>
/// <remarks>
/// Input <c>image</c>: float32 [batch, 3, height, width], RGB, raw values 0..255; mean and standard deviation are applied inside.
/// Outputs <c>features</c> [batch, D], <c>logits</c> [batch, C], <c>probabilities</c> [batch, C]. Batch, height and width are free.
/// Batch norm is folded into the convolutions. The card is the metadata entry <see cref="ModelCard.MetadataKey"/>.
/// </remarks>
public static class OnnxExporter
{
    internal const string InputName = "image", FeaturesName = "features", LogitsName = "logits", ProbabilitiesName = "probabilities";

    private const double BatchNormEpsilon = 1e-5;

    /// <summary>Writes the model file; what was at the path stays until the new file is complete.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="weights">All its weights, by torchvision's names.</param>
    /// <param name="card">The card; its architecture and number of labels must be the network's.</param>
    /// <param name="path">The file to write, by custom <c>*.onnx</c>.</param>
    /// <exception cref="InvalidDataException">The weights do not fit the architecture, or are not finite.</exception>
    /// <exception cref="ArgumentException">The card does not fit the architecture, or the network is over ONNX's limit of 2 GiB.</exception>
    public static void Export(ResNetArchitecture architecture, StateDict weights, ModelCard card, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var model = Build(architecture, weights, card);
        AtomicFile.Write(path, model.WriteTo);
    }

    /// <summary>The same as bytes.</summary>
    /// <inheritdoc cref="Export(ResNetArchitecture, StateDict, ModelCard, string)" path="/param|/exception"/>
    public static byte[] Export(ResNetArchitecture architecture, StateDict weights, ModelCard card) =>
        Build(architecture, weights, card).ToByteArray();

    internal static ModelProto Build(ResNetArchitecture architecture, StateDict weights, ModelCard card)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(card);
        if (card.Architecture != architecture.Name)
            throw new ArgumentException($"The card says {card.Architecture}, the network is {architecture.Name}.", nameof(card));
        if (card.Labels is { } labels && labels.Count != architecture.Classes)
            throw new ArgumentException($"The card has {labels.Count} labels, the network {architecture.Classes} classes.", nameof(card));
        if (architecture.ParameterCount * sizeof(float) > int.MaxValue - (1 << 24))
            throw new ArgumentException($"{architecture} is over the 2 GiB that an ONNX file can hold.", nameof(architecture));
        weights.EnsureFits(architecture);

        var graph = new OnnxGraph(architecture.Name);
        var value = Stem(graph, architecture, weights, card.Preprocessing);
        foreach (var block in architecture.Blocks) value = Block(graph, block, weights, value);
        Head(graph, architecture, weights, value);
        return new()
        {
            IrVersion = 8,
            ProducerName = "ResNet.MLNet",
            ProducerVersion = typeof(OnnxExporter).Assembly.GetName().Version!.ToString(3),
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Graph = graph.Graph,
            MetadataProps = { new StringStringEntryProto { Key = ModelCard.MetadataKey, Value = card.ToJson() } },
        };
    }

    private static string Stem(OnnxGraph graph, ResNetArchitecture architecture, StateDict weights, ImagePreprocessing preprocessing)
    {
        var (mean, std) = (preprocessing.Mean, preprocessing.Std);
        var value = graph.Input(InputName, "batch", 3, "height", "width");
        // The mean is subtracted here, so that the zeros which the convolution pads with are mean pixels, as in training; the
        // division by the standard deviation is left to the weights.
        graph.Constant("mean", [255 * mean.R, 255 * mean.G, 255 * mean.B], 1, 3, 1, 1);
        value = graph.Node("Sub", "centred", [value, "mean"]);
        double[] scale = [1 / (255.0 * std.R), 1 / (255.0 * std.G), 1 / (255.0 * std.B)];
        value = Relu(graph, Convolution(graph, architecture.StemConvolution, weights, value, scale));
        return architecture.HasMaxPool
            ? graph.Node("MaxPool", "maxpool", [value], Attribute("kernel_shape", 3, 3), Attribute("pads", 1, 1, 1, 1), Attribute("strides", 2, 2))
            : value;
    }

    private static string Block(OnnxGraph graph, ResNetBlock block, StateDict weights, string input)
    {
        var value = input;
        foreach (var layer in block.Convolutions.SkipLast(1)) value = Relu(graph, Convolution(graph, layer, weights, value));
        value = Convolution(graph, block.Convolutions[^1], weights, value);
        if (block.Shortcut.Kind != ShortcutKind.None)
            value = graph.Node("Add", $"{block.Name}.add", [value, Shortcut(graph, block, weights, input)]);
        return Relu(graph, value);
    }

    private static string Shortcut(OnnxGraph graph, ResNetBlock block, StateDict weights, string value)
    {
        var shortcut = block.Shortcut;
        if (shortcut.Projection is { } projection) return Convolution(graph, projection, weights, value);
        if (shortcut.Stride != 1)
        {
            string[] range = ["starts", "ends", "axes", "steps"];
            string[] names = [.. range.Select(part => $"{block.Name}.shortcut.{part}")];
            graph.Constant(names[0], 0L, 0L);
            graph.Constant(names[1], long.MaxValue, long.MaxValue);
            graph.Constant(names[2], 2L, 3L);
            graph.Constant(names[3], (long)shortcut.Stride, (long)shortcut.Stride);
            value = graph.Node("Slice", $"{block.Name}.shortcut.slice", [value, .. names]);
        }

        if (shortcut.OutChannels == shortcut.InChannels) return value;
        var pads = graph.Constant($"{block.Name}.shortcut.pads", 0, (long)shortcut.PadBefore, 0, 0, 0, (long)shortcut.PadAfter, 0, 0);
        return graph.Node("Pad", $"{block.Name}.shortcut.pad", [value, pads]);
    }

    private static void Head(OnnxGraph graph, ResNetArchitecture architecture, StateDict weights, string value)
    {
        var classifier = architecture.Classifier;
        value = graph.Node("GlobalAveragePool", "avgpool", [value]);
        var features = graph.Node("Flatten", FeaturesName, [value], Attribute("axis", 1));
        var weight = graph.Constant($"{classifier.Name}.weight", Finite(weights, $"{classifier.Name}.weight"), classifier.OutFeatures, classifier.InFeatures);
        var bias = graph.Constant($"{classifier.Name}.bias", Finite(weights, $"{classifier.Name}.bias"), classifier.OutFeatures);
        var logits = graph.Node("Gemm", LogitsName, [features, weight, bias], Attribute("transB", 1));
        graph.Node("Softmax", ProbabilitiesName, [logits], Attribute("axis", 1));
        graph.Output(FeaturesName, "batch", classifier.InFeatures);
        graph.Output(LogitsName, "batch", classifier.OutFeatures);
        graph.Output(ProbabilitiesName, "batch", classifier.OutFeatures);
    }

    private static string Relu(OnnxGraph graph, string value) => graph.Node("Relu", $"{value}.relu", [value]);

    /// <summary>A convolution with its batch norm folded in; <paramref name="inputScale"/> is a factor for each input channel.</summary>
    private static string Convolution(OnnxGraph graph, ConvolutionLayer layer, StateDict weights, string input, double[]? inputScale = null)
    {
        var kernel = Finite(weights, $"{layer.Name}.weight");
        var gamma = Finite(weights, $"{layer.NormName}.weight");
        var beta = Finite(weights, $"{layer.NormName}.bias");
        var mean = Finite(weights, $"{layer.NormName}.running_mean");
        var variance = Finite(weights, $"{layer.NormName}.running_var");
        var folded = new float[kernel.Length];
        var bias = new float[layer.OutChannels];
        var area = layer.Kernel * layer.Kernel;
        for (var output = 0; output < layer.OutChannels; output++)
        {
            if (variance[output] < 0) throw new InvalidDataException($"Tensor '{layer.NormName}.running_var' has a negative value: {variance[output]}.");
            var factor = gamma[output] / Math.Sqrt(variance[output] + BatchNormEpsilon);
            bias[output] = (float)(beta[output] - mean[output] * factor);
            for (var channel = 0; channel < layer.InChannels; channel++)
            {
                var scale = factor * (inputScale?[channel] ?? 1);
                var start = (output * layer.InChannels + channel) * area;
                for (var i = start; i < start + area; i++) folded[i] = (float)(kernel[i] * scale);
            }
        }

        graph.Constant($"{layer.Name}.weight", folded, layer.OutChannels, layer.InChannels, layer.Kernel, layer.Kernel);
        graph.Constant($"{layer.Name}.bias", bias, layer.OutChannels);
        return graph.Node("Conv", layer.Name, [input, $"{layer.Name}.weight", $"{layer.Name}.bias"],
            Attribute("kernel_shape", layer.Kernel, layer.Kernel), Attribute("pads", layer.Padding, layer.Padding, layer.Padding, layer.Padding),
            Attribute("strides", layer.Stride, layer.Stride));
    }

    private static float[] Finite(StateDict weights, string name)
    {
        var values = weights[name].Values;
        var position = Array.FindIndex(values, value => !float.IsFinite(value));
        return position < 0 ? values : throw new InvalidDataException($"Tensor '{name}' has a value that is not finite ({values[position]} at {position}).");
    }
}
