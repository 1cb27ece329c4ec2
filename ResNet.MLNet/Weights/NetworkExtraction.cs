namespace ResNet.MLNet;

/// <summary>Takes one network's weights out of a set of tensors.</summary>
internal static class NetworkExtraction
{
    private const string Counter = "num_batches_tracked";

    /// <summary>Reads the weights by torchvision's names.</summary>
    /// <param name="network">The network.</param>
    /// <param name="others">Other networks of the same set, whose tensors are not its.</param>
    /// <param name="notes">Receives what was added or left out.</param>
    public static FoundNetwork Extract(NetworkNames network, IReadOnlyList<NetworkNames> others, List<string> notes)
    {
        var body = new OrderedDictionary<string, StoredTensor>(StringComparer.Ordinal);
        List<Leftover> leftovers = [];
        foreach (var (name, tensor) in network.Set.Tensors)
        {
            if (name.EndsWith(Counter, StringComparison.Ordinal) || IsAnothers(name)) continue;
            var isInside = name.StartsWith(network.Prefix, StringComparison.Ordinal);
            if (isInside && network.ToTorchvision(name[network.Prefix.Length..]) is { } known)
            {
                if (body.TryAdd(known, tensor)) continue;
                throw new InvalidDataException($"Two tensors, one of them '{name}', would both be '{known}'.");
            }

            leftovers.Add(new(name, SharedPrefix(network.Prefix, name), tensor));
        }

        var classifier = ClassifierSearch.Find(network, FeaturesOf(body), leftovers, notes);
        var weights = new StateDict();
        foreach (var (name, tensor) in body) weights.Add(name, tensor.Read());
        // A part that this project's networks do not have stays, so that the check of the architecture names it.
        foreach (var part in leftovers.Where(IsPart).ToList())
        {
            weights.Add(part.Name[network.Prefix.Length..], part.Tensor.Read());
            leftovers.Remove(part);
        }

        if (classifier is not null)
        {
            weights.Add("fc.weight", classifier.ReadWeight());
            weights.Add("fc.bias", classifier.ReadBias());
            leftovers.RemoveAll(each => each == classifier.Weight || each == classifier.Bias);
        }

        if (leftovers.Count > 0)
            notes.Add($"Left out, as not the network's: {NetworkSearch.Shown(leftovers.Select(each => each.Name))}.");
        return new(weights, notes);

        bool IsAnothers(string name) => others.Any(other =>
            name.StartsWith(other.Prefix, StringComparison.Ordinal)
            && (other.Prefix.Length > network.Prefix.Length || !name.StartsWith(network.Prefix, StringComparison.Ordinal)));

        bool IsPart(Leftover each) =>
            each != classifier?.Weight && each.Name.StartsWith(network.Prefix, StringComparison.Ordinal)
            && (each.IsConvolution || (each.IsStatistic && !leftovers.Exists(other => other.IsMatrixOf(each.Group))));
    }

    /// <summary>The channels after the last stage; 0 if they are not known.</summary>
    private static int FeaturesOf(OrderedDictionary<string, StoredTensor> body)
    {
        for (var stage = 9; stage > 0; stage--)
        {
            foreach (var last in new[] { 3, 2 })
            {
                if (body.TryGetValue($"layer{stage}.0.conv{last}.weight", out var tensor) && tensor.Shape is [var channels, ..])
                    return channels;
            }
        }

        return 0;
    }

    /// <summary>How long the part of the prefix is, cut at a dot, that a name begins with.</summary>
    private static int SharedPrefix(string prefix, string name)
    {
        var length = prefix.Length;
        while (length > 0 && !name.AsSpan().StartsWith(prefix.AsSpan(0, length)))
            length = prefix.LastIndexOf('.', Math.Max(0, length - 2)) + 1;
        return length;
    }
}

/// <summary>A tensor that is neither of a network's stem nor of its stages.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shared">How many characters of the network's prefix its name begins with.</param>
/// <param name="Tensor">The tensor.</param>
internal sealed record Leftover(string Name, int Shared, StoredTensor Tensor)
{
    /// <summary>The module that it is of.</summary>
    public string Module => Name[..(Name.LastIndexOf('.') is var dot and >= 0 ? dot : Name.Length)];

    /// <summary>The module around it, inside the shared prefix: the layers of an nn.Sequential have the same.</summary>
    public string Group => Module.LastIndexOf('.') is var dot && dot > Shared ? Module[..dot] : Module;

    /// <summary>Whether it is the kernel of a convolution over an area.</summary>
    public bool IsConvolution => Tensor.Shape.Count > 2 && Tensor.Shape.Count(size => size != 1) > 1 && Tensor.Matrix is null;

    /// <summary>Whether it is a matrix of some group.</summary>
    public bool IsMatrixOf(string group) => Tensor.Matrix is not null && Group == group;

    /// <summary>Whether it is of a batch norm.</summary>
    public bool IsStatistic => Name.EndsWith(".running_mean", StringComparison.Ordinal);
}
