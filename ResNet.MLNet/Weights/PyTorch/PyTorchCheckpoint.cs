using System.IO.Compression;
using System.IO.Hashing;

namespace ResNet.MLNet;

/// <summary>
/// PyTorch's checkpoint files, the zip format (since 1.6) and the legacy one, read without Python. A checkpoint is a program for a small
/// machine (see <see cref="Unpickler"/>); only tensors and dictionaries are made, everything else is a placeholder, and refused by name if
/// a weight depends on it. Nothing is run or written.
/// </summary>
internal static class PyTorchCheckpoint
{
    private const string PickleName = "data.pkl";

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8);

    /// <summary>Whether it begins as a pickle, or as the magic number of the legacy format does in protocols 0 and 1.</summary>
    public static bool IsPickle(ReadOnlySpan<byte> start) => start is [0x80, >= 1 and <= 5, ..] || start.StartsWith("L119547037146"u8);

    /// <summary>Opens a checkpoint: gives its tensors, by the names that they have in it, to be read as long as it is open.</summary>
    /// <param name="stream">The file, which the result owns.</param>
    /// <returns>
    /// The dictionaries of floating-point tensors (half, bfloat16 and double are converted to float when they are read), in the order of
    /// the file, wherever they lie in it.
    /// </returns>
    /// <exception cref="InvalidDataException">It is not a checkpoint, or damaged; the message says which.</exception>
    public static OpenedWeights Open(Stream stream)
    {
        try
        {
            Span<byte> start = stackalloc byte[OtherFiles.StartLength];
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            stream.Position = 0;
            if (IsZip(start)) return OpenZip(stream);
            if (!IsPickle(start)) throw new InvalidDataException("It is not a PyTorch checkpoint.");
            return PyTorchLegacy.Open(stream) with { Open = [stream] };
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static OpenedWeights OpenZip(Stream stream)
    {
        ZipArchive zip;
        try
        {
            zip = new(stream, ZipArchiveMode.Read);
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException(
                "It is cut off or damaged: the directory at the end of the zip archive is not there. Download or copy it again.", problem);
        }

        return Guarded(() =>
        {
            var pickle = zip.Entries.FirstOrDefault(IsMainPickle) ?? throw new InvalidDataException(NotACheckpoint(zip));
            var folder = pickle.FullName[..^PickleName.Length];
            if (zip.GetEntry(folder + "byteorder") is { } order && !ReadEntry(order, stream.Length).AsSpan().StartsWith("little"u8))
                throw new InvalidDataException("It was written on a big-endian machine.");
            var root = new Unpickler(ReadEntry(pickle, stream.Length), PyTorchObjects.Construct, PyTorchObjects.Storage).Read();
            if (zip.GetEntry(folder + "constants.pkl") is not null) throw new InvalidDataException(TorchScript(root));
            return new PyTorchWeights(stream.Length, storage => Guarded(() => ReadStorage(zip, folder, storage, stream.Length)))
                .Collect(root) with
            {
                Open = [zip],
            };
        });
    }

    /// <summary>Gives one exception to all that a zip archive may throw.</summary>
    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is IOException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"The zip archive is damaged: {problem.Message}", problem);
        }
    }

    private static string TorchScript(object? root)
    {
        var maker = root is PickleObject made ? $" of a '{made.Maker.Replace("__torch__.", "")}'" : "";
        return $"It is a TorchScript archive{maker}, which is a program, and not weights alone. " +
            "In Python, save its weights: torch.save(torch.jit.load('FILE').state_dict(), 'weights.pth').";
    }

    private static string NotACheckpoint(ZipArchive zip)
    {
        const string Zip = "It is a zip archive, but not a PyTorch checkpoint: it has no data.pkl. ";
        if (zip.Entries.Any(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal)))
            return $"It has arrays of NumPy (.npz), not a PyTorch checkpoint. {OtherFiles.SaveTensors}";
        return Zip + "If a checkpoint is inside it, unpack it first.";
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
