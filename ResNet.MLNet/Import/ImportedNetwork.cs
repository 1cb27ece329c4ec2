namespace ResNet.MLNet;

/// <summary>Weights from elsewhere with all that their files say of them.</summary>
/// <param name="Weights">The weights, by torchvision's names.</param>
/// <param name="Architecture">The network that they are of.</param>
/// <param name="Card">
/// What is known: the card of a checkpoint of ResNet.Training, else what the configuration beside the weights says.
/// </param>
/// <param name="Files">The files of weights that they were read from.</param>
/// <param name="Notes">What was chosen, added or left out, in sentences.</param>
internal sealed record ImportedNetwork(
    StateDict Weights, ResNetArchitecture Architecture, ModelCard Card, IReadOnlyList<string> Files, IReadOnlyList<string> Notes)
{
    private const string WeightName = "fc.weight", BiasName = "fc.bias";

    /// <summary>What a sigmoid of one logit distinguishes.</summary>
    private static readonly string[] TwoClasses = ["0", "1"];

    /// <summary>Reads weights and what is known of them.</summary>
    /// <param name="path">The weights (see <see cref="WeightFile.Read"/>).</param>
    /// <param name="architecture">The network; null if names and shapes of the weights are to say. The classes are the weights'.</param>
    /// <param name="entry">Which network, if the file holds several; null for the only one.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, refused or not a ResNet's; the message names the file.</exception>
    public static ImportedNetwork Read(string path, ResNetArchitecture? architecture, string? entry)
    {
        var found = WeightFile.ReadNetwork(path, entry);
        try
        {
            List<string> notes = [.. found.Notes];
            if (found.Metadata.TryGetValue(ModelCard.MetadataKey, out var json))
            {
                var own = ModelCard.FromJson(json);
                var stated = WithClasses(architecture ?? ResNetArchitecture.Parse(own.Architecture), found.Weights);
                return new(found.Weights, stated, own with { Architecture = stated.Name }, found.Files, notes);
            }

            var weights = WithTwoClasses(found.Weights, notes);
            var network = architecture is null ? ArchitectureRecognition.Recognize(weights) : WithClasses(architecture, weights);
            var config = WeightsConfig.Read(Path.GetDirectoryName(Path.GetFullPath(found.Files[0]))!, network, notes);
            var labels = config.Labels ?? (weights == found.Weights ? null : TwoClasses);
            var card = ModelCard.For(network) with { Labels = labels, Preprocessing = config.Preprocessing };
            return new(weights, network, card, found.Files, notes);
        }
        catch (Exception problem) when (problem is InvalidDataException or FormatException)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    private static ResNetArchitecture WithClasses(ResNetArchitecture architecture, StateDict weights) =>
        architecture with { Classes = weights.TryGetValue(WeightName, out var weight) ? weight.Shape[0] : 0 };

    /// <summary>
    /// A classifier of one logit z means the probability sigmoid(z), and a softmax over one value is always 1. The softmax over 0 and z is
    /// sigmoid(z), so it gets a row of zeros in front.
    /// </summary>
    private static StateDict WithTwoClasses(StateDict weights, List<string> notes)
    {
        if (!weights.TryGetValue(WeightName, out var weight) || weight.Shape is not [1, var features]) return weights;
        var changed = new StateDict();
        foreach (var (name, tensor) in weights)
        {
            changed.Add(name, name switch
            {
                WeightName => new([2, features], [.. new float[features], .. tensor.Values]),
                BiasName => new([2], [0, .. tensor.Values]),
                _ => tensor,
            });
        }

        notes.Add(
            "The classifier has one output, as of a binary classifier trained with BCEWithLogitsLoss. It became two classes, '0' and " +
            "'1', with the logits 0 and the output, whose softmax is exactly the sigmoid.");
        return changed;
    }
}
