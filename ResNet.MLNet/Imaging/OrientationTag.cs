using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using SkiaSharp;

namespace ResNet.MLNet;

/// <summary>
/// Finds the orientation that a camera noted in a file, where Pillow's <c>exif_transpose</c> finds it: in the EXIF of a JPEG, a PNG or a
/// WebP, and in a PNG also in what ImageMagick writes of it and in XMP. What is damaged is passed over: the image is then taken as it is.
/// </summary>
internal static partial class OrientationTag
{
    private const int MostText = 1 << 20;

    /// <summary>The orientation; <see cref="SKEncodedOrigin.TopLeft"/> if none is noted.</summary>
    public static SKEncodedOrigin Find(SKEncodedImageFormat format, ReadOnlySpan<byte> file)
    {
        var value = format switch
        {
            SKEncodedImageFormat.Jpeg => ExifBlock.Orientation(InJpeg(file)),
            SKEncodedImageFormat.Webp => ExifBlock.Orientation(InWebP(file)),
            SKEncodedImageFormat.Png => InPng(file),
            _ => null,
        };
        return value is >= 2 and <= 8 ? (SKEncodedOrigin)value : SKEncodedOrigin.TopLeft;
    }

    /// <summary>The first block of EXIF before the pixels.</summary>
    private static ReadOnlySpan<byte> InJpeg(ReadOnlySpan<byte> file)
    {
        var at = 2;
        while (at + 4 <= file.Length)
        {
            var marker = file[at + 1];
            if (file[at] != 0xff || marker is 0 or 0xff)
            {
                at++;
                continue;
            }

            // Start of the pixels, end of the image.
            if (marker is 0xda or 0xd9) break;
            at += 2;
            // Restarts and the start of the image have no length.
            if (marker is 0x01 or (>= 0xd0 and <= 0xd8)) continue;
            int length = BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
            if (length < 2 || at + length > file.Length) break;
            var segment = file.Slice(at + 2, length - 2);
            if (marker == 0xe1 && segment.StartsWith("Exif\0"u8)) return segment;
            at += length;
        }

        return default;
    }

    private static ReadOnlySpan<byte> InWebP(ReadOnlySpan<byte> file)
    {
        for (var at = 12; at + 8 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 4)..]);
            if (length > (uint)(file.Length - at - 8)) break;
            if (file[at..].StartsWith("EXIF"u8)) return file.Slice(at + 8, (int)length);
            at += 8 + (int)length + (int)(length & 1);
        }

        return default;
    }

    private static int? InPng(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> exif = default;
        string? profile = null, xmp = null;
        var hasExif = false;
        for (var at = 8; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > (uint)(file.Length - at - 12)) break;
            var name = file.Slice(at + 4, 4);
            var data = file.Slice(at + 8, (int)length);
            if (name.SequenceEqual("eXIf"u8))
            {
                exif = data;
                hasExif = true;
            }
            else if (name.SequenceEqual("tEXt"u8)) profile = Text(data, RawProfile, skipped: 0, isCompressed: false) ?? profile;
            else if (name.SequenceEqual("zTXt"u8)) profile = Text(data, RawProfile, skipped: 1, isCompressed: true) ?? profile;
            else if (name.SequenceEqual("iTXt"u8)) xmp = InternationalText(data) ?? xmp;
            else if (name.SequenceEqual("IEND"u8)) break;
            at += 12 + (int)length;
        }

        if (!hasExif && profile is not null) exif = FromHex(profile);
        if (ExifBlock.IsDamaged(exif)) return null;
        return ExifBlock.Orientation(exif) ?? (xmp is null ? null : InXmp(xmp));
    }

    private static ReadOnlySpan<byte> RawProfile => "Raw profile type exif\0"u8;

    private static ReadOnlySpan<byte> Xmp => "XML:com.adobe.xmp\0"u8;

    /// <summary>The text of a chunk with a keyword; null with another one.</summary>
    private static string? Text(ReadOnlySpan<byte> chunk, ReadOnlySpan<byte> keyword, int skipped, bool isCompressed)
    {
        if (!chunk.StartsWith(keyword) || chunk.Length < keyword.Length + skipped) return null;
        var content = chunk[(keyword.Length + skipped)..];
        return isCompressed ? Inflate(content) : Encoding.Latin1.GetString(content);
    }

    private static string? InternationalText(ReadOnlySpan<byte> chunk)
    {
        if (!chunk.StartsWith(Xmp) || chunk.Length < Xmp.Length + 2) return null;
        var isCompressed = chunk[Xmp.Length] != 0;
        var rest = chunk[(Xmp.Length + 2)..];
        // A language and a translated keyword come before the text.
        for (var i = 0; i < 2; i++)
        {
            var end = rest.IndexOf((byte)0);
            if (end < 0) return null;
            rest = rest[(end + 1)..];
        }

        return isCompressed ? Inflate(rest) : Encoding.UTF8.GetString(rest);
    }

    private static string? Inflate(ReadOnlySpan<byte> compressed)
    {
        try
        {
            using var stream = new ZLibStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
            var text = new byte[MostText];
            return Encoding.UTF8.GetString(text, 0, stream.ReadAtLeast(text, MostText, throwOnEndOfStream: false));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>The bytes of a profile: three lines (empty, its name, its length), then hexadecimal digits.</summary>
    private static byte[] FromHex(string profile)
    {
        var digits = string.Concat(profile.Split('\n').Skip(3)).Replace(" ", "", StringComparison.Ordinal);
        return digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : [];
    }

    private static int? InXmp(string xmp) => XmpOrientation().Match(xmp) is { Success: true } match ? match.Groups[1].Value[0] - '0' : null;

    [GeneratedRegex("""tiff:Orientation(?:="|>)([0-9])""")]
    private static partial Regex XmpOrientation();
}
