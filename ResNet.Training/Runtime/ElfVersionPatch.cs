using System.Buffers.Binary;
using System.Text;

namespace ResNet.Training;

/// <summary>
/// Makes one needed symbol version of a 64-bit ELF library weak, so that the loader only warns when the system's library lacks it.
/// </summary>
/// <remarks>
/// TorchSharp's LibTorchSharp.so names GLIBCXX_3.4.32 (GCC 13) for a single initialiser symbol that it never calls through a
/// relocation. On Debian 12 and Ubuntu 22.04, whose libstdc++ ends at 3.4.30, only the loader's version check stands in the way.
/// Layout: the System V ABI and the Linux Standard Base, "Symbol Versioning".
/// </remarks>
internal static class ElfVersionPatch
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>Sets the weak flag of every entry that needs this version, in place.</summary>
    /// <param name="image">The library's bytes.</param>
    /// <param name="version">The version's name, such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>How many entries name this version.</returns>
    /// <exception cref="InvalidDataException">The bytes are no 64-bit little-endian ELF library, or are damaged.</exception>
    public static int MakeWeak(Span<byte> image, string version)
    {
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];
        if (!image.StartsWith(magic)) throw new InvalidDataException("The library is no 64-bit little-endian ELF file.");
        try
        {
            return MakeWeak(image, Encoding.ASCII.GetBytes(version));
        }
        catch (Exception problem) when (problem is ArgumentOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("The library's section headers are damaged.", problem);
        }
    }

    private static int MakeWeak(Span<byte> image, ReadOnlySpan<byte> version)
    {
        var headers = checked((int)U64(image, 0x28));
        int headerSize = U16(image, 0x3a), headerCount = U16(image, 0x3c);
        var found = 0;
        for (var section = 0; section < headerCount; section++)
        {
            var header = image.Slice(headers + section * headerSize, headerSize);
            if (U32(header, 4) != VersionNeedSection) continue;
            var content = image.Slice(checked((int)U64(header, 0x18)), checked((int)U64(header, 0x20)));
            var stringHeader = image.Slice(headers + checked((int)U32(header, 0x28)) * headerSize, headerSize);
            var strings = image.Slice(checked((int)U64(stringHeader, 0x18)), checked((int)U64(stringHeader, 0x20)));
            found += MakeWeakIn(content, strings, version, needs: (int)U32(header, 0x2c));
        }

        return found;
    }

    private static int MakeWeakIn(Span<byte> content, ReadOnlySpan<byte> strings, ReadOnlySpan<byte> version, int needs)
    {
        var found = 0;
        for (int need = 0, at = 0; need < needs; need++)
        {
            var entry = at + checked((int)U32(content[at..], 8));
            for (var left = U16(content[at..], 2); left > 0; left--)
            {
                var auxiliary = content[entry..];
                var name = strings[checked((int)U32(auxiliary, 8))..];
                if (name[..name.IndexOf((byte)0)].SequenceEqual(version))
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(auxiliary[4..], (ushort)(U16(auxiliary, 4) | WeakFlag));
                    found++;
                }

                entry += checked((int)U32(auxiliary, 12));
            }

            at += checked((int)U32(content[at..], 12));
        }

        return found;
    }

    private static ushort U16(ReadOnlySpan<byte> at, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(at[offset..]);

    private static uint U32(ReadOnlySpan<byte> at, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(at[offset..]);

    private static ulong U64(ReadOnlySpan<byte> at, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(at[offset..]);
}
