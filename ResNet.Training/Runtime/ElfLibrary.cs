using System.Buffers.Binary;
using System.Text;

namespace ResNet.Training;

/// <summary>A version that a library needs of another one.</summary>
/// <param name="File">The other library, such as <c>libstdc++.so.6</c>.</param>
/// <param name="Version">The version, such as <c>GLIBCXX_3.4.30</c>.</param>
/// <param name="Index">The number by which symbols name it.</param>
/// <param name="FlagsOffset">Where its flags (16 bits) are in the file.</param>
internal readonly record struct VersionNeed(string File, string Version, int Index, long FlagsOffset);

/// <summary>A symbol that a library calls or reads and does not have itself.</summary>
/// <param name="Name">Its (mangled) name.</param>
/// <param name="Version">The version that it must have, and of which library; null for any.</param>
internal readonly record struct NeededSymbol(string Name, VersionNeed? Version);

/// <summary>
/// What a 64-bit ELF library needs of others and what it offers them. Only the sections for the loader are read, so that a library of a
/// gigabyte takes milliseconds. Layout: the System V ABI, chapters 4 and 5, and the Linux Standard Base, "Symbol Versioning".
/// </summary>
internal sealed class ElfLibrary : IDisposable
{
    private const uint Relocations = 4, Symbols = 11;
    private const uint VersionDefinitionsSection = 0x6ffffffd, VersionNeedsSection = 0x6ffffffe, SymbolVersions = 0x6fffffff;
    private const string Damaged = "The library's section headers are damaged.";
    private const int HeaderSize = 64, SymbolSize = 24, RelocationSize = 24, Global = 1, Weak = 2, Unique = 10;

    private readonly Stream _stream;
    private readonly Section[] _sections;

    /// <summary>Reads where the sections are.</summary>
    /// <param name="stream">The file; disposed with this.</param>
    /// <exception cref="InvalidDataException">It is not a 64-bit little-endian ELF library, or is damaged.</exception>
    public ElfLibrary(Stream stream)
    {
        _stream = stream;
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];
        if (!Read(0, Math.Min(stream.Length, magic.Length)).AsSpan().SequenceEqual(magic))
            throw new InvalidDataException("The library is not a 64-bit little-endian ELF file.");
        _sections = Guard(() =>
        {
            var header = Read(0, HeaderSize);
            int size = U16(header, 0x3a), count = U16(header, 0x3c);
            var table = Read((long)U64(header, 0x28), (long)size * count);
            return Enumerable.Range(0, count).Select(index => Section.At(table.AsSpan(index * size, size))).ToArray();
        });
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">It is not a 64-bit little-endian ELF library, or is damaged.</exception>
    public static ElfLibrary Open(string path)
    {
        var stream = RegularFile.OpenRead(path);
        try
        {
            return new(stream);
        }
        catch (InvalidDataException problem)
        {
            stream.Dispose();
            throw new InvalidDataException($"'{path}': {problem.Message}", problem);
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>The versions that it needs of other libraries.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlyList<VersionNeed> VersionNeeds() => Guard(() =>
    {
        List<VersionNeed> found = [];
        foreach (var section in _sections.Where(section => section.Type == VersionNeedsSection))
        {
            var (content, names) = (Content(section), Content(_sections[section.Link]));
            for (int need = 0, at = 0, next = 1; need < section.Info && next > 0; need++, at += next)
            {
                var file = NameAt(names, U32(content, at + 4));
                var entry = at + checked((int)U32(content, at + 8));
                for (int left = U16(content, at + 2), following = 1; left > 0 && following > 0; left--, entry += following)
                {
                    found.Add(new(file, NameAt(names, U32(content, entry + 8)), U16(content, entry + 6), section.Offset + entry + 4));
                    following = checked((int)U32(content, entry + 12));
                }

                next = checked((int)U32(content, at + 12));
            }
        }

        return found;
    });

    /// <summary>The versions that its own symbols have.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlySet<string> VersionDefinitions() => Guard(() =>
    {
        HashSet<string> found = [];
        foreach (var section in _sections.Where(section => section.Type == VersionDefinitionsSection))
        {
            var (content, names) = (Content(section), Content(_sections[section.Link]));
            for (int definition = 0, at = 0, next = 1; definition < section.Info && next > 0; definition++, at += next)
            {
                found.Add(NameAt(names, U32(content, at + checked((int)U32(content, at + 12)))));
                next = checked((int)U32(content, at + 16));
            }
        }

        return found;
    });

    /// <summary>
    /// The symbols whose absence breaks it when it is loaded or when it calls them: those that a relocation fills in. Others are only
    /// named, and weak ones may be missing.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlyList<NeededSymbol> Needs() => Guard(() =>
    {
        var table = Array.FindIndex(_sections, section => section.Type == Symbols);
        if (table < 0) return [];
        var (symbols, names) = (Content(_sections[table]), Content(_sections[_sections[table].Link]));
        var versions = Array.Find(_sections, section => section.Type == SymbolVersions) is { Size: > 0 } section ? Content(section) : null;
        var needs = VersionNeeds().ToDictionary(need => need.Index);
        SortedSet<int> used = [];
        foreach (var relocations in _sections.Where(section => section.Type == Relocations && section.Link == table))
        {
            var content = Content(relocations);
            for (var at = 0; at < content.Length; at += RelocationSize) used.Add(checked((int)(U64(content, at + 8) >> 32)));
        }

        List<NeededSymbol> found = [];
        foreach (var symbol in used)
        {
            var (name, binding, place) = SymbolAt(symbols, symbol);
            if (place != 0 || binding != Global) continue;
            VersionNeed? version = null;
            if (versions is not null && needs.TryGetValue(U16(versions, 2 * symbol) & 0x7fff, out var need)) version = need;
            found.Add(new(NameAt(names, name), version));
        }

        return found;
    });

    /// <summary>Takes the symbols that this library has out of a set made by <see cref="SymbolSet"/>.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public void RemoveExports(HashSet<string> symbols) => Guard(() =>
    {
        var wanted = symbols.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var section in _sections.Where(section => section.Type == Symbols))
        {
            var (content, names) = (Content(section), Content(_sections[section.Link]));
            for (var symbol = 0; symbol < content.Length / SymbolSize; symbol++)
            {
                var (name, binding, place) = SymbolAt(content, symbol);
                if (place != 0 && binding is Global or Weak or Unique) wanted.Remove(BytesAt(names, name));
            }
        }

        return true;
    });

    /// <summary>A set of symbols for <see cref="RemoveExports"/>.</summary>
    public static HashSet<string> SymbolSet(IEnumerable<string> symbols) => new(symbols, AsciiComparer.Instance);

    private static (uint Name, int Binding, int Place) SymbolAt(byte[] symbols, int symbol) =>
        (U32(symbols, symbol * SymbolSize), symbols[symbol * SymbolSize + 4] >> 4, U16(symbols, symbol * SymbolSize + 6));

    private static string NameAt(byte[] names, uint offset) => Encoding.Latin1.GetString(BytesAt(names, offset));

    private static ReadOnlySpan<byte> BytesAt(byte[] names, uint offset)
    {
        var rest = names.AsSpan(checked((int)offset));
        return rest[..rest.IndexOf((byte)0)];
    }

    private static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException(Damaged, problem);
        }
    }

    private byte[] Content(Section section) => Read(section.Offset, section.Size);

    private byte[] Read(long offset, long size)
    {
        if (offset < 0 || size < 0 || offset > _stream.Length - size) throw new InvalidDataException(Damaged);
        var bytes = new byte[size];
        _stream.Position = offset;
        _stream.ReadExactly(bytes);
        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private readonly record struct Section(uint Type, long Offset, long Size, int Link, int Info)
    {
        public static Section At(ReadOnlySpan<byte> header) => new(
            Type: U32(header, 4),
            Offset: (long)U64(header, 0x18),
            Size: (long)U64(header, 0x20),
            Link: (int)U32(header, 0x28),
            Info: (int)U32(header, 0x2c));
    }

    /// <summary>Compares names with the file's bytes without making a string of each of a hundred thousand.</summary>
    private sealed class AsciiComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public static readonly AsciiComparer Instance = new();

        public bool Equals(string? x, string? y) => x == y;

        public bool Equals(ReadOnlySpan<byte> alternate, string other) => Ascii.Equals(alternate, other);

        public int GetHashCode(string text)
        {
            Span<byte> bytes = text.Length <= 512 ? stackalloc byte[text.Length] : new byte[text.Length];
            Encoding.Latin1.GetBytes(text, bytes);
            return GetHashCode(bytes);
        }

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public string Create(ReadOnlySpan<byte> alternate) => Encoding.Latin1.GetString(alternate);
    }
}
