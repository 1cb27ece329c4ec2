using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ResNet.Training;

/// <summary>A trained network, from which a run starts.</summary>
public sealed class StartingPoint
{
    private StartingPoint(string file, string name, StateDict weights, ResNetArchitecture architecture, ModelCard card, bool isFolded)
    {
        File = Path.GetFullPath(file);
        Name = Path.GetFileName(name);
        Weights = weights;
        Architecture = architecture;
        Preprocessing = card.Preprocessing;
        Labels = card.Labels;
        ClassMeans = card.ClassMeans;
        ScoreFunction = card.ScoreFunction;
        IsFolded = isFolded;
    }

    /// <summary>What it is called: the file's name or the catalog's.</summary>
    public string Name { get; }

    /// <summary>The network, with the classes that it was trained on; 0 classes if it has no classifier.</summary>
    public ResNetArchitecture Architecture { get; }

    /// <summary>
    /// How its images are prepared: from the model card or the configuration beside the weights, else <see cref="ImagePreprocessing.For"/>.
    /// </summary>
    public ImagePreprocessing Preprocessing { get; }

    /// <summary>The names of the classes that it was trained on; null if they are not known.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>What was chosen, added or left out when weights from elsewhere were read, in sentences.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>How it makes probabilities of its scores.</summary>
    internal ScoreFunction ScoreFunction { get; }

    /// <summary>The full path of the file that it was read from.</summary>
    internal string File { get; }

    internal StateDict Weights { get; }

    /// <summary>A digest of the weights, which tells them from others of the same name.</summary>
    internal string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var tensor in Weights.Values) hash.AppendData(MemoryMarshal.AsBytes<float>(tensor.Values));
            return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
        }
    }

    /// <summary>Whether batch norm was folded into the convolutions, so that its statistics are lost.</summary>
    internal bool IsFolded { get; }

    /// <summary>What its model file remembers of its training images (see <see cref="ModelCard.ClassMeans"/>).</summary>
    internal string? ClassMeans { get; }

    /// <summary>Opens what a run can start from.</summary>
    /// <param name="model">
    /// A model file (.onnx) of this project; the ONNX graph of a residual network from elsewhere (see <see cref="ResNetImporter"/>); a
    /// PyTorch checkpoint, a safetensors file, a folder of them or a checkpoint of a run (see <see cref="WeightFile.Read"/>); or the name
    /// of published weights (<see cref="PretrainedResNet.All"/>), which are fetched if they are not here.
    /// </param>
    /// <param name="progress">Receives the progress of a download.</param>
    /// <param name="entry">
    /// Which network, where a file of weights holds several (see <see cref="WeightFile.Read"/>); null (default) for the only one.
    /// </param>
    /// <param name="preprocessing">
    /// How images are prepared for an ONNX graph from elsewhere, which does not say so itself. Null (default): what is usual for the
    /// network is assumed, and noted. Other files say it themselves.
    /// </param>
    /// <param name="cancellation">Stops a download.</param>
    /// <exception cref="FileNotFoundException">There is neither such a file nor such an entry.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, refused, not a ResNet's, or an integer network; the message names it.
    /// </exception>
    /// <exception cref="IOException">Published weights cannot be fetched; the message says what to do.</exception>
    public static StartingPoint Open(
        string model,
        IProgress<DownloadProgress>? progress = null,
        string? entry = null,
        ImagePreprocessing? preprocessing = null,
        CancellationToken cancellation = default)
    {
        var isFolder = Directory.Exists(model) && PretrainedResNet.Find(model) is null;
        var file = isFolder ? model : ModelStore.Default.Find(model, progress, cancellation);
        if (WeightFile.IsAt(file)) return OpenWeights(file, entry);
        return ModelCard.Read(file) is null ? OpenGraph(file, preprocessing) : OpenModel(file, model);
    }

    private static StartingPoint OpenGraph(string file, ImagePreprocessing? preprocessing)
    {
        List<string> notes = [];
        var imported = GraphFile.Import(file, known => known with { Preprocessing = preprocessing ?? known.Preprocessing }, notes.Add);
        if (imported.Network is not { } network)
            throw new InvalidDataException($"'{file}': Its weights cannot be read, so that training cannot start from it. {imported.Note}");
        return new(file, file, imported.Weights!, network.Architecture, imported.Card, network.IsFolded) { Notes = notes };
    }

    private static StartingPoint OpenModel(string file, string name)
    {
        var (weights, architecture, card) = ModelFileWeights.Read(file);
        return new(file, name, weights, architecture, card, isFolded: true);
    }

    private static StartingPoint OpenWeights(string path, string? entry)
    {
        var network = ImportedNetwork.Read(path, architecture: null, entry);
        var file = network.Files[0];
        try
        {
            network.Weights.EnsureFits(network.Architecture);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{file}': {problem.Message}", problem);
        }

        return new(file, file, network.Weights, network.Architecture, network.Card, isFolded: false) { Notes = network.Notes };
    }

    /// <summary>Whether it was trained on just these classes, so that its head can stay.</summary>
    internal bool HasSameClasses(IReadOnlyList<string> labels) => Labels?.SequenceEqual(labels) ?? false;
}
