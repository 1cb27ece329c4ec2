using System.Runtime.InteropServices;
using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// The weights inside a model file of this project, as a network that is trained further wants them. Batch norm was folded into the
/// convolutions, so here it has statistics that change nothing: mean 0, variance 1, weight 1, and the convolution's bias as its own.
/// </summary>
/// <param name="Weights">The weights, by torchvision's names.</param>
/// <param name="Architecture">The network that they are of.</param>
/// <param name="Card">The model file's card.</param>
internal sealed record ModelFileWeights(StateDict Weights, ResNetArchitecture Architecture, ModelCard Card)
{
    private const float VarianceOfOne = 1 - (float)ResNetArchitecture.BatchNormEpsilon;

    /// <summary>Reads the weights of a model file.</summary>
    /// <param name="path">The model file.</param>
    /// <exception cref="InvalidDataException">
    /// It is damaged, or not a float model file of this project; the message names the file.
    /// </exception>
    public static ModelFileWeights Read(string path)
    {
        try
        {
            using var content = ModelFileContent.Open(path);
            return Read(content.ReadModel());
        }
        catch (Exception problem) when (problem is InvalidDataException or InvalidProtocolBufferException or FormatException)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    private static ModelFileWeights Read(ModelProto model)
    {
        var card = ModelFile.FindCard(model.MetadataProps) ?? throw new InvalidDataException(
            "It has no model card, so its layers are not known; start from the checkpoint that it was made of.");
        if (card.Quantization is not null)
        {
            throw new InvalidDataException(
                "It is an integer network, which cannot be trained; start from the float network that it was made of.");
        }

        var constants = model.Graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var architecture = ResNetArchitecture.Parse(card.Architecture);
        var hasHead = architecture.Classifier is { } head && constants.ContainsKey(head.BiasName);
        architecture = architecture with { Classes = hasHead ? Values(constants, architecture.Classifier!.BiasName).Length : 0 };
        return new(ToWeights(architecture, card.Preprocessing, constants), architecture, card);
    }

    private static StateDict ToWeights(
        ResNetArchitecture architecture, ImagePreprocessing preprocessing, Dictionary<string, TensorProto> constants)
    {
        Dictionary<string, float[]> found = new(StringComparer.Ordinal);
        foreach (var layer in architecture.Convolutions)
        {
            found[$"{layer.Name}.weight"] = Values(constants, $"{layer.Name}.weight");
            found[$"{layer.NormName}.weight"] = Filled(layer.OutChannels, 1);
            found[$"{layer.NormName}.bias"] = Values(constants, $"{layer.Name}.bias");
            found[$"{layer.NormName}.running_mean"] = Filled(layer.OutChannels, 0);
            found[$"{layer.NormName}.running_var"] = Filled(layer.OutChannels, VarianceOfOne);
        }

        if (architecture.Classifier is { } classifier)
        {
            found[classifier.WeightName] = Values(constants, classifier.WeightName);
            found[classifier.BiasName] = Values(constants, classifier.BiasName);
        }

        // The first convolution takes raw pixels there and normalized ones here.
        var std = preprocessing.Std;
        float[] scale = [255 * std.R, 255 * std.G, 255 * std.B];
        var stem = found[$"{architecture.StemConvolution.Name}.weight"];
        var area = architecture.StemConvolution.Kernel * architecture.StemConvolution.Kernel;
        for (var i = 0; i < stem.Length; i++) stem[i] *= scale[i / area % 3];

        var weights = new StateDict();
        foreach (var spec in architecture.Tensors)
        {
            var values = found[spec.Name];
            if (values.Length != spec.Count)
                throw new InvalidDataException($"Tensor '{spec.Name}' has {values.Length} values instead of {spec.Count}.");
            weights.Add(spec.Name, new(spec.Shape, values));
        }

        return weights;
    }

    private static float[] Values(Dictionary<string, TensorProto> constants, string name)
    {
        if (!constants.TryGetValue(name, out var tensor) || tensor.DataType != (int)TensorProto.Types.DataType.Float)
            throw new InvalidDataException($"It has no float tensor '{name}'.");
        return MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();
    }

    private static float[] Filled(int count, float value)
    {
        var values = new float[count];
        Array.Fill(values, value);
        return values;
    }
}
