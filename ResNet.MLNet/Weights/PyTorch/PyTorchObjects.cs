namespace ResNet.MLNet;

/// <summary>The memory behind tensors.</summary>
/// <param name="Type">What lies in it.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="Offset">Where it begins in the memory of that name, in numbers.</param>
internal sealed record PyTorchStorage(NumberType Type, string Key, long Offset);

/// <summary>A view of a storage.</summary>
internal sealed record PyTorchTensor(PyTorchStorage Storage, long Offset, long[] Shape, long[] Strides, long Count)
{
    /// <summary>The numbers as floats, row-major.</summary>
    public WeightTensor Materialise(string name, ReadOnlyMemory<byte> storage)
    {
        var size = StoredNumbers.SizeOf(Storage.Type);
        var begin = checked(Storage.Offset + Offset);
        // The place of the last number, which is the furthest: strides are not negative.
        var last = (Int128)begin + Shape.Zip(Strides, (length, stride) => (Int128)Math.Max(0, length - 1) * stride).Aggregate((Int128)0, (sum, part) => sum + part);
        if (Count > 0 && (begin < 0 || last >= storage.Length / size)) throw new InvalidDataException($"Tensor '{name}' reaches beyond its storage.");
        int[] shape = [.. Shape.Select(length => (int)length)];
        if (Count == 0) return new(shape, []);
        var used = storage.Span.Slice((int)(begin * size), (int)(last - begin + 1) * size);
        var values = StoredNumbers.ToFloats(Storage.Type, used);
        return new(shape, IsContiguous ? values : Gather(values));
    }

    private bool IsContiguous
    {
        get
        {
            var expected = 1L;
            for (var i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected) return false;
                expected *= Shape[i];
            }

            return true;
        }
    }

    private float[] Gather(float[] from)
    {
        var to = new float[Count];
        var index = new long[Shape.Length];
        var at = 0L;
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[at];
            for (var d = Shape.Length - 1; d >= 0; d--)
            {
                at += Strides[d];
                if (++index[d] < Shape[d]) break;
                at -= Strides[d] * Shape[d];
                index[d] = 0;
            }
        }

        return to;
    }
}

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
            $"It asks for '{global}', which weights do not need and which is therefore refused. Save the weights alone, with torch.save(model.state_dict(), path)."),
    };

    /// <summary>What a persistent id stands for: ('storage', type, key, location, count[, view]).</summary>
    public static PyTorchStorage Storage(object? id)
    {
        if (id is not object?[] { Length: >= 5 } parts || parts[0] is not "storage" || parts[1] is not PickleGlobal type || parts[2] is not string key)
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
        _ => throw new InvalidDataException($"It asks for a storage of the type '{global}', which is none of numbers that this reader knows, and is refused."),
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
        if (arguments is not [PyTorchStorage storage, long offset, object?[] sizes, object?[] steps, ..] || sizes.Length != steps.Length || sizes.Length > MostDimensions)
            throw new InvalidDataException("A tensor in it is not described as PyTorch does.");
        var (shape, strides) = (Numbers(sizes), Numbers(steps));
        var count = (Int128)1;
        foreach (var size in shape) count = count > int.MaxValue && size > 0 ? count : count * size;
        if (count > Array.MaxLength) throw new InvalidDataException($"A tensor in it has the shape [{string.Join(", ", shape)}], more numbers than this reader takes.");
        return new(storage, offset, shape, strides, (long)count);
    }

    private static long[] Numbers(object?[] values) =>
        [.. values.Select(value => value is long and >= 0 and <= int.MaxValue and var number ? number : throw new InvalidDataException("A tensor in it has a size or stride that is no number from 0 to 2,147,483,647."))];
}
