using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// A model file: an ONNX file (IR 8, opset 17) that explains itself. Training and import write it; <see cref="ResNetModel"/> and the ML.NET
/// estimators run it.
/// </summary>
/// <remarks>
/// Input <c>image</c>: float32 [batch, 3, height, width], RGB, raw values 0..255; mean and standard deviation are applied inside.
/// Outputs <c>features</c> [batch, D], <c>logits</c> [batch, C], <c>probabilities</c> [batch, C]; a network without a classifier has
/// <c>features</c> only. Batch, height and width are free; a mean image fixes height and width to its own. Batch norm is folded into the
/// convolutions. The <see cref="ModelCard"/> is the metadata entry <c>resnet.card</c>. The last entry, <c>resnet.digest</c>, is a digest
/// of all before it, which every reader here checks.
/// </remarks>
public static class ModelFile
{
    internal const string InputName = "image";
    internal const string FeaturesName = "features";
    internal const string LogitsName = "logits";
    internal const string ProbabilitiesName = "probabilities";

    private const int IrVersion = 8;
    private const int Opset = 17;

    // Protocol buffers end at 2 GiB; the graph around the weights needs far less than 16 MiB.
    private const long LargestWeights = int.MaxValue - (1 << 24);

    /// <summary>Writes a model file; what was at the path stays until the new file is complete.</summary>
    /// <param name="path">The file to write, by custom <c>*.onnx</c>.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="weights">All its weights, by torchvision's names.</param>
    /// <param name="card">The card; its architecture and number of labels must be the network's.</param>
    /// <exception cref="InvalidDataException">The weights do not fit the architecture, or are not finite.</exception>
    /// <exception cref="ArgumentException">
    /// The card (labels, thresholds) does not fit the architecture, its preprocessing is not one for this project's networks (a mean image
    /// of another size, or channels as blue, green, red), or the network is over ONNX's limit of 2 GiB.
    /// </exception>
    public static void Write(string path, ResNetArchitecture architecture, StateDict weights, ModelCard card)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var model = Build(architecture, weights, card);
        AtomicFile.Write(path, stream => ModelFileSeal.Write(model, stream));
    }

    /// <summary>Gives the bytes of a model file.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="weights">All its weights, by torchvision's names.</param>
    /// <param name="card">The card; its architecture and number of labels must be the network's.</param>
    /// <exception cref="InvalidDataException">The weights do not fit the architecture, or are not finite.</exception>
    /// <exception cref="ArgumentException">
    /// The card (labels, thresholds) does not fit the architecture, its preprocessing is not one for this project's networks (a mean image
    /// of another size, or channels as blue, green, red), or the network is over ONNX's limit of 2 GiB.
    /// </exception>
    public static byte[] ToBytes(ResNetArchitecture architecture, StateDict weights, ModelCard card) =>
        ToBytes(Build(architecture, weights, card));

    /// <summary>
    /// Reads the weights of a model file by torchvision's names, such as to look at them or to take them back to PyTorch
    /// (<see cref="WeightFile.Write"/>). <see cref="Write"/> makes the same network of them.
    /// </summary>
    /// <param name="path">A float model file of this project, not one of integers nor a graph from elsewhere.</param>
    /// <returns>
    /// The weights for images that are normalized already. Batch norm is folded into convolutions in a model file, so here it changes
    /// nothing, its bias apart: <c>bn1.weight</c> is 1, <c>bn1.bias</c> the folded bias, <c>bn1.running_mean</c> 0, and
    /// <c>bn1.running_var</c> 1 less the epsilon of batch norm.
    /// </returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is damaged, a network of integers, or not a model file of this project; the message names it.
    /// </exception>
    public static StateDict ReadWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ModelFileWeights.Read(path).Weights;
    }

    /// <summary>Gives the bytes of a model that has a card, with their digests.</summary>
    internal static byte[] ToBytes(ModelProto model)
    {
        using var bytes = new MemoryStream(model.CalculateSize());
        ModelFileSeal.Write(model, bytes);
        return bytes.ToArray();
    }

    /// <summary>The card among a file's metadata; null if there is none.</summary>
    /// <exception cref="InvalidDataException">There is one that cannot be read.</exception>
    internal static ModelCard? FindCard(IEnumerable<StringStringEntryProto> metadata) =>
        FindCardText(metadata) is { } text ? ModelCard.FromJson(text) : null;

    /// <summary>The text of the card; null if there is none.</summary>
    internal static string? FindCardText(IEnumerable<StringStringEntryProto> metadata) => metadata.FirstOrDefault(IsCard)?.Value;

    /// <summary>Gives a model a card, in place of the one that it has.</summary>
    internal static void SetCard(ModelProto model, ModelCard card)
    {
        foreach (var old in model.MetadataProps.Where(IsCard).ToList()) model.MetadataProps.Remove(old);
        model.MetadataProps.Add(new StringStringEntryProto { Key = ModelCard.MetadataKey, Value = card.ToJson() });
    }

    private static bool IsCard(StringStringEntryProto entry) => entry.Key == ModelCard.MetadataKey;

    private static ModelProto Build(ResNetArchitecture architecture, StateDict weights, ModelCard card)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(card);
        if (card.Architecture != architecture.Name)
            throw new ArgumentException($"The card says {card.Architecture}, the network is {architecture.Name}.", nameof(card));
        if (card.Labels is { } labels && labels.Count != architecture.Classes)
            throw new ArgumentException($"The card has {labels.Count} labels, the network {architecture.Classes} classes.", nameof(card));
        if (card.Thresholds is { } thresholds && (thresholds.Count != architecture.Classes || card.ScoreFunction != ScoreFunction.Sigmoid))
        {
            throw new ArgumentException(
                $"The card has {thresholds.Count} thresholds and says {card.ScoreFunction}. A network of several labels an image has a " +
                $"threshold for each of its {architecture.Classes} classes, and {ScoreFunction.Sigmoid}.",
                nameof(card));
        }

        if (card.Preprocessing.FindMeanImageProblem() is { } problem) throw new ArgumentException(problem, nameof(card));
        if (card.Preprocessing.ChannelOrder != ChannelOrder.Rgb)
        {
            throw new ArgumentException(
                $"The network takes red, green, blue, and the card says {nameof(ChannelOrder)}.{card.Preprocessing.ChannelOrder}. Swap " +
                "the input channels of the first convolution's weights instead.",
                nameof(card));
        }

        // The mean image is in the graph, and as text in the card.
        var meanImage = 3L * card.Preprocessing.MeanImage?.Values.Length ?? 0;
        if ((architecture.ParameterCount + meanImage) * sizeof(float) > LargestWeights)
            throw new ArgumentException($"{architecture} is over the 2 GiB that an ONNX file can hold.", nameof(architecture));
        weights.EnsureFits(architecture);

        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "ResNet.MLNet",
            ProducerVersion = typeof(ModelFile).Assembly.GetName().Version!.ToString(3),
            OpsetImport = { new OperatorSetIdProto { Version = Opset } },
            Graph = NetworkGraph.Build(architecture, weights, card),
        };
        SetCard(model, card);
        return model;
    }
}
