namespace ResNet.MLNet;

/// <summary>The few classes and functions that a state dict is made of.</summary>
internal static class PyTorchObjects
{
    private const int MostDimensions = 16;

    /// <summary>What a global and its arguments stand for: a part of weights, or a placeholder.</summary>
    /// <exception cref="InvalidDataException">A tensor is not described as PyTorch describes one.</exception>
    public static object? Construct(PickleGlobal global, object?[] arguments) => (global.Module, global.Name) switch
    {
        ("collections", "OrderedDict") when EntriesOf(arguments) is { } dictionary => dictionary,
        ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2") => arguments is [PickleObject storage, ..]
            ? Unpickler.Placeholder(storage.Maker, arguments)
            : Tensor(arguments),
        ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") when arguments is [PyTorchTensor tensor, ..] => tensor,
        // A class that is a tensor.
        ("torch._tensor", "_rebuild_from_type_v2") when arguments is [PickleGlobal maker, _, object?[] inner, ..]
            && maker != global => Construct(maker, inner),
        ("torch", "Size") when arguments is [object?[] or List<object?>] => arguments[0],
        _ => Unpickler.Placeholder($"{global}", arguments),
    };

    /// <summary>
    /// What a persistent id stands for: ('storage', type, key, location, count[, view]) and, in whole models, ('module', class, ...).
    /// </summary>
    public static object? Storage(object? id)
    {
        if (id is object?[] module && module is ["module", PickleGlobal model, ..]) return model;
        if (id is not object?[] parts || parts is not ["storage", PickleGlobal type, string key, _, _, ..])
            return Unpickler.Placeholder("an object outside of the pickle", id);
        if (TypeOf(type) is not { } number) return Unpickler.Placeholder($"{type}", parts);
        var offset = parts is [_, _, _, _, _, object?[] { Length: 3 } view, ..] ? view[1] as long? ?? 0 : 0;
        return new PyTorchStorage(number, key, offset);
    }

    private static NumberType? TypeOf(PickleGlobal global) => (global.Module, global.Name) switch
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
        _ => null,
    };

    /// <summary>A dictionary without entries, or with those that Python 2 gave as a list of pairs; null if it is made otherwise.</summary>
    private static PickleDictionary? EntriesOf(object?[] arguments)
    {
        var dictionary = new PickleDictionary();
        if (arguments is []) return dictionary;
        if (arguments is not [List<object?> pairs]) return null;
        foreach (var each in pairs)
        {
            var pair = each is List<object?> list ? [.. list] : each as object?[];
            if (pair is not [var key, var value]) return null;
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
