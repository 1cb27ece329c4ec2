using System.Buffers.Binary;
using System.Text;

namespace ResNet.Tests;

/// <summary>
/// Builds a minimal ELF library with the sections that the loader reads: symbols, their versions, and relocations that use them.
/// </summary>
internal sealed class ElfFile
{
    private const int HeaderSize = 64, Global = 1, Weak = 2;

    private readonly StringBuilder _names = new("\0");
    private readonly List<(int Name, int Binding, int Place, int Version)> _symbols = [(0, 0, 0, 0)];
    private readonly List<int> _relocations = [];
    private readonly List<(string File, string Version)> _needs = [];
    private readonly List<string> _definitions = [];

    /// <summary>Symbols that the library has.</summary>
    public ElfFile Exports(params string[] names)
    {
        foreach (var name in names) _symbols.Add((NameOf(name), Global, 1, 1));
        return this;
    }

    /// <summary>A symbol that it needs, of any version or of a certain one of another library.</summary>
    public ElfFile Needs(string name, string? file = null, string? version = null, bool weak = false, bool used = true)
    {
        if (file is not null) _needs.Add((file, version!));
        if (used) _relocations.Add(_symbols.Count);
        _symbols.Add((NameOf(name), weak ? Weak : Global, 0, file is null ? 1 : IndexOf(_needs.Count - 1)));
        return this;
    }

    /// <summary>A version that its symbols have.</summary>
    public ElfFile Defines(string version)
    {
        _definitions.Add(version);
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray()
    {
        // Sections: 0 none, 1 symbols, 2 names, 3 versions of symbols, 4 needed versions, 5 own versions, 6 relocations.
        using var symbols = new MemoryStream();
        using var versions = new MemoryStream();
        foreach (var (name, binding, place, version) in _symbols)
        {
            Write(symbols, (name, 4), (binding << 4, 2), (place, 2), (0, 8), (0, 8));
            Write(versions, (version, 2));
        }

        using var needs = new MemoryStream();
        for (var i = 0; i < _needs.Count; i++)
        {
            Write(needs, (1, 2), (1, 2), (NameOf(_needs[i].File), 4), (16, 4), (32, 4));
            Write(needs, (0, 4), (0, 2), (IndexOf(i), 2), (NameOf(_needs[i].Version), 4), (0, 4));
        }

        using var definitions = new MemoryStream();
        foreach (var version in _definitions)
        {
            Write(definitions, (1, 2), (0, 2), (2, 2), (1, 2), (0, 4), (20, 4), (28, 4));
            Write(definitions, (NameOf(version), 4), (0, 4));
        }

        using var relocations = new MemoryStream();
        foreach (var symbol in _relocations) Write(relocations, (0, 8), ((long)symbol << 32 | 7, 8), (0, 8));
        using var names = new MemoryStream(Encoding.ASCII.GetBytes(_names.ToString()));
        (uint Type, MemoryStream Content, int Link, int Info)[] sections =
        [
            (0, new(), 0, 0),
            (11, symbols, 2, 0),
            (3, names, 0, 0),
            (0x6fffffff, versions, 1, 0),
            (0x6ffffffe, needs, 2, _needs.Count),
            (0x6ffffffd, definitions, 2, _definitions.Count),
            (4, relocations, 1, 0),
        ];
        using var file = new MemoryStream();
        file.SetLength(HeaderSize);
        file.Position = HeaderSize;
        using var headers = new MemoryStream();
        foreach (var (type, content, link, info) in sections)
        {
            Write(headers, (0, 4), (type, 4), (0, 16), (file.Position, 8), (content.Length, 8), (link, 4), (info, 4), (0, 16));
            content.WriteTo(file);
        }

        var table = file.Position;
        headers.WriteTo(file);
        file.Position = 0;
        file.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]);
        file.Position = 0x28;
        Write(file, (table, 8));
        file.Position = 0x3a;
        Write(file, (HeaderSize, 2), (sections.Length, 2));
        return file.ToArray();
    }

    /// <summary>The loader's numbers 0 and 1 mean local and any.</summary>
    private static int IndexOf(int need) => need + 2;

    private int NameOf(string name)
    {
        var at = _names.Length;
        _names.Append(name).Append('\0');
        return at;
    }

    private static void Write(Stream stream, params ReadOnlySpan<(long Value, int Size)> fields)
    {
        Span<byte> bytes = stackalloc byte[16];
        foreach (var (value, size) in fields)
        {
            bytes.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            stream.Write(bytes[..size]);
        }
    }
}
