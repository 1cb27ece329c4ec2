using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// A model file that is open: what its header says, and the network on demand. Its weights are in memory only if it was opened from bytes.
/// </summary>
internal sealed class OpenedModel
{
    private OpenedModel(ModelFileHeader header, ModelCard card)
    {
        Card = card;
        if (!header.Inputs.TryGetValue(ModelFile.InputName, out var input) || input is not [_, 3, _, _])
            throw new InvalidDataException($"The model has no input '{ModelFile.InputName}' [batch, 3, height, width].");
        FeatureCount = WidthOf(ModelFile.FeaturesName);
        ClassCount = WidthOf(ModelFile.LogitsName) ?? WidthOf(ModelFile.ProbabilitiesName);
        if (FeatureCount is null && ClassCount is null)
            throw new InvalidDataException("The model has neither features nor scores as outputs.");
        try
        {
            var isForeign = card.Architecture == ForeignModel.ForeignArchitecture;
            Architecture = isForeign ? null : ResNetArchitecture.Parse(card.Architecture, ClassCount);
        }
        catch (FormatException problem)
        {
            throw new InvalidDataException(problem.Message, problem);
        }

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

    /// <summary>The file as it was when it was opened; null for bytes.</summary>
    private FileState? Origin { get; init; }

    /// <summary>The bytes that were opened; null for a file.</summary>
    private byte[]? Bytes { get; init; }

    /// <summary>What the caller said about preparing images; null for what the card says.</summary>
    private ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>Whether the file has no card, so that it has to be adapted whenever it is read.</summary>
    private bool NeedsAdapting { get; init; }

    /// <summary>Opens a model file of this project, or a ResNet's .onnx from elsewhere. Only its header is kept.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="preprocessing">How images are prepared for a file from elsewhere, which does not say so itself.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is not an ONNX file, not a ResNet, or it has no card and no preprocessing is given; the message names the file.
    /// </exception>
    public static OpenedModel Open(string path, ImagePreprocessing? preprocessing = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no model file '{path}'.", path);
        try
        {
            using var stream = RegularFile.OpenRead(path);
            var state = FileState.Of(Path.GetFullPath(path), stream);
            var header = ModelFileHeader.Read(stream);
            var needsAdapting = header.Card is null;
            if (needsAdapting) header = ModelFileHeader.Read(new MemoryStream(Adapt(RegularFile.ReadAllBytes(path), preprocessing)));
            var card = CardOf(header);
            return new(header, preprocessing is null ? card : card with { Preprocessing = preprocessing })
            {
                Origin = state,
                Preprocessing = preprocessing,
                NeedsAdapting = needsAdapting,
            };
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    /// <summary>Opens the bytes of a model file of this project.</summary>
    /// <exception cref="InvalidDataException">They are not those of such a file.</exception>
    public static OpenedModel Open(byte[] bytes)
    {
        var header = ModelFileHeader.Read(new MemoryStream(bytes, writable: false));
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

    /// <summary>The file as it is now: this, unless the file has changed since.</summary>
    public OpenedModel Current() => HasChanged() ? Open(Origin!.Path, Preprocessing) : this;

    /// <summary>Loads the network.</summary>
    /// <exception cref="InvalidDataException">ONNX Runtime cannot load it, or the file has changed since it was opened.</exception>
    public InferenceSession CreateSession(SessionOptions options)
    {
        try
        {
            if (Origin is null || NeedsAdapting) return new(ReadBytes(), options);
            // ONNX Runtime reads the file itself, so that the weights are in memory once.
            var session = new InferenceSession(Origin.Path, options);
            if (!HasChanged()) return session;
            session.Dispose();
        }
        catch (OnnxRuntimeException problem)
        {
            var name = Origin is null ? "" : $"'{Origin.Path}': ";
            throw new InvalidDataException($"{name}ONNX Runtime cannot load the model: {problem.Message}", problem);
        }

        throw Changed();
    }

    /// <summary>The bytes of the model file, for a pipeline that is saved with it.</summary>
    /// <exception cref="InvalidDataException">The file has changed since it was opened.</exception>
    public byte[] ReadBytes()
    {
        if (Bytes is not null) return Bytes;
        var bytes = RegularFile.ReadAllBytes(Origin!.Path);
        if (HasChanged()) throw Changed();
        return NeedsAdapting ? Adapt(bytes, Preprocessing) : bytes;
    }

    private static ModelCard CardOf(ModelFileHeader header) =>
        header.Card ?? throw new InvalidDataException("The model file has no model card.");

    private static byte[] Adapt(byte[] bytes, ImagePreprocessing? preprocessing)
    {
        if (preprocessing is null)
        {
            throw new InvalidDataException(
                "The ONNX file has no model card, so it does not say how its images are prepared. " +
                "Pass a preprocessing (ImagePreprocessing.ImageNet for torchvision's networks).");
        }

        var model = ModelProto.Parser.ParseFrom(bytes);
        ForeignModel.Adapt(model, preprocessing);
        return model.ToByteArray();
    }

    private bool HasChanged() => Origin is not null && Origin != FileState.Of(Origin.Path);

    private InvalidDataException Changed() =>
        new($"'{Origin!.Path}' has changed since it was opened, so it can be neither run nor saved as part of a pipeline. Open it again.");

    /// <summary>What tells whether a file has changed, without reading its hundreds of megabytes.</summary>
    private sealed record FileState(string Path, long Length, DateTime Written)
    {
        public static FileState? Of(string path)
        {
            if (!File.Exists(path)) return null;
            using var file = RegularFile.OpenRead(path);
            return Of(path, file);
        }

        /// <summary>The state of the file itself, which a symbolic link's length and time are not.</summary>
        public static FileState Of(string path, FileStream file) =>
            new(path, file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle));
    }
}
