using System.IO.Compression;
using System.IO.Hashing;

namespace ResNet.MLNet;

/// <summary>
/// PyTorch's checkpoint files, the zip format (since 1.6) and the legacy one, read without Python. A checkpoint is a program for a small
/// machine (see <see cref="Unpickler"/>); only what makes up tensors in dictionaries is let through, everything else is refused by name.
/// Nothing is run or written.
/// </summary>
internal static class PyTorchCheckpoint
{
    private const string PickleName = "data.pkl";

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8);

    public static bool IsPickle(ReadOnlySpan<byte> start) => start is [0x80, >= 1 and <= 5, ..];

    /// <summary>Reads the weights of a checkpoint file, by the names that they have in it.</summary>
    /// <inheritdoc cref="Read(Stream)" path="/returns|/exception"/>
    public static StateDict Read(string path)
    {
        using var stream = RegularFile.OpenRead(path);
        return Read(stream);
    }

    /// <summary>Reads the weights of a checkpoint, by the names that they have in it.</summary>
    /// <returns>
    /// The tensors of floating-point numbers (half, bfloat16 and double converted to float), in the order of the file. If the weights are
    /// nested under <c>state_dict</c>, <c>model</c> or the like, that part.
    /// </returns>
    /// <exception cref="InvalidDataException">
    /// It is not a checkpoint, damaged, holds no weights, or asks for something that weights do not need; the message says which.
    /// </exception>
    public static StateDict Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[4];
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        stream.Position = 0;
        if (IsZip(start)) return ReadZip(stream);
        if (IsPickle(start)) return PyTorchLegacy.Read(stream);
        throw new InvalidDataException("It is not a PyTorch checkpoint.");
    }

    private static StateDict ReadZip(Stream stream)
    {
        try
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var pickle = zip.Entries.FirstOrDefault(IsMainPickle) ?? throw new InvalidDataException(
                "It is a zip archive, but not a PyTorch checkpoint: it has no data.pkl. " +
                "(A TorchScript archive or a model saved as a whole is not one either: save model.state_dict().)");
            var folder = pickle.FullName[..^PickleName.Length];
            if (zip.GetEntry(folder + "byteorder") is { } order && !ReadEntry(order, stream.Length).AsSpan().StartsWith("little"u8))
                throw new InvalidDataException("It was written on a big-endian machine.");
            var unpickler = new Unpickler(ReadEntry(pickle, stream.Length), PyTorchObjects.Construct, PyTorchObjects.Storage);
            return PyTorchWeights.Collect(unpickler.Read(), stream.Length, storage => ReadStorage(zip, folder, storage, stream.Length));
        }
        catch (Exception problem) when (problem is IOException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"The zip archive is damaged: {problem.Message}", problem);
        }
    }

    private static bool IsMainPickle(ZipArchiveEntry entry) =>
        entry.FullName == PickleName || entry.FullName.EndsWith("/" + PickleName, StringComparison.Ordinal);

    private static ReadOnlyMemory<byte> ReadStorage(ZipArchive zip, string folder, PyTorchStorage storage, long available)
    {
        var entry = zip.GetEntry($"{folder}data/{storage.Key}")
            ?? throw new InvalidDataException($"The storage '{storage.Key}' is missing in it.");
        return ReadEntry(entry, available);
    }

    private static byte[] ReadEntry(ZipArchiveEntry entry, long available)
    {
        // PyTorch stores without compression, so nothing can be longer than the file.
        if (entry.Length > available || entry.CompressedLength != entry.Length)
        {
            throw new InvalidDataException(
                $"The entry '{entry.FullName}' is compressed or damaged; PyTorch stores its entries as they are.");
        }

        var bytes = new byte[entry.Length];
        using var content = entry.Open();
        content.ReadExactly(bytes);
        // .NET does not check it. PyTorch writes 0 if it was told not to compute it (torch.serialization.set_crc32_options).
        if (entry.Crc32 == 0 || entry.Crc32 == Crc32.HashToUInt32(bytes)) return bytes;
        throw new InvalidDataException(
            $"The entry '{entry.FullName}' is damaged: its CRC-32 is not that which it was written with. Copy or download the file again.");
    }
}
