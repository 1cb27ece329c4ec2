namespace ResNet.MLNet;

/// <summary>The memory behind tensors.</summary>
/// <param name="Type">What lies in it.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="Offset">Where it begins in the memory of that name, in numbers.</param>
internal sealed record PyTorchStorage(NumberType Type, string Key, long Offset);

/// <summary>A view of a storage.</summary>
/// <param name="Storage">The memory.</param>
/// <param name="Offset">Where the view begins in it, in numbers.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Strides">How far apart two neighbors along each dimension are, in numbers; not negative.</param>
/// <param name="Count">How many numbers the shape has.</param>
internal sealed record PyTorchTensor(PyTorchStorage Storage, long Offset, long[] Shape, long[] Strides, long Count)
{
    /// <summary>Where the numbers lie: equal for two names of the same.</summary>
    public object Place => (Storage.Key, Storage.Offset + Offset);

    /// <summary>The numbers as floats, row-major.</summary>
    public WeightTensor Materialize(string name, ReadOnlyMemory<byte> storage)
    {
        var size = Storage.Type.Size();
        var begin = checked(Storage.Offset + Offset);
        // The place of the last number, which is the furthest: strides are not negative.
        var last = (Int128)begin;
        for (var i = 0; i < Shape.Length; i++) last += (Int128)Math.Max(0, Shape[i] - 1) * Strides[i];
        if (Count > 0 && (begin < 0 || last >= storage.Length / size))
            throw new InvalidDataException($"Tensor '{name}' reaches beyond its storage.");
        int[] shape = [.. Shape.Select(length => (int)length)];
        if (Count == 0) return new(shape, []);
        var numbers = storage.Span.Slice((int)(begin * size), (int)(last - begin + 1) * size);
        return new(shape, Storage.Type.ToFloats(IsContiguous ? numbers : Gather(numbers, size)));
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

    /// <summary>The numbers in their order. It takes as long as there are numbers, however far apart they lie.</summary>
    private byte[] Gather(ReadOnlySpan<byte> from, int size)
    {
        var to = new byte[Count * size];
        var index = new long[Shape.Length];
        var at = 0L;
        for (var i = 0; i < to.Length; i += size)
        {
            from.Slice((int)at * size, size).CopyTo(to.AsSpan(i));
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
