using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>Brings the names that others give to a ResNet's weights to torchvision's.</summary>
internal static partial class WeightNames
{
    private const string Stem = "conv1.weight";
    private const string HuggingFaceStem = "embedder.embedder.convolution.weight";
    private const int NamesInMessage = 5;

    /// <summary>
    /// Gives weights torchvision's names (see <see cref="WeightFile.Read"/>). What lies beside the network's weights is left out.
    /// </summary>
    /// <param name="weights">The weights; the tensors themselves are shared, not copied.</param>
    /// <exception cref="InvalidDataException">
    /// There is no first convolution among them, so they are not a ResNet's; or two would have the same name.
    /// </exception>
    public static StateDict ToTorchvision(StateDict weights)
    {
        var names = weights.Keys.Where(name => !name.StartsWith(WeightFile.CompanionPrefix, StringComparison.Ordinal)).ToList();
        var huggingFace = PrefixOf(names, HuggingFaceStem);
        var prefix = huggingFace ?? PrefixOf(names, Stem) ?? throw new InvalidDataException(
            $"These are not a ResNet's weights: there is no tensor '{Stem}'. There are {Shown(names)}.");
        var renamed = new StateDict();
        foreach (var name in names)
        {
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal)) continue;
            // The head often lies beside the backbone that has the prefix.
            var ownPrefix = name.StartsWith(prefix, StringComparison.Ordinal) ? prefix : OuterPrefix(prefix, name);
            var bare = name[ownPrefix.Length..];
            if (huggingFace is not null) bare = FromHuggingFace(bare);
            bare = Head().Replace(bare, "fc.");
            bare = Projection().Replace(bare, "$1.downsample.");
            if (renamed.ContainsKey(bare)) throw new InvalidDataException($"Two tensors, one of them '{name}', would both be '{bare}'.");
            renamed.Add(bare, weights.TryGetValue(WeightFile.AveragePrefix + name, out var average) ? average : weights[name]);
        }

        return renamed;
    }

    private static string Shown(List<string> names) =>
        string.Join(", ", names.Take(NamesInMessage)) + (names.Count > NamesInMessage ? ", ..." : "");

    /// <summary>What stands before the first convolution's name: the shortest, and not the one inside a block.</summary>
    private static string? PrefixOf(IEnumerable<string> names, string stem) => names
        .Where(name => name.EndsWith(stem, StringComparison.Ordinal)).Select(name => name[..^stem.Length])
        .Where(prefix => prefix.Length == 0 || (prefix.EndsWith('.') && !InsideBlock().IsMatch(prefix)))
        .MinBy(prefix => prefix.Length);

    /// <summary>The longest part of the prefix, cut at a dot, that a name begins with.</summary>
    private static string OuterPrefix(string prefix, string name)
    {
        var length = prefix.Length;
        while (length > 0 && !name.AsSpan().StartsWith(prefix.AsSpan(0, length)))
            length = prefix.LastIndexOf('.', Math.Max(0, length - 2)) + 1;
        return prefix[..length];
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

    [GeneratedRegex(@"^(linear|classifier|head)\.(1\.|fc\.)?(?=weight$|bias$)")]
    private static partial Regex Head();

    [GeneratedRegex(@"^(layer\d+\.\d+)\.shortcut\.")]
    private static partial Regex Projection();

    [GeneratedRegex(@"^encoder\.stages\.(?<stage>\d{1,4})\.layers\.(?<block>\d{1,4})\.(?<rest>.*)$")]
    private static partial Regex HuggingFaceBlock();

    [GeneratedRegex(@"^layer\.(?<index>\d)\.(?<kind>convolution|normalization)\.(?<rest>.*)$")]
    private static partial Regex HuggingFaceLayer();
}
