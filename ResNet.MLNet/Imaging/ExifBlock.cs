using System.Buffers.Binary;

namespace ResNet.MLNet;

/// <summary>Reads the orientation in a block of EXIF, whose form is that of a TIFF file, as Pillow reads it.</summary>
internal static class ExifBlock
{
    private const int OrientationTag = 0x0112, EntryLength = 12;

    /// <summary>Whether it is not empty and does not begin as a TIFF file does.</summary>
    public static bool IsDamaged(ReadOnlySpan<byte> block)
    {
        block = WithoutHeader(block);
        return !block.IsEmpty && (block.Length < 8 || !IsTiff(block));
    }

    /// <summary>The value of the tag, 0 if it is not a number from -255 to 255; null if there is none.</summary>
    /// <param name="block">The block, with or without "Exif" and two zeros before it.</param>
    public static int? Orientation(ReadOnlySpan<byte> block)
    {
        block = WithoutHeader(block);
        if (block.Length < 8 || !IsTiff(block)) return null;
        var isLittle = block[0] == 'I';
        long at = UInt32(block[4..], isLittle);
        if (at + 2 > block.Length) return null;
        var count = UInt16(block[(int)at..], isLittle);
        at += 2;
        double? found = null;
        for (var i = 0; i < count && at + EntryLength <= block.Length; i++, at += EntryLength)
        {
            var entry = block.Slice((int)at, EntryLength);
            var type = UInt16(entry[2..], isLittle);
            if (SizeOf(type) is not { } unit) continue;
            var size = (long)UInt32(entry[4..], isLittle) * unit;
            var value = entry[8..];
            if (size > 4)
            {
                var offset = UInt32(value, isLittle);
                // What lies behind the end ends the reading.
                if (offset + size > block.Length) break;
                value = block[(int)offset..];
            }

            // Of several the last one counts.
            if (size > 0 && UInt16(entry, isLittle) == OrientationTag) found = Number(value, type, isLittle) ?? 0;
        }

        if (found is not { } number) return null;
        return number == Math.Floor(number) && Math.Abs(number) <= byte.MaxValue ? (int)number : 0;
    }

    private static ReadOnlySpan<byte> WithoutHeader(ReadOnlySpan<byte> block) => block.StartsWith("Exif\0\0"u8) ? block[6..] : block;

    private static bool IsTiff(ReadOnlySpan<byte> block) =>
        (block[0] == 'I' || block[0] == 'M') && block[1] == block[0] && (block[2], block[3]) is (42, 0) or (0, 42);

    /// <summary>The bytes of one value; null for a type that is not known.</summary>
    private static int? SizeOf(int type) => type switch
    {
        1 or 2 or 6 or 7 => 1,
        3 or 8 => 2,
        4 or 9 or 11 or 13 => 4,
        5 or 10 or 12 or 16 => 8,
        _ => null,
    };

    /// <summary>The first of the values; null for text and plain bytes.</summary>
    private static double? Number(ReadOnlySpan<byte> value, int type, bool isLittle) => type switch
    {
        3 => UInt16(value, isLittle),
        4 or 13 => UInt32(value, isLittle),
        5 => UInt32(value, isLittle) / (double)UInt32(value[4..], isLittle),
        6 => (sbyte)value[0],
        8 => (short)UInt16(value, isLittle),
        9 => (int)UInt32(value, isLittle),
        10 => (int)UInt32(value, isLittle) / (double)(int)UInt32(value[4..], isLittle),
        11 => BitConverter.UInt32BitsToSingle(UInt32(value, isLittle)),
        12 => isLittle ? BinaryPrimitives.ReadDoubleLittleEndian(value) : BinaryPrimitives.ReadDoubleBigEndian(value),
        16 => isLittle ? BinaryPrimitives.ReadUInt64LittleEndian(value) : BinaryPrimitives.ReadUInt64BigEndian(value),
        _ => null,
    };

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
