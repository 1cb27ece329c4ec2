using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>Whose names the tensors of a network have.</summary>
internal enum NamingScheme
{
    /// <summary>conv1, bn1, layer1.0.conv1: torchvision, timm, CIFAR networks.</summary>
    Torchvision,

    /// <summary>embedder.embedder.convolution, encoder.stages.0.layers.0.layer.0.convolution: Hugging Face's transformers.</summary>
    HuggingFace,

    /// <summary>0, 1, 4.0.conv1: torchvision's parts in an nn.Sequential, by their position.</summary>
    Sequential,
}

/// <summary>A network among the tensors of a set: whose names its tensors have, and what stands before them.</summary>
/// <param name="Set">The tensors.</param>
/// <param name="Scheme">Whose names they have.</param>
/// <param name="Prefix">What stands before the names; empty or with a dot at the end.</param>
internal sealed partial record NetworkNames(TensorSet Set, NamingScheme Scheme, string Prefix)
{
    private const string Stem = "conv1.weight";
    private const string HuggingFaceStem = "embedder.embedder.convolution.weight";
    private const string SequentialStem = "0.weight";

    /// <summary>What a block's first convolution is called behind its position in an nn.Sequential.</summary>
    private const string SequentialBlock = ".0.conv1.weight";

    private readonly Dictionary<string, int> _stages = Scheme == NamingScheme.Sequential ? StagesOf(Set, Prefix) : [];

    /// <summary>What messages and users call it: the keys that lead to it and its prefix, or a dot for the file itself.</summary>
    public string Name => string.Join('.', new[] { Set.Entry, Prefix.TrimEnd('.') }.Where(part => part.Length > 0)) is { Length: > 0 } name
        ? name
        : ".";

    /// <summary>Whether the first block is there too, so that it is not just any first convolution.</summary>
    public bool HasBlocks => Scheme switch
    {
        NamingScheme.HuggingFace => Set.Tensors.ContainsKey($"{Prefix}encoder.stages.0.layers.0.layer.0.convolution.weight"),
        NamingScheme.Sequential => true,
        _ => Set.Tensors.ContainsKey($"{Prefix}layer1.0.conv1.weight"),
    };

    /// <summary>Where the numbers of the first convolution lie: two networks of the same are one.</summary>
    public object? Place => Set.Tensors[Prefix + StemOf(Scheme)].Place;

    /// <summary>All networks, or what begins like one, among tensors.</summary>
    public static IEnumerable<NetworkNames> In(TensorSet set)
    {
        HashSet<string> sequences = [];
        foreach (var name in set.Tensors.Keys)
        {
            if (PrefixBefore(name, HuggingFaceStem) is { } huggingFace) yield return new(set, NamingScheme.HuggingFace, huggingFace);
            if (PrefixBefore(name, Stem) is { } prefix && !InsideBlock().IsMatch(prefix))
                yield return new(set, NamingScheme.Torchvision, prefix);
            if (SequentialPosition(name) is { } found && sequences.Add(found.Prefix)
                && set.Tensors.TryGetValue(found.Prefix + SequentialStem, out var stem) && stem.Shape.Count == 4)
            {
                yield return new(set, NamingScheme.Sequential, found.Prefix);
            }
        }
    }

    /// <summary>torchvision's name of a tensor behind the prefix; null if it is not of the stem or a stage.</summary>
    public string? ToTorchvision(string bare)
    {
        var name = Scheme switch
        {
            NamingScheme.HuggingFace => FromHuggingFace(bare),
            NamingScheme.Sequential => FromSequential(bare),
            _ => bare,
        };
        return Body().IsMatch(name) ? Projection().Replace(name, "$1.downsample.") : null;
    }

    private static string StemOf(NamingScheme scheme) => scheme switch
    {
        NamingScheme.HuggingFace => HuggingFaceStem,
        NamingScheme.Sequential => SequentialStem,
        _ => Stem,
    };

    private static string? PrefixBefore(string name, string stem)
    {
        if (!name.EndsWith(stem, StringComparison.Ordinal)) return null;
        var prefix = name[..^stem.Length];
        return prefix.Length == 0 || prefix.EndsWith('.') ? prefix : null;
    }

    private static (string Prefix, string Position)? SequentialPosition(string name)
    {
        if (!name.EndsWith(SequentialBlock, StringComparison.Ordinal)) return null;
        var path = name[..^SequentialBlock.Length];
        var start = path.LastIndexOf('.') + 1;
        return int.TryParse(path.AsSpan(start), out _) ? (path[..start], path[start..]) : null;
    }

    /// <summary>The stages, from 1, by their positions in an nn.Sequential.</summary>
    private static Dictionary<string, int> StagesOf(TensorSet set, string prefix) => set.Tensors.Keys
        .Select(SequentialPosition).Where(found => found?.Prefix == prefix).Select(found => found!.Value.Position)
        .Distinct().OrderBy(int.Parse).Index().ToDictionary(stage => stage.Item, stage => stage.Index + 1, StringComparer.Ordinal);

    private string FromSequential(string name)
    {
        var dot = name.IndexOf('.');
        if (dot < 0) return name;
        var (position, rest) = (name[..dot], name[(dot + 1)..]);
        if (_stages.TryGetValue(position, out var stage)) return $"layer{stage}.{rest}";
        return position switch
        {
            "0" => $"conv1.{rest}",
            "1" => $"bn1.{rest}",
            _ => name,
        };
    }

    private static string FromHuggingFace(string name)
    {
        if (name.StartsWith("embedder.embedder.", StringComparison.Ordinal))
            return name.Replace("embedder.embedder.convolution.", "conv1.").Replace("embedder.embedder.normalization.", "bn1.");
        if (HuggingFaceBlock().Match(name) is not { Success: true } match) return name;
        var block = $"layer{int.Parse(match.Groups["stage"].Value) + 1}.{match.Groups["block"].Value}";
        var rest = match.Groups["rest"].Value;
        if (HuggingFaceLayer().Match(rest) is not { Success: true } layer)
            return $"{block}.{rest.Replace("shortcut.convolution.", "downsample.0.").Replace("shortcut.normalization.", "downsample.1.")}";
        var kind = layer.Groups["kind"].Value == "convolution" ? "conv" : "bn";
        var number = int.Parse(layer.Groups["index"].Value) + 1;
        return $"{block}.{kind}{number}.{layer.Groups["rest"].Value}";
    }

    [GeneratedRegex(@"(^|\.)layer\d+\.\d+\.$")]
    private static partial Regex InsideBlock();

    [GeneratedRegex(@"^(conv1|bn1|layer\d+)\.")]
    private static partial Regex Body();

    [GeneratedRegex(@"^(layer\d+\.\d+)\.shortcut\.")]
    private static partial Regex Projection();

    [GeneratedRegex(@"^encoder\.stages\.(?<stage>\d{1,4})\.layers\.(?<block>\d{1,4})\.(?<rest>.*)$")]
    private static partial Regex HuggingFaceBlock();

    [GeneratedRegex(@"^layer\.(?<index>\d)\.(?<kind>convolution|normalization)\.(?<rest>.*)$")]
    private static partial Regex HuggingFaceLayer();
}
