using System.Text;
using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// The digests in a model file. The metadata entry <c>resnet.card.digest</c> is that of the card's text, so that the card can be checked
/// alone; <c>resnet.digest</c>, the last bytes of the file, is that of all bytes before it. Both are there or none: damage that hides one
/// is found by the other.
/// </summary>
internal static class ModelFileSeal
{
    /// <summary>Bytes that the last entry takes.</summary>
    public const int Length = 59;

    private const string CardEntry = "resnet.card.digest", FileEntry = "resnet.digest";

    /// <summary>Writes a model with its digests, in place of those that it has.</summary>
    public static void Write(ModelProto model, Stream stream)
    {
        Remove(model);
        var card = ModelFile.FindCardText(model.MetadataProps) ?? throw new ArgumentException("The model has no card.", nameof(model));
        model.MetadataProps.Add(new StringStringEntryProto { Key = CardEntry, Value = DigestOf(card) });
        var digested = new DigestStream(stream);
        model.WriteTo(digested);
        stream.Write(LastEntry(digested.Digest));
    }

    /// <summary>Takes the digests out of a model.</summary>
    public static void Remove(ModelProto model)
    {
        foreach (var entry in model.MetadataProps.Where(entry => entry.Key is CardEntry or FileEntry).ToList())
            model.MetadataProps.Remove(entry);
    }

    /// <summary>Finds the digest that a file states of itself and checks that of the card.</summary>
    /// <param name="metadata">All entries of the file.</param>
    /// <param name="stream">The file.</param>
    /// <returns>
    /// The digest of all bytes but the last <see cref="Length"/>; null for a file without digests, from elsewhere or older.
    /// </returns>
    /// <exception cref="InvalidDataException">The card or the digests are damaged.</exception>
    public static string? Find(IReadOnlyList<StringStringEntryProto> metadata, Stream stream)
    {
        var ofCard = metadata.FirstOrDefault(entry => entry.Key == CardEntry)?.Value;
        var ofFile = metadata.FirstOrDefault(entry => entry.Key == FileEntry)?.Value;
        if (ofCard is null && ofFile is null) return null;
        var card = ModelFile.FindCardText(metadata);
        if (ofFile is null || card is null || ofCard != DigestOf(card)) throw Damaged();
        return IsLast(stream, ofFile) ? ofFile : throw Damaged();
    }

    /// <summary>Whether the last bytes of a file state that digest.</summary>
    public static bool IsLast(Stream stream, string digest)
    {
        if (stream.Length < Length) return false;
        Span<byte> last = stackalloc byte[Length];
        stream.Position = stream.Length - Length;
        return stream.ReadAtLeast(last, Length, throwOnEndOfStream: false) == Length && last.SequenceEqual(LastEntry(digest));
    }

    /// <summary>Checks the bytes of a whole file.</summary>
    /// <exception cref="InvalidDataException">They do not have the digest that the file states.</exception>
    public static void Check(byte[] file, ModelFileHeader header)
    {
        if (header.Digest is { } stated && Digest.Of(file.AsSpan(0, file.Length - Length)) != stated) throw Damaged();
    }

    /// <summary>Says that a file is not as it was written.</summary>
    public static InvalidDataException Damaged() => new(
        "The file is damaged, or was changed after it was written: its content does not have the digest that it states. Copy it again " +
        $"or make it again. If the change was meant, remove the metadata entries {CardEntry} and {FileEntry}.");

    private static string DigestOf(string card) => Digest.Of(Encoding.UTF8.GetBytes(card));

    private static byte[] LastEntry(string digest)
    {
        var entry = new StringStringEntryProto { Key = FileEntry, Value = digest };
        return new ModelProto { MetadataProps = { entry } }.ToByteArray();
    }
}
