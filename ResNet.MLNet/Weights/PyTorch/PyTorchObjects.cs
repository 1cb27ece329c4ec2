namespace ResNet.MLNet;

/// <summary>The few classes and functions that a state dict is made of.</summary>
internal static class PyTorchObjects
{
    private const int MostDimensions = 16;

    /// <summary>What a global and its arguments stand for.</summary>
    /// <exception cref="InvalidDataException">The global is refused, or its arguments are not what they should be.</exception>
    public static object? Construct(PickleGlobal global, object?[] arguments) => (global.Module, global.Name) switch
    {
        ("collections", "OrderedDict") => OrderedDictionary(arguments),
        ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2") => Tensor(arguments),
        ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") when arguments is [PyTorchTensor tensor, ..] => tensor,
        ("torch", "Size") when arguments is [object?[] or List<object?>] => arguments[0],
        _ => throw new InvalidDataException(
            $"It asks for '{global}', which weights do not need and which is therefore refused. " +
            "Save the weights alone, with torch.save(model.state_dict(), path)."),
    };

    /// <summary>What a persistent id stands for: ('storage', type, key, location, count[, view]).</summary>
    public static PyTorchStorage Storage(object? id)
    {
        if (id is not object?[] parts || parts is not ["storage", PickleGlobal type, string key, _, _, ..])
            throw new InvalidDataException("A storage in it is not described as PyTorch does.");
        var offset = parts is [_, _, _, _, _, object?[] { Length: 3 } view, ..] ? view[1] as long? ?? 0 : 0;
        return new(TypeOf(type), key, offset);
    }

    /// <summary>Every storage that some tensor in a graph of objects uses.</summary>
    public static IEnumerable<PyTorchStorage> StoragesOf(object? root)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        var open = new Stack<object?>([root]);
        while (open.TryPop(out var next))
        {
            if (next is null || next is string || !seen.Add(next)) continue;
            switch (next)
            {
                case PyTorchTensor tensor:
                    yield return tensor.Storage;
                    break;
                case PyTorchStorage storage:
                    yield return storage;
                    break;
                case PickleDictionary dictionary:
                    foreach (var (_, value) in dictionary.Entries) open.Push(value);
                    break;
                case IEnumerable<object?> items:
                    foreach (var item in items) open.Push(item);
                    break;
            }
        }
    }

    private static NumberType TypeOf(PickleGlobal global) => (global.Module, global.Name) switch
    {
        ("torch" or "torch.cuda", "DoubleStorage") => NumberType.Float64,
        ("torch" or "torch.cuda", "FloatStorage") => NumberType.Float32,
        ("torch" or "torch.cuda", "HalfStorage") => NumberType.Float16,
        ("torch" or "torch.cuda", "BFloat16Storage") => NumberType.BFloat16,
        ("torch" or "torch.cuda", "LongStorage") => NumberType.Int64,
        ("torch" or "torch.cuda", "IntStorage") => NumberType.Int32,
        ("torch" or "torch.cuda", "ShortStorage") => NumberType.Int16,
        ("torch" or "torch.cuda", "CharStorage") => NumberType.Int8,
        ("torch" or "torch.cuda", "ByteStorage") => NumberType.UInt8,
        ("torch" or "torch.cuda", "BoolStorage") => NumberType.Bool,
        _ => throw new InvalidDataException(
            $"It asks for a storage of the type '{global}', which is not a type of numbers that this reader knows."),
    };

    private static PickleDictionary OrderedDictionary(object?[] arguments)
    {
        var dictionary = new PickleDictionary();
        if (arguments is []) return dictionary;
        // Python 2 gave the entries as a list of pairs.
        if (arguments is not [List<object?> pairs]) throw new InvalidDataException("A dictionary in it is not made as PyTorch does.");
        foreach (var pair in pairs)
        {
            var (key, value) = pair switch
            {
                List<object?> { Count: 2 } list => (list[0], list[1]),
                object?[] { Length: 2 } tuple => (tuple[0], tuple[1]),
                _ => throw new InvalidDataException("A dictionary in it is not made as PyTorch does."),
            };
            dictionary.Entries.Add((key, value));
        }

        return dictionary;
    }

    private static PyTorchTensor Tensor(object?[] arguments)
    {
        if (arguments is not [PyTorchStorage storage, long offset, object?[] sizes, object?[] steps, ..]
            || sizes.Length != steps.Length || sizes.Length > MostDimensions)
        {
            throw new InvalidDataException("A tensor in it is not described as PyTorch does.");
        }

        var shape = Numbers(sizes);
        var count = (Int128)1;
        foreach (var size in shape) count = count > int.MaxValue && size > 0 ? count : count * size;
        if (count <= Array.MaxLength) return new(storage, offset, shape, Numbers(steps), (long)count);
        throw new InvalidDataException(
            $"A tensor in it has the shape [{string.Join(", ", shape)}], more numbers than this reader takes.");
    }

    private static long[] Numbers(object?[] values)
    {
        if (Array.TrueForAll(values, value => value is long and >= 0 and <= int.MaxValue)) return [.. values.Cast<long>()];
        throw new InvalidDataException("A tensor in it has a size or stride that is not a number from 0 to 2,147,483,647.");
    }
}
