using SkiaSharp;

namespace ResNet.Tests;

/// <summary>The network sees the pixels that torchvision would show it, to the bit (see Fixtures/Imaging).</summary>
[TestClass]
public sealed class TorchvisionParityTests
{
    private static readonly string Folder = ImagingFixtures.Folder;

    /// <summary>File names of the form INPUT.RESIZE-CROP-FILTER.png; RESIZE is "squash32" where both sides are resized.</summary>
    private static IEnumerable<object[]> Expectations() =>
        Directory.EnumerateFiles(Folder, "*.*.*.png").Select(path => new object[] { Path.GetFileName(path) }).OrderBy(row => row[0]);

    [TestMethod]
    [DynamicData(nameof(Expectations))]
    public void The_crop_is_that_of_torchvision_to_the_bit(string expectation)
    {
        var parts = expectation.Split('.');
        var how = parts[2].Split('-');
        var size = how[0].Replace("squash", "", StringComparison.Ordinal);
        var preprocessing = new ImagePreprocessing
        {
            Squash = size != how[0],
            Resize = size == "0" ? null : int.Parse(size),
            Crop = int.Parse(how[1]),
            Interpolation = Enum.Parse<Interpolation>(how[2], ignoreCase: true),
        };
        var crop = new ImagePreparer(preprocessing).Crop(new(Path.Combine(Folder, $"{parts[0]}.{parts[1]}")));
        using var expected = SKBitmap.Decode(Path.Combine(Folder, expectation));
        Assert.AreEqual((expected.Width, expected.Height), (crop.Width, crop.Height));
        for (var y = 0; y < expected.Height; y++)
        {
            for (var x = 0; x < expected.Width; x++)
            {
                var (want, got) = (expected.GetPixel(x, y), crop.PixelRow(y)[x]);
                Assert.AreEqual((want.Red, want.Green, want.Blue), ((byte)got, (byte)(got >> 8), (byte)(got >> 16)), $"at {x}, {y}");
            }
        }
    }

    [TestMethod]
    public void The_padding_is_black_whatever_image_came_before()
    {
        var pixels = new PixelBuffer();
        foreach (var (width, height) in new[] { (8, 20), (20, 8) })
        {
            var preparer = new ImagePreparer(new() { Resize = null, Crop = 16 });
            pixels.Reset(20, 20);
            pixels.Bytes.Fill(255);
            preparer.Crop(new(pixels));
            pixels.Reset(width, height);
            pixels.Bytes.Fill(255);
            var crop = preparer.Crop(new(pixels));
            Assert.AreEqual(16 * 8, crop.Pixels.ToArray().Count(pixel => pixel == uint.MaxValue), $"{width} x {height}");
            Assert.AreEqual(0u, crop.Pixels[0]);
        }
    }

    [TestMethod]
    public void Squashed_without_a_size_is_squashed_to_the_crop()
    {
        var path = Path.Combine(Folder, "tall.jpg");
        var stated = new ImagePreparer(ImagePreprocessing.Small(28) with { Squash = true }).Crop(new(path)).Pixels.ToArray();
        var implied = new ImagePreparer(new() { Resize = null, Crop = 28, Squash = true }).Crop(new(path)).Pixels.ToArray();
        CollectionAssert.AreEqual(stated, implied);
    }

    [TestMethod]
    public void The_orientation_can_be_left_as_the_file_has_it()
    {
        var preparer = new ImagePreparer(ImagePreprocessing.Small(28) with { ApplyExifOrientation = false });
        var upright = preparer.Crop(new(Path.Combine(Folder, "exif1.jpg"))).Pixels.ToArray();
        for (var orientation = 2; orientation <= 8; orientation++)
            CollectionAssert.AreEqual(upright, preparer.Crop(new(Path.Combine(Folder, $"exif{orientation}.jpg"))).Pixels.ToArray());
    }

    /// <summary>Rows that do not fill whole vectors are computed by other instructions.</summary>
    [TestMethod]
    [DataRow(2)]
    [DataRow(14)]
    [DataRow(30)]
    public void Every_crop_is_the_middle_of_the_resized_image_to_the_bit(int crop)
    {
        var path = new ImageInput(Path.Combine(Folder, "small.png"));
        foreach (var interpolation in Enum.GetValues<Interpolation>())
        {
            var preprocessing = ImagePreprocessing.Small(32) with { Squash = true, Interpolation = interpolation };
            var whole = new ImagePreparer(preprocessing).Crop(path);
            var part = new ImagePreparer(preprocessing with { Crop = crop }).Crop(path);
            var edge = (32 - crop) / 2;
            for (var y = 0; y < crop; y++)
                CollectionAssert.AreEqual(whole.PixelRow(edge + y).Slice(edge, crop).ToArray(), part.PixelRow(y).ToArray(), $"row {y}");
        }
    }

    [TestMethod]
    [DataRow(28)]
    [DataRow(15)]
    [DataRow(1)]
    public void The_networks_input_is_the_crop_plane_by_plane(int crop)
    {
        var preparer = new ImagePreparer(ImagePreprocessing.Small(crop));
        var path = Path.Combine(Folder, "rgb.jpg");
        var input = new float[preparer.Length];
        preparer.Prepare(new(path), input);
        var pixels = preparer.Crop(new(path)).Pixels.ToArray();
        for (var i = 0; i < pixels.Length; i++)
        {
            for (var channel = 0; channel < 3; channel++)
                Assert.AreEqual((pixels[i] >> (8 * channel)) & 0xff, input[channel * pixels.Length + i]);
        }
    }
}
