namespace ResNet.MLNet;

/// <summary>A tensor in a file of weights. Its numbers are read when they are asked for.</summary>
/// <param name="Shape">The dimensions.</param>
/// <param name="Read">Gives the numbers as floats. It throws <see cref="InvalidDataException"/> if they are damaged.</param>
/// <param name="Place">Where the numbers lie: tensors of the same place are one; null if that is not known.</param>
internal sealed record StoredTensor(IReadOnlyList<int> Shape, Func<WeightTensor> Read, object? Place = null)
{
    /// <summary>Rows and columns, if it is a matrix or the kernel of a 1x1 convolution.</summary>
    public (int Rows, int Columns)? Matrix => Shape is [_, _] or [_, _, 1, 1] ? (Shape[0], Shape[1]) : null;
}

/// <summary>Tensors that lie together: one dictionary of a PyTorch checkpoint, or all of a safetensors file.</summary>
internal sealed class TensorSet
{
    private readonly Func<string> _entry;

    /// <param name="entry">Gives where it is in its file, the keys joined by dots; empty for the file itself.</param>
    public TensorSet(Func<string> entry) => _entry = entry;

    /// <summary>Where it is in its file, the keys joined by dots; empty for the file itself.</summary>
    public string Entry => _entry();

    /// <summary>The tensors by name, in the order of the file.</summary>
    public OrderedDictionary<string, StoredTensor> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// The network's tensors of a file that has no dictionaries: in checkpoints of ResNet.Training the optimizer's memory is left out, and
    /// averaged weights take the place of those that they are averages of, as they are what a run validates.
    /// </summary>
    public static TensorSet Of(StateDict weights)
    {
        var set = new TensorSet(() => "");
        foreach (var (name, tensor) in weights)
        {
            if (name.StartsWith(WeightFile.CompanionPrefix, StringComparison.Ordinal)) continue;
            var taken = weights.TryGetValue(WeightFile.AveragePrefix + name, out var average) ? average : tensor;
            set.Tensors.Add(name, new(taken.Shape, () => taken));
        }

        return set;
    }
}
