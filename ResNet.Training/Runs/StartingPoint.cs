using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ResNet.Training;

/// <summary>A trained network, from which a run starts.</summary>
public sealed class StartingPoint
{
    private StartingPoint(string file, string name, StateDict weights, ResNetArchitecture architecture, ModelCard? card, bool isFolded)
    {
        File = Path.GetFullPath(file);
        Name = Path.GetFileName(name);
        Weights = weights;
        Architecture = architecture;
        Preprocessing = card?.Preprocessing ?? ImagePreprocessing.For(architecture);
        Labels = card?.Labels;
        IsFolded = isFolded;
    }

    /// <summary>What it is called: the file's name or the catalog's.</summary>
    public string Name { get; }

    /// <summary>The network, with the classes that it was trained on.</summary>
    public ResNetArchitecture Architecture { get; }

    /// <summary>How its images are prepared: from the model card, else <see cref="ImagePreprocessing.For"/>.</summary>
    public ImagePreprocessing Preprocessing { get; }

    /// <summary>The names of the classes that it was trained on; null if they are not known.</summary>
    public IReadOnlyList<string>? Labels { get; }

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

    /// <summary>Opens what a run can start from.</summary>
    /// <param name="model">
    /// A model file (.onnx) of this project; a PyTorch checkpoint, a safetensors file or a checkpoint of a run (see
    /// <see cref="WeightFile.Read"/>); or the name of published weights (<see cref="PretrainedResNet.All"/>), which are fetched if they are
    /// not here.
    /// </param>
    /// <param name="progress">Receives the progress of a download.</param>
    /// <param name="cancellation">Stops a download.</param>
    /// <exception cref="FileNotFoundException">There is neither such a file nor such an entry.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, refused, not a ResNet's, or an integer network; the message names it.
    /// </exception>
    /// <exception cref="IOException">Published weights cannot be fetched; the message says what to do.</exception>
    public static StartingPoint Open(string model, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        var file = ModelStore.Default.Find(model, progress, cancellation);
        return WeightFile.KindOf(file) == WeightFile.Kind.Other ? OpenModel(file, model) : OpenWeights(file);
    }

    private static StartingPoint OpenModel(string file, string name)
    {
        var (weights, architecture, card) = ModelFileWeights.Read(file);
        return new(file, name, weights, architecture, card, isFolded: true);
    }

    private static StartingPoint OpenWeights(string file)
    {
        var stored = WeightFile.ReadStored(file);
        try
        {
            var weights = WeightNames.ToTorchvision(stored.Tensors);
            var card = Checkpoint.CardOf(stored);
            var classes = weights["fc.bias"].Values.Length;
            var architecture = card is null
                ? ArchitectureRecognition.Recognize(weights)
                : ResNetArchitecture.Parse(card.Architecture, classes);
            weights.EnsureFits(architecture);
            return new(file, file, weights, architecture, card, isFolded: false);
        }
        catch (Exception problem) when (problem is InvalidDataException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"'{file}': {problem.Message}", problem);
        }
    }

    /// <summary>Whether it was trained on just these classes, so that its head can stay.</summary>
    internal bool HasSameClasses(IReadOnlyList<string> labels) => Labels?.SequenceEqual(labels) ?? false;
}
