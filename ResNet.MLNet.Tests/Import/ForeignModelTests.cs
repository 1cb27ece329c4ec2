using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>A ResNet's ONNX file from elsewhere works like our own once the preprocessing is said.</summary>
[TestClass]
public sealed class ForeignModelTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "foreign");

    private static readonly ImagePreprocessing Preprocessing = new() { Resize = null, Crop = 40 };

    [TestMethod]
    [DataRow("scores.onnx")]
    [DataRow("probabilities.onnx")]
    public void Features_logits_and_probabilities_are_found(string file)
    {
        using var folder = new TemporaryFolder();
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file + ".json")));
        var image = WritePixels(folder.PathOf("pixels.png"));
        var data = new MLContext().Data.LoadFromEnumerable([new ImageRow { ImagePath = image }]);
        foreach (var output in new[] { ResNetOutput.Features, ResNetOutput.Logits, ResNetOutput.Probabilities })
        {
            var expected = Expected(json.RootElement, output);
            var options = new ResNetEstimator.Options
            {
                Model = Path.Combine(Folder, file),
                Preprocessing = Preprocessing,
                Output = output,
                OutputColumnName = "Out",
            };
            using var model = new MLContext().Transforms.ApplyResNet(options).Fit(data);
            AssertNear(expected, model.Transform(data).GetColumn<float[]>("Out").Single());
            // Saved, the adapted file goes along.
            new MLContext().Model.Save(model, data.Schema, folder.PathOf("saved.zip"));
            var loaded = new MLContext().Model.Load(folder.PathOf("saved.zip"), out _);
            AssertNear(expected, loaded.Transform(data).GetColumn<float[]>("Out").Single());
        }
    }

    [TestMethod]
    public void Without_a_preprocessing_or_with_one_of_another_size_it_says_what_is_missing()
    {
        var path = Path.Combine(Folder, "scores.onnx");
        StringAssert.Contains(Refusal(null), "no model card");
        StringAssert.Contains(Refusal(ImagePreprocessing.ImageNet), "40 x 40");

        string Refusal(ImagePreprocessing? preprocessing) =>
            Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(path, preprocessing)).Message;
    }

    /// <summary>The first of the two images that the fixtures' figures are of.</summary>
    private static string WritePixels(string path)
    {
        using var bitmap = new SkiaSharp.SKBitmap(40, 40, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Opaque);
        for (var i = 0; i < 1600; i++) bitmap.SetPixel(i % 40, i / 40, new(Value(i), Value(i + 1600), Value(i + 3200)));
        using var png = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
        return path;

        static byte Value(long index) => (byte)(index * 7919 % 256);
    }

    private static double[] Expected(JsonElement json, ResNetOutput output)
    {
        var name = output == ResNetOutput.Features ? "features" : "logits";
        double[] both = [.. json.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];
        var values = both[..(both.Length / 2)];
        if (output != ResNetOutput.Probabilities) return values;
        var sum = values.Sum(Math.Exp);
        return Array.ConvertAll(values, value => Math.Exp(value) / sum);
    }

    private static void AssertNear(double[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5 * scale);
    }
}
