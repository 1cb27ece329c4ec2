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
    /// Gives the model card of the network, such as
    /// <c>network => ModelCard.For(network) with { Labels = labels, License = "MIT" }</c>; null for <see cref="ModelCard.For"/>. A card
    /// without a source gets the name of the file of weights.
    /// </param>
    /// <returns>The card that was written into the model file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, refused or not a ResNet's, or does not fit the architecture; the message names tensors.
    /// </exception>
    /// <exception cref="ArgumentException">The card does not fit the network: its labels are not as many as the classes.</exception>
    public static ModelCard Import(
        string weightsFile, string modelFile, ResNetArchitecture? architecture = null, Func<ResNetArchitecture, ModelCard>? card = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFile);
        var weights = WeightFile.Read(weightsFile);
        try
        {
            var network = architecture is null ? ArchitectureRecognition.Recognize(weights) : WithClasses(architecture, weights);
            var given = (card ?? ModelCard.For)(network);
            var written = given with { Source = given.Source ?? $"Imported from {Path.GetFileName(weightsFile)}" };
            ModelFile.Write(modelFile, network, weights, written);
            return written;
        }
        catch (InvalidDataException problem)
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
