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
            AssertNear(expected, Single(model.Transform(data)));
            // Saved, the adapted file goes along.
            new MLContext().Model.Save(model, data.Schema, folder.PathOf("saved.zip"));
            var loaded = new MLContext().Model.Load(folder.PathOf("saved.zip"), out _);
            AssertNear(expected, Single(loaded.Transform(data)));
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

    [TestMethod]
    [DataRow("foreign/scores.onnx")]
    [DataRow("graphs/pre-activation.onnx")]
    public void A_network_that_takes_blue_green_red_gets_them_with_the_mean_that_is_given_as_red_green_blue(string file)
    {
        var (mean, std) = (new Rgb(0.4f, 0.5f, 0.6f), new Rgb(0.2f, 0.25f, 0.3f));
        var swapped = Preprocessing with { ChannelOrder = ChannelOrder.Bgr, Mean = mean, Std = std };
        var plain = Preprocessing with { Mean = new(mean.B, mean.G, mean.R), Std = new(std.B, std.G, std.R) };
        float[] pixels = [.. Enumerable.Range(0, 4800).Select(i => (float)(i * 7919 % 256))];
        float[] reversed = [.. pixels[3200..], .. pixels[1600..3200], .. pixels[..1600]];
        AssertNear(Logits(file, plain, reversed), Logits(file, swapped, pixels));
    }

    [TestMethod]
    [DataRow("foreign/scores.onnx")]
    [DataRow("graphs/pre-activation.onnx")]
    public void A_mean_image_is_subtracted_in_the_graph_whatever_the_order_of_channels(string file)
    {
        var image = MeanImageTests.Ramp(40);
        float[] pixels = [.. Enumerable.Range(0, 4800).Select(i => (float)(i * 7919 % 256))];
        var subtracted = pixels.ToArray();
        for (var i = 0; i < pixels.Length; i++) subtracted[i] -= 255 * image.Values[i];
        foreach (var order in Enum.GetValues<ChannelOrder>())
        {
            var with = Preprocessing.WithMeanImage(image) with { ChannelOrder = order };
            var without = Preprocessing with { Mean = default, ChannelOrder = order };
            AssertNear(Logits(file, without, subtracted), Logits(file, with, pixels));
        }

        var other = Preprocessing with { MeanImage = MeanImageTests.Ramp(32) };
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => Logits(file, other, pixels));
        StringAssert.Contains(problem.Message, Path.GetFileName(file));
        StringAssert.Contains(problem.Message, "has 32 x 32 pixels, but Crop is 40");
    }

    [TestMethod]
    public void An_integer_network_of_one_that_takes_blue_green_red_keeps_its_features()
    {
        using var world = new ImageWorld(images: 12);
        var preprocessing = Preprocessing.WithMeanImage(MeanImageTests.Ramp(40)) with { ChannelOrder = ChannelOrder.Bgr };
        var output = world.PathOf("int8.onnx");
        var report = ResNetQuantizer.Quantize(
            Path.Combine(Folder, "scores.onnx"), world.Paths, output, new() { Preprocessing = preprocessing });
        Assert.IsGreaterThan(0.99, report.FeatureCosine!.Value);
        Assert.AreEqual(preprocessing with { ChannelOrder = ChannelOrder.Rgb }, ModelCard.Read(output)!.Preprocessing);
    }

    [TestMethod]
    public void On_the_command_line_it_is_said_how_a_network_from_elsewhere_takes_its_images()
    {
        using var world = new ImageWorld(images: 12);
        Directory.CreateDirectory(world.PathOf("images"));
        foreach (var path in world.Paths) File.Copy(path, Path.Combine(world.PathOf("images"), Path.GetFileName(path)));
        string[] source = ["quantize", "--model", Path.Combine(Folder, "scores.onnx"), "--calibration", world.PathOf("images")];
        string[] how = ["--crop", "40", "--resize", "48", "--squash", "--channel-order", "bgr", "--max-loss", "100"];
        var result = Command.Resnet([.. source, .. how, "--output", world.PathOf("int8.onnx")]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        var expected = new ImagePreprocessing { Resize = 48, Crop = 40, Squash = true };
        Assert.AreEqual(expected, ModelCard.Read(world.PathOf("int8.onnx"))!.Preprocessing);
        var info = Command.Resnet("info", world.PathOf("int8.onnx")).Output;
        StringAssert.Contains(info, "both sides to 48, center crop 40 x 40");
    }

    private static double[] Single(IDataView view) => [.. view.GetColumn<float[]>("Out").Single()];

    private static double[] Logits(string file, ImagePreprocessing preprocessing, float[] pixels)
    {
        using var model = OpenedModel.Open(Path.Combine(Folder, "..", file), preprocessing);
        using var session = new OnnxSession(model.ReadBytes());
        return [.. session.Run("logits", pixels, 1, 3, 40, 40)];
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

    private static void AssertNear(double[] expected, double[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5 * scale);
    }
}
