using System.Text.Json;

namespace ResNet.Tests;

/// <summary>A mean image is a value: equal by content, checked when it is made, and one text in the card.</summary>
[TestClass]
public sealed class MeanImageTests
{
    private const string Start = "\"meanImage\": \"";

    [TestMethod]
    public void Two_of_the_same_values_are_equal_and_so_are_preprocessings_with_them()
    {
        Assert.AreEqual(Ramp(4), Ramp(4));
        Assert.AreEqual(Ramp(4).GetHashCode(), Ramp(4).GetHashCode());
        Assert.AreNotEqual(Ramp(4), Ramp(3));
        Assert.IsFalse(Ramp(4).Equals(null));
        var other = Ramp(4).Values.ToArray();
        other[7] += 0.001f;
        Assert.AreNotEqual(Ramp(4), new MeanImage(4, other));

        var preprocessing = ImagePreprocessing.Small(4).WithMeanImage(Ramp(4));
        Assert.AreEqual(preprocessing, ImagePreprocessing.Small(4).WithMeanImage(Ramp(4)));
        Assert.AreNotEqual(preprocessing, ImagePreprocessing.Small(4) with { Mean = preprocessing.Mean });
        Assert.AreEqual("4 x 4 pixels", $"{preprocessing.MeanImage}");
    }

    [TestMethod]
    public void Its_channel_means_become_the_mean()
    {
        float[] values = [0, 0.25f, 0.5f, 0.25f, 1, 1, 1, 1, 0, 0, 0, 1];
        var preprocessing = ImagePreprocessing.Small(2).WithMeanImage(new(2, values));
        Assert.AreEqual(new Rgb(0.25f, 1, 0.25f), preprocessing.Mean);
        CollectionAssert.AreEqual(values, preprocessing.MeanImage!.Values.ToArray());
        Assert.IsNull(preprocessing.WithMeanImage(null).MeanImage);
    }

    [TestMethod]
    public void What_is_not_a_mean_image_is_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MeanImage(0, []));
        var tooFew = Assert.ThrowsExactly<ArgumentException>(() => new MeanImage(2, new float[4]));
        StringAssert.Contains(tooFew.Message, "has 12 values, not 4");
        foreach (var wrong in new[] { 117f, -0.1f, float.NaN })
        {
            var problem = Assert.ThrowsExactly<ArgumentException>(() => new MeanImage(1, [0, wrong, 0]));
            StringAssert.Contains(problem.Message, "Divide values on a scale of 0 to 255 by 255");
        }
    }

    [TestMethod]
    public void The_card_carries_it_to_the_bit()
    {
        var card = Card(ImagePreprocessing.Small(5).WithMeanImage(Ramp(5)) with { Squash = true });
        var read = ModelCard.FromJson(card.ToJson());
        Assert.AreEqual(card.Preprocessing, read.Preprocessing);
        Assert.AreEqual(card.ToJson(), read.ToJson());
        var bytes = new byte[75 * sizeof(float)];
        Buffer.BlockCopy(Ramp(5).Values.ToArray(), 0, bytes, 0, bytes.Length);
        StringAssert.Contains(card.ToJson(), $"{Start}{Convert.ToBase64String(bytes)}\"");
    }

    [TestMethod]
    public void A_card_without_any_of_it_is_written_as_before()
    {
        using var card = JsonDocument.Parse(Card(ImagePreprocessing.ImageNet).ToJson());
        var names = card.RootElement.GetProperty("preprocessing").EnumerateObject().Select(property => property.Name);
        Assert.AreEqual("resize crop interpolation mean std applyExifOrientation", string.Join(' ', names));
    }

    [TestMethod]
    [DataRow("AAAA")]
    [DataRow("%%")]
    [DataRow("")]
    [DataRow("AAAAAAAAAAAAAIC/")]
    public void A_card_with_a_damaged_one_is_refused(string text)
    {
        var json = Card(ImagePreprocessing.Small(1).WithMeanImage(new(1, [0, 0, 0]))).ToJson();
        Assert.Contains($"{Start}AAAAAAAAAAAAAAAA\"", json);
        var damaged = json.Replace("AAAAAAAAAAAAAAAA", text, StringComparison.Ordinal);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ModelCard.FromJson(damaged));
        StringAssert.Contains(problem.Message, "mean image");
    }

    /// <summary>Values that differ from pixel to pixel and from channel to channel.</summary>
    internal static MeanImage Ramp(int size) =>
        new(size, [.. Enumerable.Range(0, 3 * size * size).Select(i => 0.2f + i * 37 % 101 / 200f)]);

    private static ModelCard Card(ImagePreprocessing preprocessing) =>
        new() { Architecture = "cifar-resnet8", Preprocessing = preprocessing };
}
