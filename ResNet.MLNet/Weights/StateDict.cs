using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace ResNet.MLNet;

/// <summary>
/// Float tensors by name, in the order in which they were added: the weights of a network. <see cref="WeightFile.Read"/> gives them
/// torchvision's names (<c>layer1.0.conv1.weight</c>), which training and model files take, without the counters <c>num_batches_tracked</c>
/// that PyTorch keeps and no result depends on. A checkpoint's also has what training keeps beside the weights.
/// </summary>
public sealed class StateDict : IReadOnlyDictionary<string, WeightTensor>
{
    private const int MaximumNamesInMessage = 8;
    private readonly OrderedDictionary<string, WeightTensor> _tensors = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public int Count => _tensors.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _tensors.Keys;

    /// <inheritdoc/>
    public IEnumerable<WeightTensor> Values => _tensors.Values;

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public WeightTensor this[string key] => _tensors.TryGetValue(key, out var tensor)
        ? tensor
        : throw new KeyNotFoundException($"The weights have no tensor named '{key}'.");

    /// <summary>Adds a tensor behind the others.</summary>
    /// <exception cref="ArgumentException">The name is there already.</exception>
    public void Add(string name, WeightTensor tensor) => _tensors.Add(name, tensor);

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out WeightTensor value) => _tensors.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, WeightTensor>> GetEnumerator() => _tensors.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Checks that these are all the weights of an architecture, no others, and of the right shapes.</summary>
    /// <param name="architecture">The architecture, with its number of classes.</param>
    /// <exception cref="InvalidDataException">They are not. The message lists missing, surplus and misshapen tensors by name.</exception>
    public void EnsureFits(ResNetArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var expected = architecture.Tensors.ToDictionary(spec => spec.Name, spec => spec.Shape, StringComparer.Ordinal);
        List<string> problems = [];
        Report("missing", expected.Keys.Where(name => !ContainsKey(name)));
        Report("surplus", Keys.Where(name => !expected.ContainsKey(name)));
        Report("of another shape", expected.Where(pair => HasOtherShape(pair.Key, pair.Value))
            .Select(pair => $"{pair.Key} is {Format(this[pair.Key].Shape)} instead of {Format(pair.Value)}"));
        if (problems.Count > 0)
            throw new InvalidDataException($"These weights do not fit {architecture}: {string.Join("; ", problems)}.");

        void Report(string what, IEnumerable<string> names)
        {
            var all = names.ToList();
            if (all.Count == 0) return;
            var shown = string.Join(", ", all.Take(MaximumNamesInMessage));
            var more = all.Count > MaximumNamesInMessage ? ", ..." : "";
            problems.Add($"{all.Count} {what}: {shown}{more}");
        }

        bool HasOtherShape(string name, IReadOnlyList<int> shape) =>
            TryGetValue(name, out var tensor) && !tensor.Shape.SequenceEqual(shape);

        static string Format(IReadOnlyList<int> shape) => $"[{string.Join(", ", shape)}]";
    }
}
