using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>However an image is given, it is decoded to the same pixels, and what is wrong with it is said with its name.</summary>
[TestClass]
public sealed class ImageInputTests
{
    private static readonly string FilePath = ImagingFixtures.PathOf("rgb.png");

    [TestMethod]
    public void A_path_bytes_a_stream_pixels_and_an_MLImage_give_the_same_pixels()
    {
        var bytes = File.ReadAllBytes(FilePath);
        using var stream = new MemoryStream(bytes);
        using var image = MLImage.CreateFromFile(FilePath);
        var pixels = new PixelBuffer();
        pixels.CopyFrom(new ImageDecoder(true).Decode(new(FilePath)));
        ImageInput[] inputs = [new(FilePath), new(bytes), ImageInput.Read(stream, ImageLimits.Standard), new(pixels), new(image)];
        var decoder = new ImageDecoder(true);
        foreach (var input in inputs)
        {
            CollectionAssert.AreEqual(pixels.Bytes.ToArray(), decoder.Decode(input).Bytes.ToArray());
            var part = decoder.Decode(input, (width, height) => new(new(3, 2, width - 5, height - 4)));
            Assert.AreEqual(pixels.PixelRow(2)[3], part.Pixels[0]);
            Assert.AreEqual((pixels.Width - 5, pixels.Height - 4), (part.Width, part.Height));
        }
    }

    [TestMethod]
    public void An_MLImage_may_have_its_bytes_in_either_order()
    {
        byte[] red = [200, 10, 20, 255];
        foreach (var format in new[] { MLPixelFormat.Rgba32, MLPixelFormat.Bgra32 })
        {
            byte[] bytes = format == MLPixelFormat.Rgba32 ? red : [red[2], red[1], red[0], red[3]];
            using var image = MLImage.CreateFromPixels(1, 1, format, bytes);
            CollectionAssert.AreEqual(red, new ImageDecoder(true).Decode(new(image)).Bytes.ToArray(), $"{format}");
        }
    }

    [TestMethod]
    public void The_pixels_that_are_decoded_may_be_changed()
    {
        var pixels = new PixelBuffer();
        pixels.CopyFrom(new ImageDecoder(true).Decode(new(FilePath)));
        var before = pixels.Bytes.ToArray();
        new ImageDecoder(true).Decode(new(pixels)).Bytes.Clear();
        CollectionAssert.AreEqual(before, pixels.Bytes.ToArray());
    }

    [TestMethod]
    public void What_is_wrong_is_said_with_the_name_of_the_image()
    {
        Throws("There is no image.", default, name: null);
        Throws("'row 7': There is no image.", ImageInput.None("row 7"), "row 7");
        var empty = ImageInput.Read(Stream.Null, ImageLimits.Standard, "upload.jpg");
        Throws("'upload.jpg': The image is empty (0 bytes).", empty, "upload.jpg");
        Throws("This is not an image that can be decoded", new(new byte[] { 1, 2, 3 }), name: null);
        // A file of MNIST, which SkiaSharp takes for a WBMP, and an icon.
        Throws("This is not an image that can be decoded", new(new byte[] { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 1, 2 }), name: null);
        Throws("This is not an image that can be decoded", new(Icon()), name: null);
        Throws("'nowhere.png': There is no such file.", new("nowhere.png"), "nowhere.png");

        static void Throws(string message, ImageInput input, string? name)
        {
            var problem = Assert.ThrowsExactly<InvalidImageException>(() => new ImageDecoder(true).Decode(input));
            StringAssert.StartsWith(problem.Message, message);
            Assert.AreEqual(name, problem.Path);
        }
    }

    /// <summary>A PNG within an icon.</summary>
    private static byte[] Icon()
    {
        var png = File.ReadAllBytes(FilePath);
        return [0, 0, 1, 0, 1, 0, 32, 32, 0, 0, 1, 0, 32, 0, .. BitConverter.GetBytes(png.Length), 22, 0, 0, 0, .. png];
    }
}
