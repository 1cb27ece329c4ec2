using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ResNet.MLNet;

/// <summary>
/// The safetensors format: eight bytes with the length of a JSON header, the header (name, type, shape and place of each tensor, and
/// optional text metadata), then the values, little-endian.
/// </summary>
internal static class SafeTensors
{
    private const string MetadataName = "__metadata__";
    private const int LargestHeader = 100_000_000;
    private const int LengthBytes = sizeof(ulong);

    // The digest of the file with zeros in its place. It is there twice: damage that hides one entry is found by the other.
    private const string DigestEntry = "resnet.digest", SecondDigestEntry = "resnet.digest.again";

    private static readonly string NoDigest = new('0', Digest.Length);

    /// <summary>Whether a file can be one, by its first bytes.</summary>
    public static bool IsStart(ReadOnlySpan<byte> start) => start.Length > LengthBytes && start[LengthBytes] == (byte)'{';

    /// <summary>Reads a file's bytes.</summary>
    /// <returns>
    /// The tensors in the order of the header (half, bfloat16 and double ones converted to float; tensors of integers and booleans are left
    /// out) and the text entries.
    /// </returns>
    /// <exception cref="InvalidDataException">
    /// It is not a safetensors file, or damaged: one that states a digest, as all that are written here, must have it.
    /// </exception>
    public static StoredWeights Read(ReadOnlyMemory<byte> file)
    {
        if (file.Length < LengthBytes + "{}".Length) throw new InvalidDataException("It is too short for a safetensors file.");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span);
        if (length > LargestHeader || length > (ulong)file.Length - LengthBytes)
            throw new InvalidDataException($"It is not a safetensors file, or cut off: it says that its header has {length:N0} bytes.");
        try
        {
            using var header = JsonDocument.Parse(file.Slice(LengthBytes, (int)length));
            if (header.RootElement.ValueKind != JsonValueKind.Object) throw new InvalidDataException("Its header is not a JSON object.");
            var stored = Read(header.RootElement, file.Span[(LengthBytes + (int)length)..]);
            return CheckDigest(stored, file.Span, LengthBytes + (int)length);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"Its header is not that of a safetensors file: {problem.Message}", problem);
        }
    }

    /// <summary>Writes a file's bytes.</summary>
    public static void Write(Stream stream, StateDict weights, IReadOnlyDictionary<string, string>? metadata)
    {
        var digest = new Digest();
        Write(digest.Append, Header(weights, metadata, NoDigest), weights);
        Write(stream.Write, Header(weights, metadata, digest.ToString()), weights);
    }

    private static void Write(Action<ReadOnlySpan<byte>> write, byte[] header, StateDict weights)
    {
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        write(length);
        write(header);
        foreach (var tensor in weights.Values) write(MemoryMarshal.AsBytes(tensor.Values.AsSpan()));
    }

    /// <summary>Checks the digest that a file states, and takes it out of the text entries.</summary>
    private static StoredWeights CheckDigest(StoredWeights stored, ReadOnlySpan<byte> file, int headerEnd)
    {
        var metadata = new Dictionary<string, string>(stored.Metadata);
        if (!metadata.Remove(DigestEntry, out var stated) & !metadata.Remove(SecondDigestEntry, out var again)) return stored;
        var isRight = stated is { Length: Digest.Length } && stated == again && stated == DigestOf(file, headerEnd, stated);
        if (isRight) return new(stored.Tensors, metadata);
        throw new InvalidDataException(
            "It is damaged, or was changed after it was written: its content does not have the digest that it states. Copy it again, or " +
            $"use another one. If the change was meant, remove its metadata entries {DigestEntry} and {SecondDigestEntry}.");
    }

    /// <summary>The digest of a file, with zeros in the place of the one that it states.</summary>
    private static string DigestOf(ReadOnlySpan<byte> file, int headerEnd, string stated)
    {
        var header = file[..headerEnd].ToArray();
        var text = Encoding.UTF8.GetBytes(stated);
        for (var rest = header.AsSpan(); rest.IndexOf(text) is >= 0 and var at; rest = rest[(at + text.Length)..])
            rest.Slice(at, text.Length).Fill((byte)'0');
        var digest = new Digest();
        digest.Append(header);
        digest.Append(file[headerEnd..]);
        return digest.ToString();
    }

    private static StoredWeights Read(JsonElement header, ReadOnlySpan<byte> data)
    {
        var weights = new StateDict();
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        List<Entry> entries = [];
        foreach (var property in header.EnumerateObject())
        {
            if (property.Name == MetadataName)
            {
                foreach (var text in property.Value.EnumerateObject()) metadata[text.Name] = text.Value.GetString() ?? "";
                continue;
            }

            if (weights.ContainsKey(property.Name)) throw new InvalidDataException($"Tensor '{property.Name}' is there twice.");
            var entry = ReadEntry(property, data.Length);
            entries.Add(entry);
            if (!entry.Type.IsFloat()) continue;
            var values = entry.Type.ToFloats(data[(int)entry.Begin..(int)entry.End]);
            weights.Add(property.Name, new(entry.Shape, values));
        }

        CheckPlaces(entries, data.Length);
        return new(weights, metadata);
    }

    private static Entry ReadEntry(JsonProperty property, int available)
    {
        var type = TypeOf(property.Value.GetProperty("dtype").GetString() ?? "", property.Name);
        int[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets is not [var begin, var end] || begin < 0 || end < begin || end > available)
            throw new InvalidDataException($"Tensor '{property.Name}' lies outside the file.");
        if (Array.Exists(shape, size => size < 0)) throw new InvalidDataException($"Tensor '{property.Name}' has a negative size.");
        if (CountOf(shape, available) * (UInt128)type.Size() == (UInt128)(end - begin)) return new(type, shape, begin, end);
        throw new InvalidDataException(
            $"Tensor '{property.Name}' has {end - begin} bytes, which is not what its shape [{string.Join(", ", shape)}] " +
            $"and type {type} need.");
    }

    /// <summary>How many numbers a shape has; any number above the bound stands for all that are.</summary>
    private static UInt128 CountOf(int[] shape, int bound)
    {
        UInt128 count = 1;
        foreach (var size in shape) count *= count > (UInt128)bound ? (UInt128)Math.Sign(size) : (UInt128)size;
        return count;
    }

    private static void CheckPlaces(List<Entry> entries, int available)
    {
        long at = 0;
        foreach (var entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin < at) throw new InvalidDataException("Tensors overlap.");
            if (entry.Begin > at) throw new InvalidDataException("There is a gap between tensors.");
            at = entry.End;
        }

        if (at != available) throw new InvalidDataException($"There are {available - at} bytes behind the last tensor.");
    }

    private static NumberType TypeOf(string type, string name) => type switch
    {
        "F64" => NumberType.Float64,
        "F32" => NumberType.Float32,
        "F16" => NumberType.Float16,
        "BF16" => NumberType.BFloat16,
        "I64" or "U64" => NumberType.Int64,
        "I32" or "U32" => NumberType.Int32,
        "I16" or "U16" => NumberType.Int16,
        "I8" => NumberType.Int8,
        "U8" => NumberType.UInt8,
        "BOOL" => NumberType.Bool,
        _ => throw new InvalidDataException($"Tensor '{name}' has the type '{type}', which this reader does not know."),
    };

    private static byte[] Header(StateDict weights, IReadOnlyDictionary<string, string>? metadata, string digest)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataName);
            json.WriteString(DigestEntry, digest);
            foreach (var (name, text) in metadata ?? new Dictionary<string, string>())
            {
                if (name is not (DigestEntry or SecondDigestEntry)) json.WriteString(name, text);
            }

            json.WriteString(SecondDigestEntry, digest);
            json.WriteEndObject();

            long at = 0;
            foreach (var (name, tensor) in weights)
            {
                var end = at + (long)tensor.Values.Length * sizeof(float);
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                WriteNumbers("shape", [.. tensor.Shape.Select(size => (long)size)]);
                WriteNumbers("data_offsets", at, end);
                json.WriteEndObject();
                at = end;
            }

            json.WriteEndObject();

            void WriteNumbers(string name, params ReadOnlySpan<long> numbers)
            {
                json.WriteStartArray(name);
                foreach (var number in numbers) json.WriteNumberValue(number);
                json.WriteEndArray();
            }
        }

        // Spaces at the end keep the values aligned to eight bytes.
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    /// <summary>What the header says of a tensor; its bytes lie from <paramref name="Begin"/> to before <paramref name="End"/>.</summary>
    private readonly record struct Entry(NumberType Type, int[] Shape, long Begin, long End);
}
