namespace ResNet.MLNet;

/// <summary>Finds the weights among the objects of a checkpoint and reads their numbers.</summary>
internal static class PyTorchWeights
{
    private const int DeepestNesting = 4;
    private const int EntriesInMessage = 10;

    /// <summary>Where training scripts keep the weights among other things, in the order in which they are looked for.</summary>
    private static readonly string[] UsualKeys =
        ["state_dict", "model_state_dict", "model", "net", "weights", "state_dict_ema", "model_ema"];

    /// <summary>Makes the state dict of what the pickle gave.</summary>
    /// <param name="root">The object that was pickled.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    /// <param name="read">Gives the bytes of a storage.</param>
    /// <exception cref="InvalidDataException">There are no weights, or they are damaged.</exception>
    public static StateDict Collect(object? root, long fileLength, Func<PyTorchStorage, ReadOnlyMemory<byte>> read)
    {
        // Views may share storage, but a file of some size cannot stand for many times as many weights.
        var budget = Math.Max(2 * fileLength, 1 << 16);
        Dictionary<string, ReadOnlyMemory<byte>> storages = new(StringComparer.Ordinal);
        var weights = new StateDict();
        foreach (var (key, value) in FindWeights(root).Entries)
        {
            if (key is not string name || value is not PyTorchTensor tensor || !tensor.Storage.Type.IsFloat()) continue;
            if (weights.ContainsKey(name)) throw new InvalidDataException($"Tensor '{name}' is there twice.");
            budget -= tensor.Count;
            if (budget < 0)
            {
                throw new InvalidDataException(
                    $"Tensor '{name}': the tensors have more numbers than a file of {fileLength:N0} bytes can stand for.");
            }

            if (!storages.TryGetValue(tensor.Storage.Key, out var bytes)) storages[tensor.Storage.Key] = bytes = read(tensor.Storage);
            weights.Add(name, tensor.Materialize(name, bytes));
        }

        return weights;
    }

    private static PickleDictionary FindWeights(object? root)
    {
        if (root is not PickleDictionary dictionary)
            throw new InvalidDataException("It holds no state dict. Save the weights with torch.save(model.state_dict(), path).");
        if (FindWeights(dictionary, [], depth: 0) is { } weights) return weights;
        var names = dictionary.Entries.Select(entry => entry.Key).OfType<string>().Take(EntriesInMessage);
        throw new InvalidDataException($"It holds no weights. Its entries are: {string.Join(", ", names)}.");
    }

    /// <summary>The first dictionary with tensors in it, the usual keys searched first; null if there is none.</summary>
    private static PickleDictionary? FindWeights(PickleDictionary candidate, HashSet<PickleDictionary> seen, int depth)
    {
        if (!seen.Add(candidate) || depth > DeepestNesting) return null;
        if (candidate.Entries.Exists(entry => entry is (string, PyTorchTensor tensor) && tensor.Storage.Type.IsFloat())) return candidate;
        var inner = candidate.Entries.Where(entry => entry.Value is PickleDictionary).OrderBy(entry => RankOf(entry.Key));
        return inner.Select(entry => FindWeights((PickleDictionary)entry.Value!, seen, depth + 1))
            .FirstOrDefault(found => found is not null);
    }

    private static int RankOf(object? key)
    {
        var rank = Array.IndexOf(UsualKeys, key as string);
        return rank >= 0 ? rank : UsualKeys.Length;
    }
}
