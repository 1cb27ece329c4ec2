using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;

namespace ResNet.MLNet;

/// <summary>
/// PyTorch's checkpoint files, the zip format (since 1.6) and the legacy one, read without Python. A checkpoint is a program for a small machine
/// (see <see cref="Unpickler"/>); only what makes up tensors in dictionaries is let through, everything else is refused by name. Nothing is run or written.
/// </summary>
public static class PyTorchCheckpoint
{
    /// <summary>Where training scripts keep the weights among other things, in the order in which they are looked for.</summary>
    private static readonly string[] UsualKeys = ["state_dict", "model_state_dict", "model", "net", "weights", "state_dict_ema", "model_ema"];

    private const int DeepestNesting = 4;

    private static readonly BigInteger LegacyMagic = BigInteger.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber);

    /// <summary>Reads the weights of a checkpoint, by the names that they have in it.</summary>
    /// <param name="path">The file, by custom <c>*.pth</c>, <c>*.pt</c>, <c>*.th</c> or <c>*.bin</c>.</param>
    /// <returns>
    /// The tensors of floating-point numbers (half, bfloat16 and double converted to float), in the order of the file. If the weights are nested under
    /// <c>state_dict</c>, <c>model</c> or the like, that part.
    /// </returns>
    /// <exception cref="InvalidDataException">It is no checkpoint, damaged, holds no weights, or asks for something that weights do not need; the message names the file and says which.</exception>
    public static StateDict Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        try
        {
            return Read(stream);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    internal static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8);

    internal static bool IsPickle(ReadOnlySpan<byte> start) => start is [0x80, >= 1 and <= 5, ..];

    internal static StateDict Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[4];
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        stream.Position = 0;
        if (IsZip(start)) return ReadZip(stream);
        if (IsPickle(start)) return ReadLegacy(stream);
        throw new InvalidDataException("It is no PyTorch checkpoint.");
    }

    private static StateDict ReadZip(Stream stream)
    {
        try
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var pickle = zip.Entries.FirstOrDefault(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal) || entry.FullName == "data.pkl")
                ?? throw new InvalidDataException("It is a zip archive, but no PyTorch checkpoint: it has no data.pkl. (A TorchScript archive or a model saved as a whole is none either: save model.state_dict().)");
            var folder = pickle.FullName[..^"data.pkl".Length];
            var order = zip.GetEntry(folder + "byteorder");
            if (order is not null && !ReadEntry(order, stream.Length).AsSpan().StartsWith("little"u8)) throw new InvalidDataException("It was written on a big-endian machine.");
            var root = new Unpickler(ReadEntry(pickle, stream.Length), PyTorchObjects.Construct, id => PyTorchObjects.Storage(id)).Read();
            return Collect(root, stream.Length, storage => ReadEntry(
                zip.GetEntry($"{folder}data/{storage.Key}") ?? throw new InvalidDataException($"The storage '{storage.Key}' is missing in it."), stream.Length));
        }
        catch (Exception problem) when (problem is IOException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"The zip archive is damaged: {problem.Message}", problem);
        }
    }

    private static byte[] ReadEntry(ZipArchiveEntry entry, long available)
    {
        // PyTorch stores without compression, so nothing can be longer than the file.
        if (entry.Length > available || entry.CompressedLength != entry.Length)
            throw new InvalidDataException($"The entry '{entry.FullName}' is compressed or damaged; PyTorch stores its entries as they are.");
        var bytes = new byte[entry.Length];
        using var content = entry.Open();
        content.ReadExactly(bytes);
        return bytes;
    }

    private static StateDict ReadLegacy(Stream stream)
    {
        if (stream.Length > Array.MaxLength) throw new InvalidDataException($"It has {stream.Length:N0} bytes, more than this reader takes.");
        var file = new byte[stream.Length];
        stream.ReadExactly(file);
        var pickles = new Unpickler(file, PyTorchObjects.Construct, id => PyTorchObjects.Storage(id));
        if (!(pickles.Read() is BigInteger magic && magic == LegacyMagic)) throw new InvalidDataException("It is a pickle, but no PyTorch checkpoint.");
        if (pickles.Read() is not 1001L) throw new InvalidDataException("It is a legacy checkpoint of an unknown version.");
        if (pickles.Read() is PickleDictionary system && system.Entries.Any(entry => entry is ("little_endian", false))) throw new InvalidDataException("It was written on a big-endian machine.");
        var root = pickles.Read();
        var keys = (pickles.Read() as List<object?>)?.Select(key => key as string ?? throw new InvalidDataException("A storage's key in it is no text.")).ToList()
            ?? throw new InvalidDataException("Its list of storages is missing.");
        var types = PyTorchObjects.StoragesOf(root).ToLookup(storage => storage.Key, storage => storage.Type);
        Dictionary<string, ReadOnlyMemory<byte>> storages = new(StringComparer.Ordinal);
        var at = pickles.Position;
        foreach (var key in keys)
        {
            if (file.Length - at < sizeof(long)) throw new InvalidDataException("It is cut off.");
            var count = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            at += sizeof(long);
            if (!types.Contains(key)) throw new InvalidDataException($"The storage '{key}' is of an unknown type.");
            var size = StoredNumbers.SizeOf(types[key].First());
            if (count < 0 || count > (file.Length - at) / size) throw new InvalidDataException($"It is cut off: the storage '{key}' should have {count:N0} numbers.");
            storages[key] = file.AsMemory(at, (int)count * size);
            at += (int)count * size;
        }

        return Collect(root, stream.Length, storage => storages.TryGetValue(storage.Key, out var bytes) ? bytes : throw new InvalidDataException($"The storage '{storage.Key}' is missing in it."));
    }

    /// <summary>Makes the state dict of what the pickle gave.</summary>
    private static StateDict Collect(object? root, long fileLength, Func<PyTorchStorage, ReadOnlyMemory<byte>> read)
    {
        // Views may share storage, but a file of some size cannot stand for many times as many weights.
        var budget = Math.Max(2 * fileLength, 1 << 16);
        Dictionary<string, ReadOnlyMemory<byte>> storages = new(StringComparer.Ordinal);
        var weights = new StateDict();
        foreach (var (key, value) in FindWeights(root).Entries)
        {
            if (key is not string name || value is not PyTorchTensor tensor || !StoredNumbers.IsFloat(tensor.Storage.Type)) continue;
            if (weights.ContainsKey(name)) throw new InvalidDataException($"Tensor '{name}' is there twice.");
            budget -= tensor.Count;
            if (budget < 0) throw new InvalidDataException($"Tensor '{name}': the tensors have more numbers than a file of {fileLength:N0} bytes can stand for.");
            if (!storages.TryGetValue(tensor.Storage.Key, out var bytes)) storages[tensor.Storage.Key] = bytes = read(tensor.Storage);
            weights.Add(name, tensor.Materialise(name, bytes));
        }

        return weights;
    }

    private static PickleDictionary FindWeights(object? root)
    {
        if (root is not PickleDictionary dictionary) throw new InvalidDataException("It holds no state dict. Save the weights with torch.save(model.state_dict(), path).");
        HashSet<PickleDictionary> seen = [];
        var found = Find(dictionary, 0);
        return found ?? throw new InvalidDataException(
            $"It holds no weights. Its entries are: {string.Join(", ", dictionary.Entries.Select(entry => entry.Key).OfType<string>().Take(10))}.");

        PickleDictionary? Find(PickleDictionary candidate, int depth)
        {
            if (!seen.Add(candidate) || depth > DeepestNesting) return null;
            if (candidate.Entries.Exists(entry => entry is (string, PyTorchTensor tensor) && StoredNumbers.IsFloat(tensor.Storage.Type))) return candidate;
            var inner = candidate.Entries.Where(entry => entry.Value is PickleDictionary)
                .OrderBy(entry => Array.IndexOf(UsualKeys, entry.Key as string) is >= 0 and var place ? place : UsualKeys.Length);
            return inner.Select(entry => Find((PickleDictionary)entry.Value!, depth + 1)).FirstOrDefault(each => each is not null);
        }
    }
}
