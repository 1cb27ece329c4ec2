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

    /// <summary>Reads the objects; see <see cref="PyTorchCheckpoint.Open"/>.</summary>
    public static OpenedWeights Open(Stream stream)
    {
        if (stream.Length > Array.MaxLength)
            throw new InvalidDataException($"It has {stream.Length:N0} bytes, more than this reader takes.");
        var file = new byte[stream.Length];
        stream.ReadExactly(file);
        Dictionary<string, NumberType> types = new(StringComparer.Ordinal);
        var pickles = new Unpickler(file, PyTorchObjects.Construct, Storage);
        if (!(pickles.Read() is BigInteger magic && magic == Magic))
            throw new InvalidDataException("It is a pickle, but not a PyTorch checkpoint. " + PyTorchWeights.SaveWeights);
        if (pickles.Read() is not Version) throw new InvalidDataException("It is a legacy checkpoint of an unknown version.");
        if (pickles.Read() is PickleDictionary system && system.Entries.Exists(entry => entry is ("little_endian", false)))
            throw new InvalidDataException("It was written on a big-endian machine.");
        var root = pickles.Read();
        if (pickles.Read() is not List<object?> keys) throw new InvalidDataException("Its list of storages is missing.");
        var storages = FindStorages(file, pickles.Position, keys, types);
        return new PyTorchWeights(file.Length, storage => storages.TryGetValue(storage.Key, out var bytes)
            ? bytes
            : throw new InvalidDataException($"The storage '{storage.Key}' is missing in it.")).Collect(root);

        object? Storage(object? id)
        {
            var made = PyTorchObjects.Storage(id);
            if (made is PyTorchStorage storage) types.TryAdd(storage.Key, storage.Type);
            return made;
        }
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> FindStorages(
        byte[] file, int at, List<object?> keys, Dictionary<string, NumberType> types)
    {
        if (!keys.TrueForAll(key => key is string)) throw new InvalidDataException("A storage's key in it is not a text.");
        Dictionary<string, ReadOnlyMemory<byte>> storages = new(StringComparer.Ordinal);
        foreach (var key in keys.Cast<string>())
        {
            if (file.Length - at < sizeof(long)) throw new InvalidDataException("It is cut off. Download or copy it again.");
            var count = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            at += sizeof(long);
            if (!types.TryGetValue(key, out var type)) throw new InvalidDataException($"The storage '{key}' is of an unknown type.");
            var size = type.Size();
            if (count < 0 || count > (file.Length - at) / size)
            {
                throw new InvalidDataException(
                    $"It is cut off: the storage '{key}' should have {count:N0} numbers. Download or copy it again.");
            }

            storages[key] = file.AsMemory(at, (int)count * size);
            at += (int)count * size;
        }

        return storages;
    }
}
