namespace ResNet.MLNet;

/// <summary>
/// Makes model files of the weights that people have: PyTorch checkpoints and safetensors, from torchvision, timm, Hugging Face or
/// elsewhere.
/// </summary>
public static class ResNetImporter
{
    /// <summary>Reads weights and writes a model file.</summary>
    /// <param name="weightsFile">The weights (see <see cref="WeightFile.Read"/>).</param>
    /// <param name="modelFile">The model file to write, by custom <c>*.onnx</c>.</param>
    /// <param name="architecture">
    /// The network; null (default) if names and shapes of the weights are to say. The number of classes is the weights', whatever it says.
    /// </param>
    /// <param name="card">
    /// Gives the model card from what is known of the network, such as <c>known => known with { Labels = labels, License = "MIT" }</c>;
    /// null for what is known. That is the card of a checkpoint of ResNet.Training, and <see cref="ModelCard.For"/> for weights from
    /// elsewhere. A card without a source gets the name of the file of weights.
    /// </param>
    /// <returns>The card that was written into the model file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, refused or not a ResNet's, or does not fit the architecture; the message names tensors.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The card does not fit the network: its labels are not as many as the classes. Or both files are the same.
    /// </exception>
    public static ModelCard Import(
        string weightsFile, string modelFile, ResNetArchitecture? architecture = null, Func<ModelCard, ModelCard>? card = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFile);
        OutputFile.EnsureNotInput(modelFile, weightsFile);
        var stored = WeightFile.ReadStored(weightsFile);
        try
        {
            var weights = WeightNames.ToTorchvision(stored.Tensors);
            var own = stored.Metadata.TryGetValue(ModelCard.MetadataKey, out var json) ? ModelCard.FromJson(json) : null;
            if (architecture is null && own is not null) architecture = ResNetArchitecture.Parse(own.Architecture);
            var network = architecture is null ? ArchitectureRecognition.Recognize(weights) : WithClasses(architecture, weights);
            var known = own is null ? ModelCard.For(network) : own with { Architecture = network.Name };
            var given = card is null ? known : card(known);
            var written = given with { Source = given.Source ?? $"Imported from {Path.GetFileName(weightsFile)}" };
            ModelFile.Write(modelFile, network, weights, written);
            return written;
        }
        catch (Exception problem) when (problem is InvalidDataException or FormatException)
        {
            throw new InvalidDataException($"'{weightsFile}': {problem.Message}", problem);
        }
    }

    private static ResNetArchitecture WithClasses(ResNetArchitecture architecture, StateDict weights)
    {
        var hasHead = weights.TryGetValue("fc.bias", out var bias) && bias.Values.Length > 0;
        return hasHead ? architecture with { Classes = bias!.Values.Length } : architecture;
    }
}
