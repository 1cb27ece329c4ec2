using System.IO.Compression;
using System.Security.Cryptography;

namespace ResNet.Tests;

/// <summary>Generated files of every format are decoded as Pillow decodes them, to the bit (Fixtures/Imaging/make_formats.py).</summary>
[TestClass]
public sealed class FormatsTests
{
    [TestMethod]
    [DataRow("jpeg")]
    [DataRow("png")]
    [DataRow("gif")]
    [DataRow("bmp")]
    [DataRow("webp")]
    public void Files_of_a_format_are_decoded_as_Pillow_decodes_them(string format)
    {
        using var archive = ZipFile.OpenRead(ImagingFixtures.PathOf("formats.zip"));
        var decoder = new ImageDecoder(applyOrientation: true);
        List<string> different = [];
        var count = 0;
        foreach (var fields in Table(archive).Where(fields => fields[0].StartsWith(format + "-", StringComparison.Ordinal)))
        {
            count++;
            var (name, note) = (fields[0], fields[1]);
            // Intended differences: docs/images.md.
            if (note.StartsWith("color type 0, 16 bits", StringComparison.Ordinal)) continue;
            var found = Decode(decoder, Content(archive, name));
            var isReadByPillow = fields[2] != "0";
            if (!isReadByPillow && !found.StartsWith("refused", StringComparison.Ordinal)) continue;
            if (found != $"{fields[2]} x {fields[3]} {fields[4]}") different.Add($"{name} ({note}): {found}");
        }

        Assert.IsGreaterThanOrEqualTo(300, count);
        Assert.AreEqual("", string.Join('\n', different));
    }

    /// <summary>What Pillow 9.4 reads otherwise: the pixels are those that a program of the formats' specifications gives.</summary>
    [TestMethod]
    [DataRow(
        "Qk2YAAAAAAAAAHYAAAAoAAAABwAAAAQAAAABAAQAAgAAACIAAAAAAAAAAAAAABAAAAAAAAAAa25UAFWUoABlaF0AZMSYAAu41ABU" +
        "SocAIamaAAGtIQCetZwA9qFeAPbxWgAdgwsAt84JANa7wAAE5xcAXGQ8AAAHJORAAAAAAAcG2FxQAAAABzv3w3AAAAAHiw5xUAAAAAE=",
        "7 x 4 b3ff52b4af5c93cb93f75d2240b6b05c944f65a4cb59b19d73c73dc9400d5c67",
        DisplayName = "BMP with uncompressed runs of 4 bits")]
    [DataRow(
        "R0lGODlhBAADAIEAAGquuUuujS+fopxaKCwAAAAABAADAIEAAAABAQECAgIDAwMCBcyEAwhaADs=",
        "4 x 3 1ddb95b77495df663f462232164db2d4bf00189fe5642a1ea32be14d808cab3e",
        DisplayName = "GIF with a palette of grays beside a global one")]
    public void Intended_differences_are_as_the_format_says(string file, string expected) =>
        Assert.AreEqual(expected, Decode(new ImageDecoder(applyOrientation: true), Convert.FromBase64String(file)));

    private static string Decode(ImageDecoder decoder, byte[] file)
    {
        try
        {
            var pixels = decoder.Decode(new(file));
            var rgb = new byte[3 * pixels.Width * pixels.Height];
            for (var i = 0; i < rgb.Length; i++) rgb[i] = (byte)(pixels.Pixels[i / 3] >> (8 * (i % 3)));
            return $"{pixels.Width} x {pixels.Height} {Convert.ToHexStringLower(SHA256.HashData(rgb))}";
        }
        catch (InvalidImageException problem)
        {
            return $"refused: {problem.Message}";
        }
    }

    private static byte[] Content(ZipArchive archive, string name)
    {
        using var stream = archive.GetEntry(name)!.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static IEnumerable<string[]> Table(ZipArchive archive)
    {
        using var reader = new StreamReader(archive.GetEntry("formats.csv")!.Open());
        while (reader.ReadLine() is { } line)
        {
            // The second of the five fields may be quoted and have commas.
            var (first, last) = (line.IndexOf(','), line.Split(',')[^3..]);
            yield return [line[..first], line[(first + 1)..^(string.Join(',', last).Length + 1)].Trim('"'), .. last];
        }
    }
}
