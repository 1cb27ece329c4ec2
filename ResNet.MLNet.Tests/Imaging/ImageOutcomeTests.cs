using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>What becomes of every kind of bad or odd image.</summary>
[TestClass]
public sealed class ImageOutcomeTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("rgb.jpg")]
    [DataRow("progressive.jpg")]
    [DataRow("rgb.png")]
    [DataRow("rgb.bmp")]
    [DataRow("lossy.webp")]
    [DataRow("first.gif")]
    public void A_cut_off_image_is_refused_wherever_it_is_cut(string name)
    {
        var whole = File.ReadAllBytes(ImagingFixtures.PathOf(name));
        var preparer = new ImagePreparer(ImagePreprocessing.Small(28));
        var pixels = new float[preparer.Length];
        for (var length = 0; length < whole.Length * 3 / 4; length += whole.Length / 20)
        {
            // The first of the two frames is whole with a quarter of the file; later ones are not looked at.
            if (name == "first.gif" && length > whole.Length / 5) break;
            var cut = new ImageInput(whole.AsMemory(0, length));
            Assert.ThrowsExactly<InvalidImageException>(() => preparer.Prepare(cut, pixels), $"{length} of {whole.Length} bytes");
        }

        preparer.Prepare(new(whole), pixels);
    }

    [TestMethod]
    public void A_wrong_extension_does_not_matter()
    {
        using var folder = new TemporaryFolder();
        File.Copy(ImagingFixtures.PathOf("rgb.png"), folder.PathOf("photo.jpg"));
        var preparer = new ImagePreparer(ImagePreprocessing.Small(28));
        var expected = preparer.Crop(new(ImagingFixtures.PathOf("rgb.png"))).Pixels.ToArray();
        CollectionAssert.AreEqual(expected, preparer.Crop(new(folder.PathOf("photo.jpg"))).Pixels.ToArray());
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(20_000, 3)]
    [DataRow(3, 20_000)]
    [DataRow(1, 5_000)]
    public void Odd_sizes_are_resized_like_all_others(int width, int height)
    {
        var preparer = new ImagePreparer(ImagePreprocessing.ImageNet);
        var pixels = new float[preparer.Length];
        preparer.Prepare(new(Png(width, height, value: 77)), pixels);
        Assert.IsTrue(Array.TrueForAll(pixels, pixel => pixel == 77));
    }

    [TestMethod]
    [DataRow(60_000, 60_000)]
    [DataRow(int.MaxValue, int.MaxValue)]
    [DataRow(179_000_000, 1)]
    public void An_image_that_says_that_it_is_giant_is_refused_before_memory_is_taken(int width, int height)
    {
        var preparer = new ImagePreparer(ImagePreprocessing.ImageNet);
        var pixels = new float[preparer.Length];
        var bomb = Png(width, height, value: 0, rows: 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.ThrowsExactly<InvalidImageException>(() => preparer.Prepare(new(bomb), pixels));
        Assert.IsLessThan(1_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void A_bomb_below_the_limit_costs_what_its_pixels_cost_and_one_above_a_lower_limit_is_refused()
    {
        // 64 million black pixels in some 60 KB.
        var bomb = Png(8000, 8000, value: 0);
        Assert.IsLessThan(300_000, bomb.Length);
        var pixels = new float[3 * 224 * 224];
        var careful = new ImagePreparer(ImagePreprocessing.ImageNet, ImageLimits.Standard with { MaximumPixels = 10_000_000 });
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => careful.Prepare(new(bomb), pixels));
        StringAssert.Contains(problem.Message, "MaximumPixels");
        var preparer = new ImagePreparer(ImagePreprocessing.ImageNet);
        preparer.Prepare(new(bomb), pixels);
        Assert.AreEqual(0, pixels.Max());
        Assert.IsLessThan(10_000_000, preparer.KeptBytes, "What such an image needs is not kept.");
        // Nor where it fails.
        Assert.ThrowsExactly<InvalidImageException>(() => preparer.Prepare(new(bomb.AsMemory(0, bomb.Length / 2)), pixels));
        Assert.IsLessThan(10_000_000, preparer.KeptBytes);
    }

    [TestMethod]
    public void The_memory_of_a_photograph_is_kept_for_the_next_one()
    {
        var photograph = Png(6000, 4000, value: 7);
        var preparer = new ImagePreparer(ImagePreprocessing.ImageNet);
        var pixels = new float[preparer.Length];
        preparer.Prepare(new(photograph), pixels);
        var before = GC.GetAllocatedBytesForCurrentThread();
        preparer.Prepare(new(photograph), pixels);
        Assert.IsLessThan(16_384, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.IsGreaterThan(6000L * 4000 * 4 - 1, preparer.KeptBytes);
    }

    [TestMethod]
    public void A_file_that_is_too_long_is_refused_before_it_is_read()
    {
        using var folder = new TemporaryFolder();
        File.Copy(ImagingFixtures.PathOf("rgb.jpg"), folder.PathOf("sparse.jpg"));
        using (var file = File.OpenWrite(folder.PathOf("sparse.jpg"))) file.SetLength(2L << 30);
        var preparer = new ImagePreparer(ImagePreprocessing.Small(28));
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => preparer.Crop(new(folder.PathOf("sparse.jpg"))));
        StringAssert.Contains(problem.Message, "MaximumFileBytes");
        StringAssert.Contains(problem.Message, "sparse.jpg");
        var careful = new ImagePreparer(ImagePreprocessing.Small(28), ImageLimits.Standard with { MaximumFileBytes = 100 });
        Assert.ThrowsExactly<InvalidImageException>(() => careful.Crop(new(ImagingFixtures.PathOf("rgb.jpg"))));
    }

    [TestMethod]
    public void Twenty_thousand_damaged_images_spoil_no_other_row()
    {
        const int Damaged = 20_000, WholeEvery = 5;
        using var world = new ImageWorld(images: 1);
        byte[][] whole = [.. Files(), .. ImagingFixtures.Generated(every: 20)];
        var options = new ResNetEstimator.Options { Model = world.ModelFile, OnBadImage = BadImagePolicy.Mark };
        using var model = world.Context.Transforms.ApplyResNet(options).Fit(world.Context.Data.LoadFromEnumerable(Rows(1)));
        var expected = Features(whole.Select(bytes => new BytesRow { ImageBytes = bytes })).ToList();
        List<string> log = [];
        world.Context.Log += (_, message) => log.Add(message.Message);

        static IEnumerable<byte[]> Files() => ImagingFixtures.Names.Select(name => File.ReadAllBytes(ImagingFixtures.PathOf(name)));
        var index = 0;
        var correct = 0;
        var marked = 0;
        foreach (var features in Features(Rows(Damaged + Damaged / (WholeEvery - 1))))
        {
            if (index % WholeEvery == 0)
            {
                CollectionAssert.AreEqual(expected[index % whole.Length], features, $"row {index}");
                correct++;
            }
            else if (float.IsNaN(features[0]))
            {
                marked++;
            }

            index++;
        }

        var decoded = index - correct - marked;
        TestContext.WriteLine($"{index} rows: {correct} whole and correct, {marked} damaged and marked, {decoded} damaged but decoded.");
        Assert.IsTrue(correct >= Damaged / WholeEvery && marked > 1000);
        StringAssert.Contains(log.Single(message => message.Contains("could not be read", StringComparison.Ordinal)), $"{marked} images");

        IEnumerable<float[]> Features(IEnumerable<BytesRow> rows) =>
            model.Transform(world.Context.Data.LoadFromEnumerable(rows)).GetColumn<float[]>("Features");

        IEnumerable<BytesRow> Rows(int count)
        {
            for (var i = 0; i < count; i++)
            {
                // The same bytes for the same row, however often the source is read.
                var bytes = whole[i % whole.Length];
                yield return new() { ImageBytes = i % WholeEvery == 0 ? bytes : Damage(bytes, new Random(i)) };
            }
        }
    }

    private static byte[] Damage(byte[] whole, Random random)
    {
        var bytes = whole.ToArray();
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            // Headers are where damage does most.
            var at = random.Next(2) == 0 ? random.Next(Math.Min(200, bytes.Length)) : random.Next(bytes.Length);
            bytes[at] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
        }

        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    /// <summary>A gray PNG of one value; fewer rows than it says, if so wanted.</summary>
    private static byte[] Png(int width, int height, byte value, int? rows = null)
    {
        using var png = new MemoryStream();
        png.Write([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        Chunk("IHDR", header);
        using var data = new MemoryStream();
        using (var zip = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            var row = new byte[1 + Math.Min(width, 1 << 20)];
            row.AsSpan(1).Fill(value);
            for (var y = 0; y < (rows ?? height); y++) zip.Write(row);
        }

        Chunk("IDAT", data.ToArray());
        Chunk("IEND", []);
        return png.ToArray();

        void Chunk(string kind, byte[] content)
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
            png.Write(number);
            byte[] body = [.. System.Text.Encoding.ASCII.GetBytes(kind), .. content];
            png.Write(body);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
            png.Write(number);
        }
    }

    /// <summary>PNG's checksum (its specification, annex D).</summary>
    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var each in bytes)
        {
            crc ^= each;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
        }

        return ~crc;
    }

    private sealed class BytesRow
    {
        public byte[] ImageBytes { get; set; } = [];
    }
}
