using System.Buffers.Binary;
using System.Numerics;

namespace ResNet.MLNet;

/// <summary>
/// The colors of a BMP with 16 bits a pixel, five or six bits a channel. SkiaSharp widens them to eight bits by rounding, Pillow by cutting
/// off: 8 of 31 is 66 for one and 65 for the other.
/// </summary>
internal static class BmpHighColor
{
    private const int BitsAt = 28, CompressionAt = 30, MasksAt = 54, MasksLength = 12, ByMasks = 3;

    /// <summary>Gives the pixels the values that Pillow gives them.</summary>
    /// <param name="pixels">The decoded image.</param>
    /// <param name="file">The file that it was decoded from.</param>
    public static void Widen(PixelBuffer pixels, ReadOnlySpan<byte> file)
    {
        if (file.Length < MasksAt || BinaryPrimitives.ReadUInt16LittleEndian(file[BitsAt..]) != 16) return;
        var hasMasks = BinaryPrimitives.ReadUInt32LittleEndian(file[CompressionAt..]) == ByMasks && file.Length >= MasksAt + MasksLength;
        Span<byte> red = stackalloc byte[256], green = stackalloc byte[256], blue = stackalloc byte[256];
        Fill(red, hasMasks ? BitsOf(file, 0) : 5);
        Fill(green, hasMasks ? BitsOf(file, 1) : 5);
        Fill(blue, hasMasks ? BitsOf(file, 2) : 5);
        foreach (ref var pixel in pixels.Pixels)
        {
            var color = (uint)blue[(byte)(pixel >> 16)] << 16 | (uint)green[(byte)(pixel >> 8)] << 8 | red[(byte)pixel];
            pixel = (pixel & 0xff000000) | color;
        }
    }

    private static int BitsOf(ReadOnlySpan<byte> file, int channel) =>
        BitOperations.PopCount(BinaryPrimitives.ReadUInt32LittleEndian(file[(MasksAt + 4 * channel)..]));

    /// <summary>For each value that rounding gives, the one that cutting off gives.</summary>
    private static void Fill(Span<byte> table, int bits)
    {
        var most = (1 << Math.Clamp(bits, 1, 8)) - 1;
        for (var value = 0; value < table.Length; value++) table[value] = (byte)((value * most + 127) / 255 * 255 / most);
    }
}
