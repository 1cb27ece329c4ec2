using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ResNet.MLNet;

/// <summary>
/// A digest of content, as text such as <c>crc32c4:0123...</c>. It finds damage and mix-ups; against somebody who forges a file on purpose
/// it does not protect. It is four CRC-32C (which processors compute themselves, at memory's speed and from the first byte on): the content
/// is taken as groups of four little-endian words of eight bytes, the last filled up with zeros, and each CRC runs over one word of each
/// group and in the end over the number of bytes.
/// </summary>
internal sealed class Digest
{
    /// <summary>Characters of the text.</summary>
    public const int Length = 40;

    private const string Prefix = "crc32c4:";
    private const int Lanes = 4, GroupSize = Lanes * sizeof(ulong);
    private const int BufferSize = 1 << 18;

    private readonly uint[] _lanes = [uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue];
    private readonly byte[] _group = new byte[GroupSize];
    private long _length;

    private int InGroup => (int)(_length % GroupSize);

    /// <summary>The digest of some bytes.</summary>
    public static string Of(ReadOnlySpan<byte> content)
    {
        var digest = new Digest();
        digest.Append(content);
        return digest.ToString();
    }

    /// <summary>The digest of the first bytes of an open file, which is read from its beginning, whatever else reads it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="length">How many bytes; a file that is shorter has the digest of what it has.</param>
    public static string Of(SafeFileHandle file, long length)
    {
        var digest = new Digest();
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, BufferSize));
        while (digest._length < length)
        {
            var wanted = (int)Math.Min(length - digest._length, buffer.Length);
            var count = RandomAccess.Read(file, buffer.AsSpan(0, wanted), digest._length);
            if (count == 0) break;
            digest.Append(buffer.AsSpan(0, count));
        }

        return digest.ToString();
    }

    /// <summary>Takes more content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        if (InGroup is > 0 and var filled)
        {
            var missing = Math.Min(GroupSize - filled, content.Length);
            content[..missing].CopyTo(_group.AsSpan(filled));
            _length += missing;
            content = content[missing..];
            if (InGroup > 0) return;
            Take(_group, _lanes);
        }

        var whole = content.Length / GroupSize * GroupSize;
        Take(content[..whole], _lanes);
        content[whole..].CopyTo(_group);
        _length += content.Length;
    }

    /// <summary>The digest of all that was taken.</summary>
    public override string ToString()
    {
        uint[] lanes = [.. _lanes];
        if (InGroup is > 0 and var filled)
        {
            Span<byte> group = stackalloc byte[GroupSize];
            _group.AsSpan(0, filled).CopyTo(group);
            Take(group, lanes);
        }

        var text = lanes.Select(lane => BitOperations.Crc32C(lane, (ulong)_length).ToString("x8", CultureInfo.InvariantCulture));
        return Prefix + string.Concat(text);
    }

    // Optimized at once: whoever opens a file is waiting, and this runs once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Take(ReadOnlySpan<byte> groups, uint[] lanes)
    {
        var (first, second) = (lanes[0], lanes[1]);
        var (third, fourth) = (lanes[2], lanes[3]);
        var words = MemoryMarshal.Cast<byte, ulong>(groups);
        for (var i = 0; i < words.Length - 3; i += Lanes)
        {
            first = BitOperations.Crc32C(first, words[i]);
            second = BitOperations.Crc32C(second, words[i + 1]);
            third = BitOperations.Crc32C(third, words[i + 2]);
            fourth = BitOperations.Crc32C(fourth, words[i + 3]);
        }

        (lanes[0], lanes[1]) = (first, second);
        (lanes[2], lanes[3]) = (third, fourth);
    }
}
