using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace ResNet.MLNet;

/// <summary>
/// PyTorch's checkpoint format from before 1.6: pickles (a magic number, the version, facts of the machine, the objects, the keys of the
/// storages) and behind them the storages, each with its length.
/// </summary>
internal static class PyTorchLegacy
{
    private const long Version = 1001;
    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber);

    /// <summary>Reads the weights; see <see cref="PyTorchCheckpoint.Read(Stream)"/>.</summary>
    public static StateDict Read(Stream stream)
    {
        if (stream.Length > Array.MaxLength)
            throw new InvalidDataException($"It has {stream.Length:N0} bytes, more than this reader takes.");
        var file = new byte[stream.Length];
        stream.ReadExactly(file);
        var pickles = new Unpickler(file, PyTorchObjects.Construct, PyTorchObjects.Storage);
        if (!(pickles.Read() is BigInteger magic && magic == Magic))
            throw new InvalidDataException("It is a pickle, but not a PyTorch checkpoint.");
        if (pickles.Read() is not Version) throw new InvalidDataException("It is a legacy checkpoint of an unknown version.");
        if (pickles.Read() is PickleDictionary system && system.Entries.Exists(entry => entry is ("little_endian", false)))
            throw new InvalidDataException("It was written on a big-endian machine.");
        var root = pickles.Read();
        if (pickles.Read() is not List<object?> keys) throw new InvalidDataException("Its list of storages is missing.");
        var storages = FindStorages(file, pickles.Position, keys, root);
        return PyTorchWeights.Collect(root, file.Length, storage => storages.TryGetValue(storage.Key, out var bytes)
            ? bytes
            : throw new InvalidDataException($"The storage '{storage.Key}' is missing in it."));
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> FindStorages(byte[] file, int at, List<object?> keys, object? root)
    {
        if (!keys.TrueForAll(key => key is string)) throw new InvalidDataException("A storage's key in it is not a text.");
        var types = PyTorchObjects.StoragesOf(root).ToLookup(storage => storage.Key, storage => storage.Type);
        Dictionary<string, ReadOnlyMemory<byte>> storages = new(StringComparer.Ordinal);
        foreach (var key in keys.Cast<string>())
        {
            if (file.Length - at < sizeof(long)) throw new InvalidDataException("It is cut off.");
            var count = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            at += sizeof(long);
            if (!types.Contains(key)) throw new InvalidDataException($"The storage '{key}' is of an unknown type.");
            var size = types[key].First().Size();
            if (count < 0 || count > (file.Length - at) / size)
                throw new InvalidDataException($"It is cut off: the storage '{key}' should have {count:N0} numbers.");
            storages[key] = file.AsMemory(at, (int)count * size);
            at += (int)count * size;
        }

        return storages;
    }
}
