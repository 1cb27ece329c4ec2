using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>A linear layer from a network's features to its classes.</summary>
/// <param name="Weight">The matrix [classes, features], also as a 1x1 convolution.</param>
/// <param name="Bias">The bias; null where there is none.</param>
internal sealed record FoundClassifier(Leftover Weight, Leftover? Bias)
{
    public WeightTensor ReadWeight()
    {
        var read = Weight.Tensor.Read();
        return new([read.Shape[0], read.Shape[1]], read.Values);
    }

    public WeightTensor ReadBias() => Bias?.Tensor.Read() ?? new([Weight.Tensor.Shape[0]], new float[Weight.Tensor.Shape[0]]);
}

/// <summary>Finds the classifier among what is left of the tensors: the one matrix from the features, whatever its name.</summary>
internal static partial class ClassifierSearch
{
    private const string WeightEnding = ".weight";

    /// <summary>Finds it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="features">How many features the network has.</param>
    /// <param name="leftovers">The tensors that are neither of the stem nor of the stages.</param>
    /// <param name="notes">Receives what is not as usual.</param>
    /// <returns>The classifier; null if there is none, or none that is one linear layer. The notes say why.</returns>
    public static FoundClassifier? Find(NetworkNames network, int features, List<Leftover> leftovers, List<string> notes)
    {
        var fitting = leftovers.FindAll(each =>
            each.Name.EndsWith(WeightEnding, StringComparison.Ordinal) && each.Tensor.Matrix?.Columns == features);
        var nearest = fitting.FindAll(each => each.Shared == fitting.Max(other => other.Shared));
        var named = nearest.FindAll(each => UsualName().IsMatch(each.Name[each.Shared..]));
        if (nearest.Count > 1 && named.Count == 1) nearest = named;
        if (Problem() is { } problem)
        {
            notes.Add($"{problem}. The network gives features only.");
            return null;
        }

        var weight = nearest[0];
        if (!UsualName().IsMatch(weight.Name[weight.Shared..])) notes.Add($"The classifier is '{weight.Name}'.");
        var bias = leftovers.Find(each => each.Name == $"{weight.Module}.bias");
        if (bias is null) notes.Add($"The classifier '{weight.Module}' has no bias: it is 0.");
        return new(weight, bias);

        string? Problem()
        {
            if (nearest.Count == 0)
            {
                var other = leftovers.Find(each => each.Tensor.Matrix is not null && UsualName().IsMatch(each.Name[each.Shared..]));
                return other is null
                    ? "There is no classifier among the weights"
                    : $"There is no classifier of the network's {features} features: '{other.Name}' takes {other.Tensor.Shape[1]}";
            }

            if (nearest.Count > 1)
                return $"It is not known which of these is the classifier: {NetworkSearch.Shown(nearest.Select(each => each.Name))}";
            var only = nearest[0];
            if (NetworkSearch.IsContrastive(network.Name))
                return $"'{only.Name}' is the projection of contrastive training, not a classifier";
            var layers = leftovers.FindAll(each => each.Shared == only.Shared && IsOfSameHead(each, only));
            return layers.Count == 0
                ? null
                : $"'{only.Name}' is one of several layers behind the features, with " +
                    $"{NetworkSearch.Shown(layers.Select(each => each.Name))}, which are not a classifier of one linear layer";
        }
    }

    /// <summary>Whether a tensor is of another layer of the head: in the same nn.Sequential, or a matrix before or behind it.</summary>
    private static bool IsOfSameHead(Leftover each, Leftover weight)
    {
        if (each.Module == weight.Module) return false;
        if (each.Group == weight.Group) return true;
        var matrix = weight.Tensor.Matrix!.Value;
        return each.Tensor.Matrix is { } other && (other.Columns == matrix.Rows || other.Rows == matrix.Columns);
    }

    [GeneratedRegex(@"^((fc|linear|classifier|head|last_linear)\.)(1\.|fc\.)?weight$")]
    private static partial Regex UsualName();
}
