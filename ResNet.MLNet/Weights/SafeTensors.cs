using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ResNet.MLNet;

/// <summary>
/// The safetensors format: eight bytes with the length of a JSON header, the header (name, type, shape and place of each tensor, and
/// optional text metadata), then the values, little-endian.
/// </summary>
public static class SafeTensors
{
    private const string MetadataName = "__metadata__";
    private const int LargestHeader = 100_000_000;

    /// <summary>Writes a file; what was at the path stays until the new file is complete.</summary>
    /// <param name="path">The file, by custom <c>*.safetensors</c>.</param>
    /// <param name="weights">The tensors; all are stored as float32.</param>
    /// <param name="metadata">Text entries to keep beside them.</param>
    public static void Write(string path, StateDict weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(weights);
        AtomicFile.Write(path, stream => Write(stream, weights, metadata));
    }

    /// <summary>Reads a file.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte})" path="/returns"/>
    /// <exception cref="InvalidDataException">It is no safetensors file, or damaged; the message names the file.</exception>
    public static (StateDict Weights, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return Read(File.ReadAllBytes(path));
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <returns>
    /// The tensors in the order of the header (half, bfloat16 and double ones converted to float; tensors of integers and truth values are left out) and the text entries.
    /// </returns>
    /// <exception cref="InvalidDataException">It is no safetensors file, or damaged.</exception>
    public static (StateDict Weights, IReadOnlyDictionary<string, string> Metadata) Read(ReadOnlyMemory<byte> file)
    {
        if (file.Length < 10) throw new InvalidDataException("It is too short for a safetensors file.");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span);
        if (length > LargestHeader || length > (ulong)file.Length - 8)
            throw new InvalidDataException($"It is no safetensors file, or cut off: it says that its header has {length:N0} bytes.");
        var data = file[(8 + (int)length)..];
        try
        {
            using var header = JsonDocument.Parse(file.Slice(8, (int)length));
            if (header.RootElement.ValueKind != JsonValueKind.Object) throw new InvalidDataException("Its header is no JSON object.");
            var weights = new StateDict();
            Dictionary<string, string> metadata = new(StringComparer.Ordinal);
            List<(long Begin, long End)> places = [];
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                if (entry.Name == MetadataName)
                {
                    foreach (var text in entry.Value.EnumerateObject()) metadata[text.Name] = text.Value.GetString() ?? "";
                    continue;
                }

                if (weights.ContainsKey(entry.Name)) throw new InvalidDataException($"Tensor '{entry.Name}' is there twice.");
                var (type, shape, place) = ReadEntry(entry, data.Length);
                places.Add(place);
                if (StoredNumbers.IsFloat(type)) weights.Add(entry.Name, new(shape, StoredNumbers.ToFloats(type, data.Span[(int)place.Begin..(int)place.End])));
            }

            CheckPlaces(places, data.Length);
            return (weights, metadata);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"Its header is not that of a safetensors file: {problem.Message}", problem);
        }
    }

    internal static void Write(Stream stream, StateDict weights, IReadOnlyDictionary<string, string>? metadata)
    {
        var header = Header(weights, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in weights.Values) stream.Write(MemoryMarshal.AsBytes(tensor.Values.AsSpan()));
    }

    private static byte[] Header(StateDict weights, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataName);
                foreach (var (name, text) in metadata) json.WriteString(name, text);
                json.WriteEndObject();
            }

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

    private static (NumberType Type, int[] Shape, (long Begin, long End) Place) ReadEntry(JsonProperty entry, int available)
    {
        var type = TypeOf(entry.Value.GetProperty("dtype").GetString() ?? "", entry.Name);
        int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets is not [var begin, var end] || begin < 0 || end < begin || end > available)
            throw new InvalidDataException($"Tensor '{entry.Name}' lies outside the file.");
        if (Array.Exists(shape, size => size < 0)) throw new InvalidDataException($"Tensor '{entry.Name}' has a negative size.");
        var count = shape.Aggregate((UInt128)1, (product, size) => product > (UInt128)available ? product * (UInt128)Math.Sign(size) : product * (UInt128)size);
        if (count * (UInt128)StoredNumbers.SizeOf(type) != (UInt128)(end - begin))
            throw new InvalidDataException($"Tensor '{entry.Name}' has {end - begin} bytes, which is not what its shape [{string.Join(", ", shape)}] and type {type} need.");
        return (type, shape, (begin, end));
    }

    private static void CheckPlaces(List<(long Begin, long End)> places, int available)
    {
        long at = 0;
        foreach (var (begin, end) in places.OrderBy(place => place))
        {
            if (begin != at) throw new InvalidDataException(begin < at ? "Tensors overlap." : "There is a gap between tensors.");
            at = end;
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
}
