namespace ResNet.MLNet;

/// <summary>
/// Makes model files of the weights that people have: PyTorch checkpoints, safetensors and ONNX graphs, from torchvision, timm, Hugging
/// Face, ML.NET or elsewhere.
/// </summary>
public static class ResNetImporter
{
    /// <summary>Reads weights and writes a model file.</summary>
    /// <param name="weightsFile">The weights (see <see cref="WeightFile.Read"/>), or an ONNX file of any exporter.</param>
    /// <param name="modelFile">The model file to write, by custom <c>*.onnx</c>.</param>
    /// <param name="architecture">
    /// The network; null (default) if names and shapes of the weights are to say. The number of classes is the weights', whatever it says.
    /// </param>
    /// <param name="card">
    /// Gives the model card from what is known of the network, such as <c>known => known with { Labels = labels, License = "MIT" }</c>;
    /// null for what is known. That is the card of a checkpoint of ResNet.Training, and for weights from elsewhere
    /// <see cref="ModelCard.For"/> with what the configuration beside them says. A card without a source gets the name of the file of
    /// weights.
    /// </param>
    /// <param name="entry">
    /// Which network, where the file holds several, such as a teacher and a student (see <see cref="WeightFile.Read"/>); null (default) for
    /// the only one.
    /// </param>
    /// <param name="note">
    /// Receives what was chosen, added or left out, in sentences: averaged weights, tensors that are not the network's, a classifier that
    /// is not there, a configuration that was read. Null (default) for nobody.
    /// </param>
    /// <returns>The card that was written into the model file.</returns>
    /// <remarks>
    /// Weights without a classifier become a model file that gives features only. A classifier with one output, a binary one, becomes two
    /// classes, "0" and "1", with the same probabilities. timm's and Hugging Face's <c>config.json</c> and <c>preprocessor_config.json</c>
    /// beside the weights say how images are prepared and what the classes are called.
    /// <para>
    /// The weights of a residual network are read out of an ONNX graph, and both are run on the same images: if they agree to 1e-5 of the
    /// largest value, the model file is one like any other, which can be trained further and quantized. Else it has the graph as it is,
    /// with our inputs and outputs (its architecture is "foreign"), and a note says why. For a graph, the preprocessing in the card is that
    /// of the graph's input; what the graph does itself before its first convolution is added to it. A graph does not say how its images
    /// are prepared: what is assumed if nothing is given stands in the card.
    /// </para>
    /// </remarks>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, refused or not a ResNet's, or does not fit the architecture; the message names tensors. Or it holds several
    /// networks, and none is named or preferred; the message lists them.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The card does not fit the network: its labels are not as many as the classes. Or both files are the same.
    /// </exception>
    public static ModelCard Import(
        string weightsFile,
        string modelFile,
        ResNetArchitecture? architecture = null,
        Func<ModelCard, ModelCard>? card = null,
        string? entry = null,
        Action<string>? note = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFile);
        OutputFile.EnsureNotInput(modelFile, weightsFile);
        if (GraphFile.Is(weightsFile)) return ImportGraph(weightsFile, modelFile, architecture, card, note);
        var network = ImportedNetwork.Read(weightsFile, architecture, entry);
        OutputFile.EnsureNotInput(modelFile, [.. network.Files]);
        if (note is not null)
        {
            foreach (var each in network.Notes) note(each);
        }

        try
        {
            var given = card is null ? network.Card : card(network.Card);
            var written = given with { Source = given.Source ?? $"Imported from {Path.GetFileName(network.Files[0])}" };
            ModelFile.Write(modelFile, network.Architecture, network.Weights, written);
            return written;
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{weightsFile}': {problem.Message}", problem);
        }
    }

    /// <summary>
    /// Reads an ONNX graph that prepares images for another one, such as ML.NET's <c>ResNetPreprocess.onnx</c>: the order of channels, a
    /// factor and a mean, which may be a mean image, are measured by running it.
    /// </summary>
    /// <param name="graphFile">
    /// The graph: one input and one output of [batch, 3, height, width], or [batch, height, width, 3], that takes pixels of 0 to 255.
    /// </param>
    /// <returns>
    /// How images are prepared for the graph behind it: a crop of its size, from a shorter side of 8/7 of that; resize and filter are not
    /// in such a graph.
    /// </returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not such a graph, or does something else; the message names the file.</exception>
    public static ImagePreprocessing ReadPreprocessing(string graphFile) => GraphFile.ReadPreprocessing(graphFile);

    private static ModelCard ImportGraph(
        string path, string modelFile, ResNetArchitecture? architecture, Func<ModelCard, ModelCard>? card, Action<string>? note)
    {
        var imported = GraphFile.Import(path, card, note);
        if (architecture is not null && imported.Card.Architecture != architecture.Name)
        {
            throw new InvalidDataException(
                $"'{path}': it is {imported.Card.Architecture}, not {architecture.Name}. A graph says itself what it is: name no " +
                "architecture.");
        }

        AtomicFile.Write(modelFile, stream => stream.Write(imported.Bytes));
        return imported.Card;
    }
}
