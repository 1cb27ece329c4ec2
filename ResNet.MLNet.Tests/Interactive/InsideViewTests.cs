using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive.Formatting;
using ResNet.MLNet.Interactive;

namespace ResNet.Tests;

/// <summary>What notebooks show of the inside of a network: maps, filters, activation maps.</summary>
[TestClass]
public sealed partial class InsideViewTests
{
    [TestMethod]
    public void A_map_is_shown_value_by_value_from_dark_to_bright()
    {
        // One value of each channel is the greatest, at another place.
        FeatureMap map = new("layer1", [0, 1, 2, 8, 5, 5, 5, 5], channels: 2, height: 2, width: 2);
        var view = Views.Maps(map, [0, 1], height: 16);
        Assert.AreEqual("layer1: 2 channels of 2 x 2\nchannel 0: 0 to 8\nchannel 1: 5 to 5", view.Text);

        var pictures = PicturesIn(view);
        Assert.HasCount(2, pictures);
        var pixels = Decode(pictures[0]);
        Assert.AreEqual("16 x 16", $"{pixels.Width} x {pixels.Height}");
        Assert.AreEqual(ColorOf(0), ColorAt(pixels, 7, 7));
        Assert.AreEqual(ColorOf(1 / 8.0), ColorAt(pixels, 8, 7));
        Assert.AreEqual(ColorOf(2 / 8.0), ColorAt(pixels, 7, 8));
        Assert.AreEqual(ColorOf(1), ColorAt(pixels, 8, 8));
        var equal = Decode(pictures[1]);
        Assert.AreEqual(ColorOf(0), ColorAt(equal, 8, 8));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Views.Maps(map, [2]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Views.Maps(map, [0], height: 15));
    }

    [TestMethod]
    public void A_map_that_is_large_enough_is_shown_in_its_own_size()
    {
        FeatureMap map = new("relu", new float[40 * 30], channels: 1, height: 40, width: 30);
        var pixels = Decode(PicturesIn(Views.Maps(map, [0], height: 16)).Single());
        Assert.AreEqual("30 x 40", $"{pixels.Width} x {pixels.Height}");
    }

    [TestMethod]
    public void Filters_are_gray_where_they_are_0_and_scaled_each_to_itself()
    {
        // The first filter has red 2 at its left place and blue -2 at its right; the second is a tenth of it.
        float[] first = [2, 0, 0, 0, 0, -2];
        WeightTensor weights = new([3, 3, 1, 2], [.. first, .. first.Select(value => value / 10), .. new float[6]]);
        var view = Views.Filters(weights, columns: 2, scale: 4);
        Assert.AreEqual("3 filters of 1 x 2", view.Text);

        var pixels = Decode(PicturesIn(view).Single());
        // Two filters of 2 x 4 pixels and two pixels between them; two rows of 4 and two between.
        Assert.AreEqual("18 x 10", $"{pixels.Width} x {pixels.Height}");
        foreach (var left in new[] { 0, 10 })
        {
            Assert.AreEqual("255 128 128", ColorAt(pixels, left + 3, 0));
            Assert.AreEqual("128 128 0", ColorAt(pixels, left + 4, 3));
        }

        Assert.AreEqual("255 255 255", ColorAt(pixels, 8, 0));
        Assert.AreEqual("128 128 128", ColorAt(pixels, 0, 6));
        Assert.AreEqual("255 255 255", ColorAt(pixels, 10, 6));
        var problem = Assert.ThrowsExactly<ArgumentException>(() => Views.Filters(new([2, 1, 1, 1], new float[2])));
        StringAssert.Contains(problem.Message, "[2, 1, 1, 1]");
    }

    [TestMethod]
    public void An_activation_map_is_a_picture_with_its_probability()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        NotebookFormatters.Register();
        var map = model.ActivationMap(world.Paths[0], classIndex: 2);
        var probability = Views.Percent(model.Run(world.Paths[0])[2]);
        Assert.AreEqual($"activation map of class2: {probability}", map.ToDisplayString("text/plain"));
        StringAssert.Contains(map.ToDisplayString("text/html"), "<img src=\"data:image/jpeg;base64,");
        StringAssert.Contains(Views.Pictures([new Picture(map, "a", isCorrect: true)]).ToHtml(), "class=\"right\"");
    }

    private static string ColorOf(double heat)
    {
        var color = HeatColors.At(heat);
        return $"{Math.Round(color.R)} {Math.Round(color.G)} {Math.Round(color.B)}";
    }

    private static string ColorAt(PixelBuffer pixels, int x, int y)
    {
        var pixel = pixels.Row(y).Slice(x * PixelBuffer.BytesPerPixel, PixelBuffer.BytesPerPixel);
        return $"{pixel[0]} {pixel[1]} {pixel[2]}";
    }

    private static List<byte[]> PicturesIn(View view) =>
        [.. Address().Matches(view.ToHtml()).Select(match => Convert.FromBase64String(match.Groups["data"].Value))];

    private static PixelBuffer Decode(byte[] file) => new ImageDecoder(applyOrientation: false).Decode(new(file));

    [GeneratedRegex("src=\"data:image/[a-z]+;base64,(?<data>[^\"]+)\"")]
    private static partial Regex Address();
}
