namespace ResNet.MLNet;

/// <summary>Finds all dictionaries of tensors among the objects of a checkpoint.</summary>
/// <param name="fileLength">Bytes of the whole file.</param>
/// <param name="read">Gives the bytes of a storage.</param>
internal sealed class PyTorchWeights(long fileLength, Func<PyTorchStorage, ReadOnlyMemory<byte>> read)
{
    /// <summary>The line of Python that makes a file that can be read.</summary>
    public const string SaveWeights = "In Python, save the weights alone: torch.save(model.state_dict(), 'weights.pth').";

    private const int DeepestNesting = 16;
    private const int LongestKey = 60;

    private readonly Dictionary<string, ReadOnlyMemory<byte>> _storages = new(StringComparer.Ordinal);

    // Views may share storage, but a file of some size cannot stand for many times as many weights.
    private long _budget = Math.Max(2 * fileLength, 1 << 16);

    private string? _wholeModel;

    /// <summary>Finds the tensors.</summary>
    /// <param name="root">The object that was pickled.</param>
    /// <returns>The dictionaries, those that lie less deep first, and what the file is if no network is among them.</returns>
    public OpenedWeights Collect(object? root)
    {
        List<TensorSet> sets = [];
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Queue<Node> open = new([new Node(root, Parent: null, Key: null)]);
        while (open.TryDequeue(out var node))
        {
            if (node.Value is null or string or PyTorchTensor or byte[] || node.Depth > DeepestNesting || !seen.Add(node.Value)) continue;
            if (node.Value is PickleDictionary dictionary)
            {
                if (SetOf(dictionary, node) is { } set) sets.Add(set);
                foreach (var (key, value) in dictionary.Entries) open.Enqueue(new(value, node, key));
            }

            if (node.Value is PickleObject made)
            {
                // State and arguments have no keys of their own.
                foreach (var part in made.Parts) open.Enqueue(new(part, node, Key: null));
                if (made.Parts.Exists(IsModule)) _wholeModel ??= made.Maker;
            }
            else if (node.Value is IEnumerable<object?> items)
            {
                foreach (var (index, item) in items.Index()) open.Enqueue(new(item, node, (long)index));
            }
        }

        return new(sets, OpenedWeights.NoMetadata, WithoutNetwork(root, sets), Files: []);
    }

    /// <summary>Whether this is the state of an nn.Module that was saved as a whole.</summary>
    private static bool IsModule(object? part) =>
        part is PickleDictionary state && state.Entries.Exists(entry => entry.Key is "_parameters") &&
        state.Entries.Exists(entry => entry.Key is "_modules");

    private string? WithoutNetwork(object? root, List<TensorSet> sets)
    {
        if (_wholeModel is not null)
        {
            return $"It holds a whole model, a '{_wholeModel}', and not its weights alone. To read it would need that class and run " +
                $"its code, so it is refused. {SaveWeights}";
        }

        if (root is PickleObject made)
            return $"It asks for '{made.Maker}', which weights do not need and which is therefore refused. {SaveWeights}";
        if (root is not PickleDictionary dictionary) return $"It holds no state dict. {SaveWeights}";
        if (sets.Count > 0) return null;
        var names = NetworkSearch.Shown(dictionary.Entries.Select(entry => entry.Key).OfType<string>());
        return $"It holds no weights. Its entries are: {names}. {SaveWeights}";
    }

    private TensorSet? SetOf(PickleDictionary dictionary, Node node)
    {
        var set = new TensorSet(() => node.Name);
        foreach (var (key, value) in dictionary.Entries)
        {
            if (key is not string name) continue;
            // As in Python, what comes later takes the place.
            if (value is PyTorchTensor tensor && tensor.Storage.Type.IsFloat())
                set.Tensors[name] = new([.. tensor.Shape.Select(size => (int)size)], () => Read(name, tensor), tensor.Place);
            else if (value is PickleObject placeholder) set.Tensors[name] = new([], () => throw Refused(name, placeholder));
        }

        return set.Tensors.Count > 0 ? set : null;
    }

    private WeightTensor Read(string name, PyTorchTensor tensor)
    {
        _budget -= tensor.Count;
        if (_budget < 0)
        {
            throw new InvalidDataException(
                $"Tensor '{name}': the tensors have more numbers than a file of {fileLength:N0} bytes can stand for.");
        }

        if (!_storages.TryGetValue(tensor.Storage.Key, out var bytes)) _storages[tensor.Storage.Key] = bytes = read(tensor.Storage);
        return tensor.Materialize(name, bytes);
    }

    private static InvalidDataException Refused(string name, PickleObject placeholder)
    {
        // Quantized, sparse and other tensors are made by functions of their own.
        if (placeholder.Maker.StartsWith("torch.", StringComparison.Ordinal))
        {
            return new(
                $"'{name}' is not an array of floating-point numbers: it asks for '{placeholder.Maker}'. Save dense tensors of floats.");
        }

        var advice = placeholder.Maker.StartsWith("numpy.", StringComparison.Ordinal) ? OtherFiles.SaveTensors : SaveWeights;
        return new($"'{name}' is not a tensor: it asks for '{placeholder.Maker}', which is not run and therefore refused. {advice}");
    }

    /// <summary>An object and the way to it.</summary>
    private sealed record Node(object? Value, Node? Parent, object? Key)
    {
        public int Depth { get; } = Parent is null ? 0 : Parent.Depth + 1;

        /// <summary>The keys that lead to it, joined by dots.</summary>
        public string Name
        {
            get
            {
                List<string> keys = [];
                for (var node = this; node is not null; node = node.Parent)
                {
                    if (node.Key is string or long) keys.Insert(0, $"{node.Key}");
                }

                return string.Join('.', keys.Select(key => key.Length > LongestKey ? key[..LongestKey] : key));
            }
        }
    }
}
