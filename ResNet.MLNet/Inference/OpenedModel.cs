using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>
/// A model file that is held open: what its header says, and the network on demand, from the very file that the header was read from. Its
/// weights are in memory only if it was opened from bytes.
/// </summary>
internal sealed class OpenedModel : IDisposable
{
    private readonly ModelFileHeader _header;

    private OpenedModel(ModelFileHeader header, ModelCard card)
    {
        _header = header;
        Card = card;
        if (!header.Inputs.TryGetValue(ModelFile.InputName, out var input) || input is not [_, 3, _, _])
            throw new InvalidDataException($"The model has no input '{ModelFile.InputName}' [batch, 3, height, width].");
        card.Preprocessing.EnsureFitsInput(input[2], input[3]);
        FeatureCount = WidthOf(ModelFile.FeaturesName);
        ClassCount = WidthOf(ModelFile.LogitsName) ?? WidthOf(ModelFile.ProbabilitiesName);
        if (card.Thresholds is { } thresholds && thresholds.Count != ClassCount)
            throw new InvalidDataException($"The model card has {thresholds.Count} thresholds, and the network {ClassCount} classes.");
        if (card.Labels is { } labels && ClassCount is { } classes && labels.Count != classes)
            throw new InvalidDataException($"The model card has {labels.Count} labels, and the network {classes} classes.");
        if (FeatureCount is null && ClassCount is null)
            throw new InvalidDataException("The model has neither features nor scores as outputs.");
        try
        {
            var isForeign = card.Architecture == ForeignModel.ForeignArchitecture;
            Architecture = isForeign ? null : ResNetArchitecture.Parse(card.Architecture, ClassCount ?? 0);
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException)
        {
            throw new InvalidDataException($"The model card names an architecture that there is not: {problem.Message}", problem);
        }

        if (Architecture is { } network) CheckGraph(network);

        int? WidthOf(string output) =>
            header.Outputs.TryGetValue(output, out var shape) && shape is [_, > 0 and var width] ? (int)width : null;
    }

    public ModelCard Card { get; }

    /// <summary>The architecture; null for a file from elsewhere.</summary>
    public ResNetArchitecture? Architecture { get; }

    /// <summary>Number of features; null if the network does not give them.</summary>
    public int? FeatureCount { get; }

    /// <summary>Number of classes; null if the network gives no scores.</summary>
    public int? ClassCount { get; }

    /// <summary>The full path of the file; null for bytes.</summary>
    public string? Path => File?.Path;

    /// <summary>The digest that the file states of itself; null if it states none, because it is older or from elsewhere.</summary>
    public string? Digest => File is null ? _header.Digest : File.Header.Digest;

    /// <summary>The file, held open; null for bytes.</summary>
    private ModelFileContent? File { get; init; }

    /// <summary>Its size in bytes.</summary>
    public long Size => File?.Length ?? Bytes!.LongLength;

    /// <summary>The bytes that were opened; null for a file.</summary>
    private byte[]? Bytes { get; init; }

    /// <summary>What the caller said about preparing images; null for what the card says.</summary>
    private ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>What a file from elsewhere, which has no card, was made into; null for our own.</summary>
    private byte[]? Adapted { get; init; }

    /// <summary>Opens a model file of this project, or a ResNet's .onnx from elsewhere. Only its header is kept.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="preprocessing">
    /// How images are prepared for a file from elsewhere, which does not say so itself. For a file with a card: another size, crop or
    /// filter; what its graph does itself stays as the card says.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is not an ONNX file, damaged, not a ResNet, or it has no card and no preprocessing is given; the message names the file.
    /// </exception>
    public static OpenedModel Open(string path, ImagePreprocessing? preprocessing = null) => Open(path, preprocessing, known: null);

    private static OpenedModel Open(string path, ImagePreprocessing? preprocessing, OpenedModel? known)
    {
        ModelFileContent? file = null;
        try
        {
            file = ModelFileContent.Open(path);
            var header = file.Header;
            byte[]? adapted = null;
            if (header.Card is null)
            {
                adapted = known?.File?.Digest == file.Digest ? known!.Adapted! : Adapt(file, preprocessing);
                header = HeaderOf(adapted);
            }

            var card = CardOf(header);
            return new(header, preprocessing is null ? card : card with { Preprocessing = Inside(card, preprocessing) })
            {
                File = file,
                Adapted = adapted,
                Preprocessing = preprocessing,
            };
        }
        catch (Exception problem)
        {
            file?.Dispose();
            if (problem is not InvalidDataException) throw;
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    /// <summary>Opens the bytes of a model file of this project.</summary>
    /// <exception cref="InvalidDataException">They are not those of such a file, or are damaged.</exception>
    public static OpenedModel Open(byte[] bytes)
    {
        var header = HeaderOf(bytes);
        ModelFileSeal.Check(bytes, header);
        return new(header, CardOf(header)) { Bytes = bytes };
    }

    /// <summary>The name that an output has in the graph.</summary>
    public static string NameOf(ResNetOutput output) => output switch
    {
        ResNetOutput.Features => ModelFile.FeaturesName,
        ResNetOutput.Logits => ModelFile.LogitsName,
        _ => ModelFile.ProbabilitiesName,
    };

    /// <summary>The number of values that an output has for one image.</summary>
    /// <exception cref="ArgumentException">The network has no such output.</exception>
    public int Width(ResNetOutput output) => (output == ResNetOutput.Features ? FeatureCount : ClassCount)
        ?? throw new ArgumentException($"The model has no {output.ToString().ToLowerInvariant()}.", nameof(output));

    /// <summary>Opens the file that has the name now; bytes stay what they are.</summary>
    /// <inheritdoc cref="Open(string, ImagePreprocessing?)" path="/exception"/>
    public OpenedModel Reopen() => File is null ? this : Open(File.Path, Preprocessing, known: this);

    /// <summary>Loads the network.</summary>
    /// <exception cref="InvalidDataException">
    /// ONNX Runtime cannot load it, or the file is damaged or was written since it was opened; the message names it.
    /// </exception>
    public InferenceSession CreateSession(SessionOptions options) => Guard(() => File is null || Adapted is not null
        ? new(ReadBytes(), options)
        // ONNX Runtime reads the file itself, so that the weights are in memory once.
        : File.Load(path => new InferenceSession(path, options)));

    /// <summary>Checks the file now, and not when the network is loaded.</summary>
    /// <inheritdoc cref="ReadBytes" path="/exception"/>
    public void Check() => Guard(() =>
    {
        File?.Check();
        return true;
    });

    /// <summary>The bytes of the model file, for a pipeline that is saved with it.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or was written since it was opened; the message names it.</exception>
    public byte[] ReadBytes()
    {
        if (Bytes is not null) return Bytes;
        return Adapted ?? Guard(File!.ReadBytes);
    }

    /// <summary>Lets the file go. What the header says stays known.</summary>
    public void Dispose() => File?.Dispose();

    /// <summary>Lets a problem with the file name it.</summary>
    private T Guard<T>(Func<T> use)
    {
        var name = File is null ? "" : $"'{File.Path}': ";
        try
        {
            return use();
        }
        catch (InvalidDataException problem) when (File is not null && !problem.Message.StartsWith(name, StringComparison.Ordinal))
        {
            throw new InvalidDataException(name + problem.Message, problem);
        }
        catch (OnnxRuntimeException problem)
        {
            throw new InvalidDataException($"{name}ONNX Runtime cannot load the model: {problem.Message}", problem);
        }
        catch (ObjectDisposedException)
        {
            ResNetModel.ThrowIfDisposed(true);
            throw;
        }
    }

    /// <summary>Checks that a graph may be the network that its card names, by what the header says.</summary>
    private void CheckGraph(ResNetArchitecture network)
    {
        if (FeatureCount is { } features && features != network.FeatureCount)
        {
            throw new InvalidDataException(
                $"The model card says {network.Name}, which has {network.FeatureCount} features, and the network gives {features}.");
        }

        // Quantization makes convolutions of some shortcuts.
        if (Card.Quantization is not null) return;
        var convolutions = network.Convolutions.Count();
        if (_header.Convolutions == convolutions) return;
        throw new InvalidDataException(
            $"The model card says {network.Name}, which has {convolutions} convolutions, and the graph has {_header.Convolutions}.");
    }

    private static ModelFileHeader HeaderOf(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        return ModelFileHeader.Read(stream);
    }

    /// <summary>How a caller wants images prepared, with what the graph does itself, which no caller can change.</summary>
    private static ImagePreprocessing Inside(ModelCard card, ImagePreprocessing given) => given with
    {
        Mean = card.Preprocessing.Mean,
        MeanImage = card.Preprocessing.MeanImage,
        Std = card.Preprocessing.Std,
        ChannelOrder = card.Preprocessing.ChannelOrder,
    };

    private static ModelCard CardOf(ModelFileHeader header) =>
        header.Card ?? throw new InvalidDataException("The model file has no model card.");

    private static byte[] Adapt(ModelFileContent file, ImagePreprocessing? preprocessing)
    {
        if (preprocessing is null)
        {
            throw new InvalidDataException(
                "The ONNX file has no model card, so it does not say how its images are prepared. " +
                "Pass a preprocessing (ImagePreprocessing.ImageNet for torchvision's networks).");
        }

        var model = file.ReadModel();
        var card = ForeignModel.CardOf(model, preprocessing);
        return new GraphImport(model).ToModelFile(card).Bytes;
    }
}
