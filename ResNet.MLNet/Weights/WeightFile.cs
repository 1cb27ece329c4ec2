namespace ResNet.MLNet;

/// <summary>Files of weights: PyTorch checkpoints (zip and legacy) and safetensors are read, safetensors are written.</summary>
public static class WeightFile
{
    /// <summary>
    /// What the names of tensors begin with that a checkpoint keeps beside the network's, such as an optimizer's memory or averaged
    /// weights. They are not weights of the network, so <see cref="Read"/> leaves them out.
    /// </summary>
    internal const string CompanionPrefix = "optimizer.";

    /// <summary>What the names of averaged weights begin with, before the names that the weights have in the network.</summary>
    internal const string AveragePrefix = CompanionPrefix + "average.";

    private static readonly Dictionary<string, string> NoMetadata = [];

    /// <summary>
    /// Reads a ResNet's weights from a PyTorch checkpoint or a safetensors file; which it is is seen from its content, not its name. Names
    /// are brought to torchvision's. Known are torchvision's and timm's own, Hugging Face's (<c>resnet.encoder.stages.0.layers.0...</c>),
    /// prefixes such as <c>module.</c> or <c>model.backbone.</c>, <c>linear.</c> or <c>classifier.</c> for the head, <c>shortcut.</c> for
    /// the projections, and the checkpoints of ResNet.Training, whose optimizer's memory is left out; where they have averaged weights,
    /// these are read, as they are what the run validates.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>The floating-point tensors, converted to float32, by torchvision's names, in the order of the file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is neither of these, damaged or refused, or its weights are not a ResNet's; the message names the file and says why.
    /// </exception>
    public static StateDict Read(string path)
    {
        var stored = ReadStored(path);
        try
        {
            return WeightNames.ToTorchvision(stored.Tensors);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    /// <summary>Writes a safetensors file; what was at the path stays until the new file is complete.</summary>
    /// <param name="path">The file, by custom <c>*.safetensors</c>.</param>
    /// <param name="weights">The tensors; all are stored as float32 by the names that they have.</param>
    /// <param name="metadata">Text entries to keep beside them; null (default) for none.</param>
    public static void Write(string path, StateDict weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(weights);
        AtomicFile.Write(path, stream => SafeTensors.Write(stream, weights, metadata));
    }

    /// <summary>
    /// Reads all tensors by the names that they have in the file, and the text entries beside them (a PyTorch checkpoint has none).
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is neither of these, damaged or refused; the message names the file and says why.
    /// </exception>
    internal static StoredWeights ReadStored(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) throw new FileNotFoundException($"'{path}' is a folder, not a file of weights.", path);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no file '{path}'.", path);
        try
        {
            return KindOf(path) switch
            {
                Kind.PyTorch => new(PyTorchCheckpoint.Read(path), NoMetadata),
                Kind.SafeTensors => SafeTensors.Read(RegularFile.ReadAllBytes(path)),
                _ => throw new InvalidDataException(
                    "It is not a file of weights: it is neither a PyTorch checkpoint (zip or legacy) nor a safetensors file."),
            };
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    /// <summary>What a file is, by its first bytes.</summary>
    internal static Kind KindOf(string path)
    {
        Span<byte> start = stackalloc byte[9];
        using (var file = RegularFile.OpenRead(path)) start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (PyTorchCheckpoint.IsZip(start) || PyTorchCheckpoint.IsPickle(start)) return Kind.PyTorch;
        return start.Length == 9 && start[^1] == (byte)'{' ? Kind.SafeTensors : Kind.Other;
    }

    internal enum Kind
    {
        Other,
        PyTorch,
        SafeTensors,
    }
}

/// <summary>What a file of weights holds.</summary>
/// <param name="Tensors">The floating-point tensors as float32, by their names in the file, in its order.</param>
/// <param name="Metadata">The text entries beside them.</param>
internal sealed record StoredWeights(StateDict Tensors, IReadOnlyDictionary<string, string> Metadata);
