namespace ResNet.MLNet;

/// <summary>What a file of weights does not say itself.</summary>
public sealed record ImportOptions
{
    /// <summary>The network. Default: null, recognized from names and shapes. Its number of classes is the weights', whatever it says.</summary>
    public ResNetArchitecture? Architecture { get; init; }

    /// <summary>The names of the classes in the order of the scores. Default: null, not known.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How images are prepared. Default: null, <see cref="ImagePreprocessing.For"/>.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>Where the weights are from, in words. Default: null, the file's name.</summary>
    public string? Source { get; init; }

    /// <summary>Under what license they are. Default: null, not known.</summary>
    public string? License { get; init; }

    /// <summary>Figures that are known of them. Default: null.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }
}

/// <summary>Makes model files of the weights that people have: PyTorch checkpoints and safetensors, from torchvision, timm, Hugging Face or elsewhere.</summary>
public static class ResNetImporter
{
    /// <summary>Reads weights and writes a model file.</summary>
    /// <param name="weightsFile">The weights (see <see cref="WeightFile.Read"/>).</param>
    /// <param name="modelFile">The model file to write, by custom <c>*.onnx</c>.</param>
    /// <param name="options">What the weights do not say themselves; null for the defaults.</param>
    /// <returns>The card that was written into the model file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, refused or no ResNet's, or does not fit the architecture; the message names tensors.</exception>
    /// <exception cref="ArgumentException">The labels are not as many as the classes.</exception>
    public static ModelCard Import(string weightsFile, string modelFile, ImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFile);
        options ??= new();
        return Import(weightsFile, modelFile, options, architecture => options.Preprocessing ?? ImagePreprocessing.For(architecture));
    }

    /// <summary>The same with a preprocessing that depends on the architecture, which may be known only when the weights are read.</summary>
    internal static ModelCard Import(string weightsFile, string modelFile, ImportOptions options, Func<ResNetArchitecture, ImagePreprocessing> preprocessing)
    {
        var weights = WeightFile.Read(weightsFile);
        try
        {
            var architecture = WithClasses(options.Architecture, weights) ?? ArchitectureRecognition.Recognize(weights);
            if (options.Labels is { } labels && labels.Count != architecture.Classes)
                throw new ArgumentException($"There are {labels.Count} labels, but the weights have {architecture.Classes} classes.");
            var card = new ModelCard
            {
                Architecture = architecture.Name,
                Preprocessing = preprocessing(architecture),
                Labels = options.Labels,
                Source = options.Source ?? $"Imported from {Path.GetFileName(weightsFile)}",
                License = options.License,
                Metrics = options.Metrics,
            };
            ModelFile.Write(modelFile, architecture, weights, card);
            return card;
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{weightsFile}': {problem.Message}", problem);
        }
    }

    private static ResNetArchitecture? WithClasses(ResNetArchitecture? architecture, StateDict weights) =>
        architecture is not null && weights.TryGetValue("fc.bias", out var bias) && bias.Values.Length > 0 ? architecture with { Classes = bias.Values.Length } : architecture;
}
