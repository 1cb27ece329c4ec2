namespace ResNet.MLNet;

/// <summary>An ONNX file from elsewhere.</summary>
internal static class GraphFile
{
    /// <summary>Whether a file may be one: it is neither a PyTorch checkpoint nor a safetensors file, and it is called so.</summary>
    public static bool Is(string path) => File.Exists(path)
        && string.Equals(Path.GetExtension(path), ".onnx", StringComparison.OrdinalIgnoreCase)
        && !WeightFile.IsAt(path);

    /// <summary>Makes a model file of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="card">
    /// Gives the card from what is known; the preprocessing in it is that of the graph's input. Null for what is known.
    /// </param>
    /// <param name="note">Receives what was assumed, and why the graph is used as it is; null for nobody.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is damaged, a model file of this project, or not a graph that takes images; the message names the file.
    /// </exception>
    public static ImportedModel Import(string path, Func<ModelCard, ModelCard>? card, Action<string>? note) => Named(path, content =>
    {
        if (content.Header.Card is not null)
            throw new InvalidDataException("It is a model file of this project already; use it as it is, or copy it.");
        var graph = new GraphImport(content.ReadModel());
        var known = graph.KnownCard;
        var given = card is null ? known : card(known);
        // Who says what would be assumed has said it.
        if (ReferenceEquals(given.Preprocessing, known.Preprocessing)) note?.Invoke(graph.Assumption);
        var imported = graph.ToModelFile(given with { Source = given.Source ?? $"Imported from {Path.GetFileName(path)}" });
        if (imported.Note is { } text) note?.Invoke(text);
        return imported;
    });

    /// <inheritdoc cref="ResNetImporter.ReadPreprocessing"/>
    public static ImagePreprocessing ReadPreprocessing(string path) => Named(path, content =>
    {
        var model = content.ReadModel();
        var size = ForeignModel.Prepare(model).Height;
        const float Scale = 1 / 255f;
        var raw = new ImagePreprocessing { Mean = default, Std = new(Scale, Scale, Scale) };
        var measured = GraphEntry.Measure(model).After(raw, out var inputs);
        var order = inputs switch
        {
            [0, 1, 2] => ChannelOrder.Rgb,
            [2, 1, 0] => ChannelOrder.Bgr,
            _ => throw new InvalidDataException("It brings the channels into an order that is neither red, green, blue nor its reverse."),
        };
        measured = measured with { ChannelOrder = order };
        return size > 0 ? measured with { Crop = size, Resize = size * 8 / 7 } : measured;
    });

    private static T Named<T>(string path, Func<ModelFileContent, T> read)
    {
        try
        {
            using var content = ModelFileContent.Open(path);
            return read(content);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }
}
