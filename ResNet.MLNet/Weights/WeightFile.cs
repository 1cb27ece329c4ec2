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

    /// <summary>
    /// Reads a ResNet's weights from a PyTorch checkpoint or a safetensors file; which it is is seen from its content, not its name. The
    /// network is looked for among all that the file holds, whatever training programs keep beside it: optimizers, criteria, arguments and
    /// other objects, which are never made. Names are brought to torchvision's. Known are torchvision's and timm's own, Hugging Face's
    /// (<c>resnet.encoder.stages.0.layers.0...</c>), the positions of an <c>nn.Sequential</c> (<c>4.0.conv1</c>), prefixes such as
    /// <c>module.</c> or <c>model.backbone.</c>, <c>shortcut.</c> for the projections, and the checkpoints of ResNet.Training, whose
    /// optimizer's memory is left out; where they have averaged weights, these are read, as they are what the run validates. The classifier
    /// is the one matrix from the features, whatever its name.
    /// </summary>
    /// <param name="path">
    /// The file; an index of shards (<c>model.safetensors.index.json</c>); or a folder that has <c>model.safetensors</c>,
    /// <c>pytorch_model.bin</c> or an index of one of them.
    /// </param>
    /// <param name="entry">
    /// Which network, where the file holds several, such as a teacher and a student: the keys that lead to it and the prefix of its names,
    /// joined by dots (<c>state_dict_ema</c>, <c>teacher.backbone</c>), or a part of that between dots. Null (default) for the only one.
    /// Without it averaged weights are preferred to those that they are averages of, and MoCo's query encoder to its key encoder.
    /// </param>
    /// <param name="note">Receives what was chosen, added or left out, in sentences; null (default) for nobody.</param>
    /// <returns>
    /// The floating-point tensors, converted to float32, by torchvision's names, in the order of the file. Without <c>fc.weight</c> and
    /// <c>fc.bias</c> if there is no classifier of one linear layer.
    /// </returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is neither of these, damaged or refused, or its weights are not a ResNet's, or those of several of which none is preferred; the
    /// message names the file and says why.
    /// </exception>
    public static StateDict Read(string path, string? entry = null, Action<string>? note = null)
    {
        var found = ReadNetwork(path, entry);
        if (note is not null)
        {
            foreach (var each in found.Notes) note(each);
        }

        return found.Weights;
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

    /// <summary>Reads a network's weights with all that is known of them.</summary>
    /// <inheritdoc cref="Read" path="/param|/exception"/>
    internal static FoundNetwork ReadNetwork(string path, string? entry = null)
    {
        path = WeightFolder.FileAt(path);
        return Named(path, () =>
        {
            using var opened = WeightFolder.IsIndex(path) ? WeightFolder.OpenIndex(path, Open) : Open(path);
            var found = NetworkSearch.Find(opened.Sets, entry, opened.WithoutNetwork);
            return found with { Metadata = opened.Metadata, Files = opened.Files };
        });
    }

    /// <summary>Reads all tensors of a safetensors file by the names that they have in it, and the text entries beside them.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a safetensors file, or damaged; the message names the file.</exception>
    internal static StoredWeights ReadStored(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) throw new FileNotFoundException($"'{path}' is a folder, not a file of weights.", path);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no file '{path}'.", path);
        return Named(path, () => SafeTensors.Read(RegularFile.ReadAllBytes(path)));
    }

    /// <summary>Whether there are weights at a path, not some other file such as a model file.</summary>
    /// <exception cref="InvalidDataException">There is what is taken for weights by mistake; the message says what it is.</exception>
    internal static bool IsAt(string path) =>
        Directory.Exists(path) || WeightFolder.IsIndex(path) || Named(path, () => KindOf(path) != Kind.Other);

    private static T Named<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    private static OpenedWeights Open(string path)
    {
        switch (KindOf(path))
        {
            case Kind.PyTorch:
                return PyTorchCheckpoint.Open(RegularFile.OpenRead(path)) with { Files = [path] };
            case Kind.SafeTensors:
                var stored = SafeTensors.Read(RegularFile.ReadAllBytes(path));
                return new([TensorSet.Of(stored.Tensors)], stored.Metadata, WithoutNetwork: null, [path]);
            default:
                throw new InvalidDataException(
                    "It is not a file of weights: it is neither a PyTorch checkpoint (zip or legacy) nor a safetensors file.");
        }
    }

    /// <summary>What a file is, by its first bytes.</summary>
    private static Kind KindOf(string path)
    {
        Span<byte> start = stackalloc byte[OtherFiles.StartLength];
        using (var file = RegularFile.OpenRead(path)) start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (PyTorchCheckpoint.IsZip(start) || PyTorchCheckpoint.IsPickle(start)) return Kind.PyTorch;
        if (SafeTensors.IsStart(start)) return Kind.SafeTensors;
        return OtherFiles.Describe(start) is { } what ? throw new InvalidDataException(what) : Kind.Other;
    }

    private enum Kind
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
