using SkiaSharp;

namespace ResNet.Tests;

/// <summary>A part of an image is what the whole image has there, to the bit, though little more than the part is decoded.</summary>
[TestClass]
public sealed class PartDecodingTests
{
    private static IEnumerable<object[]> Images() => ImagingFixtures.Names.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Images))]
    public void Every_part_is_cut_out_of_the_whole_to_the_bit(string name) =>
        AssertPartsAreExact(File.ReadAllBytes(ImagingFixtures.PathOf(name)), parts: 60);

    [TestMethod]
    [DataRow(SKJpegEncoderDownsample.Downsample444, 0x11)]
    [DataRow(SKJpegEncoderDownsample.Downsample422, 0x21)]
    [DataRow(SKJpegEncoderDownsample.Downsample422, 0x12)]
    [DataRow(SKJpegEncoderDownsample.Downsample420, 0x22)]
    [DataRow(SKJpegEncoderDownsample.Downsample420, 0x41)]
    [DataRow(SKJpegEncoderDownsample.Downsample420, 0x14)]
    public void Color_of_less_resolution_does_not_matter(SKJpegEncoderDownsample encoded, int sampling)
    {
        var jpeg = Jpeg(128, encoded);
        // In a square, blocks of another shape but the same number give a readable image of other content.
        var frame = jpeg.AsSpan().IndexOf<byte>([0xff, 0xc0, 0x00, 0x11]);
        jpeg[frame + 11] = (byte)sampling;
        AssertPartsAreExact(jpeg, parts: 200);
    }

    [TestMethod]
    [DataRow(16, 61, 47, 30, 23)]
    [DataRow(11, 61, 47, 15, 11)]
    [DataRow(5, 61, 47, 7, 5)]
    [DataRow(20, 41, 47, 20, 23)]
    [DataRow(21, 41, 47, 41, 47)]
    [DataRow(15, 61, 30, 30, 15)]
    public void A_part_that_may_come_smaller_does_so_by_powers_of_two_and_looks_the_same(
        int least, int width, int height, int expectedWidth, int expectedHeight)
    {
        var path = ImagingFixtures.PathOf("rgb.jpg");
        var part = new ImageRegion(new(61 - width, 47 - height, width, height), least);
        PixelBuffer small = new ImageDecoder(true).Decode(new(path), (_, _) => part), expected = new();
        Assert.AreEqual((expectedWidth, expectedHeight), (small.Width, small.Height));
        expected.Reset(small.Width, small.Height);
        // What does not fill a pixel of the smaller image is left out, at the right and below.
        var divisor = width / small.Width;
        var left = part.Box.Left / divisor * divisor;
        var top = part.Box.Top / divisor * divisor;
        var box = new PixelBox(left, top, small.Width * divisor, small.Height * divisor);
        var whole = new ImageDecoder(true).Decode(new(path));
        var all = new PixelBox(0, 0, small.Width, small.Height);
        new Resampler().Resize(whole, box, small.Width, small.Height, all, Interpolation.Box, expected);
        var colors = Enumerable.Range(0, small.Pixels.Length * 4).Where(i => i % 4 != 3);
        Assert.IsLessThan(12, colors.Average(i => Math.Abs(small.Bytes[i] - expected.Bytes[i])));
    }

    [TestMethod]
    public void Damage_is_noticed_where_the_part_is_and_not_below_it()
    {
        var whole = Jpeg(128, SKJpegEncoderDownsample.Downsample420);
        var cut = whole[..(whole.Length / 2)];
        var decoder = new ImageDecoder(true);
        var expected = decoder.Decode(new(whole), (_, _) => new(new(20, 5, 40, 30))).Pixels.ToArray();
        CollectionAssert.AreEqual(expected, decoder.Decode(new(cut), (_, _) => new(new(20, 5, 40, 30))).Pixels.ToArray());
        foreach (var box in new PixelBox[] { new(20, 60, 40, 30), new(0, 100, 10, 1), new(0, 127, 128, 1), new(0, 0, 128, 128) })
            Assert.ThrowsExactly<InvalidImageException>(() => decoder.Decode(new(cut), (_, _) => new(box)));
        Assert.ThrowsExactly<InvalidImageException>(() => decoder.Decode(new(cut), (_, _) => new(new(20, 60, 100, 68), MinimumSide: 20)));
    }

    [TestMethod]
    public void Damaged_images_are_refused_or_decoded_but_do_no_harm()
    {
        var jpegs = ImagingFixtures.Names.Where(name => name.EndsWith("jpg", StringComparison.Ordinal));
        byte[][] whole =
        [
            .. jpegs.Select(name => File.ReadAllBytes(ImagingFixtures.PathOf(name))),
            Jpeg(128, SKJpegEncoderDownsample.Downsample420),
        ];
        var decoder = new ImageDecoder(true);
        var random = new Random(3);
        var refused = 0;
        for (var i = 0; i < 4000; i++)
        {
            var bytes = whole[i % whole.Length].ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                var place = random.Next(random.Next(2) == 0 ? Math.Min(700, bytes.Length) : bytes.Length);
                bytes[place] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
            }

            try
            {
                var encoded = random.Next(3) == 0 ? bytes.AsMemory(0, random.Next(bytes.Length)) : bytes;
                decoder.Decode(new(encoded), (width, height) =>
                {
                    var box = AnyBox(random, width, height);
                    return new(box, random.Next(2) == 0 ? null : random.Next(1, 30));
                });
            }
            catch (InvalidImageException)
            {
                refused++;
            }
        }

        Assert.IsInRange(500, 3500, refused);
    }

    private static void AssertPartsAreExact(byte[] encoded, int parts)
    {
        PixelBuffer expected = new();
        ImageDecoder whole = new(true), decoder = new(true);
        var random = new Random(1);
        for (var i = 0; i < parts; i++)
        {
            var image = whole.Decode(new(encoded));
            PixelBox box = default;
            var part = decoder.Decode(new(encoded), (width, height) =>
            {
                Assert.AreEqual((image.Width, image.Height), (width, height));
                box = AnyBox(random, width, height);
                return new(box);
            });
            expected.Reset(box.Width, box.Height);
            for (var y = 0; y < box.Height; y++) image.PixelRow(box.Top + y).Slice(box.Left, box.Width).CopyTo(expected.PixelRow(y));
            Assert.AreEqual((box.Width, box.Height), (part.Width, part.Height));
            Assert.IsTrue(expected.Bytes.SequenceEqual(part.Bytes), $"{box}");
        }
    }

    private static PixelBox AnyBox(Random random, int width, int height)
    {
        var boxWidth = random.Next(1, width + 1);
        var boxHeight = random.Next(1, height + 1);
        return new(random.Next(width - boxWidth + 1), random.Next(height - boxHeight + 1), boxWidth, boxHeight);
    }

    /// <summary>Noise and edges, so that every pixel matters.</summary>
    private static byte[] Jpeg(int size, SKJpegEncoderDownsample downsample)
    {
        var random = new Random(2);
        using var bitmap = new SKBitmap(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                var red = (byte)random.Next(256);
                var blue = (byte)(random.Next(128) + (x / 9 % 2 * 100));
                bitmap.SetPixel(x, y, new(red, (byte)(x * y), blue));
            }
        }

        using var pixels = bitmap.PeekPixels();
        using var encoded = pixels.Encode(new SKJpegEncoderOptions(90, downsample, SKJpegEncoderAlphaOption.Ignore));
        return encoded.ToArray();
    }
}
