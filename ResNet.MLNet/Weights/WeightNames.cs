using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>Brings the names that others give to a ResNet's weights to torchvision's.</summary>
public static partial class WeightNames
{
    private const string Stem = "conv1.weight", HuggingFaceStem = "embedder.embedder.convolution.weight", OptimizerPrefix = "optimizer.";

    /// <summary>
    /// Gives weights torchvision's names. Known are torchvision's and timm's own, Hugging Face's (<c>resnet.encoder.stages.0.layers.0...</c>), prefixes such as
    /// <c>module.</c> or <c>model.backbone.</c>, <c>linear.</c> or <c>classifier.</c> for the head, <c>shortcut.</c> for the projections, and the checkpoints of
    /// ResNet.Training, whose optimizer's memory is left out.
    /// </summary>
    /// <param name="weights">The weights; the tensors themselves are shared, not copied.</param>
    /// <exception cref="InvalidDataException">There is no first convolution among them, so they are no ResNet's; or two would have the same name.</exception>
    public static StateDict ToTorchvision(StateDict weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var names = weights.Keys.Where(name => !name.StartsWith(OptimizerPrefix, StringComparison.Ordinal)).ToList();
        var huggingFace = PrefixOf(names, HuggingFaceStem);
        var prefix = huggingFace ?? PrefixOf(names, Stem) ?? throw new InvalidDataException(
            $"These are no ResNet's weights: there is no tensor '{Stem}'. There are {string.Join(", ", names.Take(5))}{(names.Count > 5 ? ", ..." : "")}.");
        var renamed = new StateDict();
        foreach (var name in names)
        {
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal)) continue;
            // The head often lies beside the backbone that has the prefix.
            var bare = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name[OuterPrefix(prefix, name).Length..];
            if (huggingFace is not null) bare = FromHuggingFace(bare);
            bare = Head().Replace(bare, "fc.");
            bare = Projection().Replace(bare, "$1.downsample.");
            if (renamed.ContainsKey(bare)) throw new InvalidDataException($"Two tensors, one of them '{name}', would both be '{bare}'.");
            renamed.Add(bare, weights[name]);
        }

        return renamed;
    }

    /// <summary>What stands before the first convolution's name: the shortest, and not the one inside a block.</summary>
    private static string? PrefixOf(IEnumerable<string> names, string stem) => names
        .Where(name => name.EndsWith(stem, StringComparison.Ordinal)).Select(name => name[..^stem.Length])
        .Where(prefix => prefix.Length == 0 || (prefix.EndsWith('.') && !InsideBlock().IsMatch(prefix)))
        .MinBy(prefix => prefix.Length);

    /// <summary>The longest part of the prefix, cut at a dot, that a name begins with.</summary>
    private static string OuterPrefix(string prefix, string name)
    {
        var length = prefix.Length;
        while (length > 0 && !name.AsSpan().StartsWith(prefix.AsSpan(0, length))) length = prefix.LastIndexOf('.', Math.Max(0, length - 2)) + 1;
        return prefix[..length];
    }

    private static string FromHuggingFace(string name)
    {
        if (name.StartsWith("embedder.embedder.", StringComparison.Ordinal))
            return name.Replace("embedder.embedder.convolution.", "conv1.").Replace("embedder.embedder.normalization.", "bn1.");
        if (HuggingFaceBlock().Match(name) is not { Success: true } match) return name;
        var (stage, block, rest) = (int.Parse(match.Groups[1].Value) + 1, match.Groups[2].Value, match.Groups[3].Value);
        if (HuggingFaceLayer().Match(rest) is { Success: true } layer)
            return $"layer{stage}.{block}.{(layer.Groups[2].Value == "convolution" ? "conv" : "bn")}{int.Parse(layer.Groups[1].Value) + 1}.{layer.Groups[3].Value}";
        return $"layer{stage}.{block}.{rest.Replace("shortcut.convolution.", "downsample.0.").Replace("shortcut.normalization.", "downsample.1.")}";
    }

    [GeneratedRegex(@"(^|\.)layer\d+\.\d+\.$")]
    private static partial Regex InsideBlock();

    [GeneratedRegex(@"^(linear|classifier|head)\.(1\.|fc\.)?(?=weight$|bias$)")]
    private static partial Regex Head();

    [GeneratedRegex(@"^(layer\d+\.\d+)\.shortcut\.")]
    private static partial Regex Projection();

    [GeneratedRegex(@"^encoder\.stages\.(\d{1,4})\.layers\.(\d{1,4})\.(.*)$")]
    private static partial Regex HuggingFaceBlock();

    [GeneratedRegex(@"^layer\.(\d)\.(convolution|normalization)\.(.*)$")]
    private static partial Regex HuggingFaceLayer();
}
