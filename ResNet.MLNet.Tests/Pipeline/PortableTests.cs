using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>The portable form is ML.NET's own transformers only, and computes the same as far as they can.</summary>
[TestClass]
public sealed class PortableTests
{
    [TestMethod]
    [DataRow(32, 32, null)]
    [DataRow(40, 32, 40)]
    public void It_loads_where_this_package_is_absent_and_gives_the_same_of_images_that_need_no_resizing(int size, int crop, int? resize)
    {
        using var world = new ImageWorld(images: 1);
        string[] images = [world.PathOf("a.png"), world.PathOf("b.png")];
        for (var i = 0; i < images.Length; i++) ClassFolders.Write(images[i], i, size, seed: i);
        var options = new ResNetEstimator.Options { Model = world.ModelFile, Preprocessing = new() { Resize = resize, Crop = crop } };
        var data = world.Data(images);
        using var model = world.Context.Transforms.ApplyResNet(options).Fit(data);
        var expected = model.Transform(data).GetColumn<float[]>("Features").ToList();
        var portable = model.ToPortable(data.Schema);
        var visible = portable.GetOutputSchema(data.Schema).Where(column => !column.IsHidden).Select(column => column.Name);
        CollectionAssert.AreEqual(new[] { "ImagePath", "Label", "Number", "Features" }, visible.ToList());
        AssertNear(expected, [.. portable.Transform(data).GetColumn<float[]>("Features")]);

        world.Context.Model.Save(portable, data.Schema, world.PathOf("portable.zip"));
        var result = Command.Run("StockProcess.dll", [world.PathOf("portable.zip"), "Features", .. images]);
        Assert.AreEqual(0, result.ExitCode, result.Errors);
        Assert.AreEqual("", result.Errors);
        AssertNear(expected, [.. result.Lines.Select(Numbers)]);

        static float[] Numbers(string line) => [.. line.Split(' ').Select(number => float.Parse(number, CultureInfo.InvariantCulture))];
    }

    [TestMethod]
    public void An_integer_network_is_portable_too()
    {
        using var world = new ImageWorld(images: 8);
        ResNetQuantizer.Quantize(world.ModelFile, world.Paths, world.PathOf("int8.onnx"));
        var path = world.PathOf("a.png");
        ClassFolders.Write(path, 1, 32, seed: 5);
        var data = world.Data([path]);
        using var model = world.Context.Transforms.ApplyResNet("Features", null, world.PathOf("int8.onnx")).Fit(data);
        AssertPortable(model, data, "Features");
    }

    [TestMethod]
    public void MLImages_work_and_encoded_bytes_are_refused()
    {
        using var world = new ImageWorld(images: 1);
        var path = world.PathOf("a.png");
        ClassFolders.Write(path, 1, 32, seed: 5);
        var images = world.Context.Transforms.LoadImages("Image", "", "ImagePath").Fit(world.Data()).Transform(world.Data([path]));
        using var model = world.Context.Transforms.ApplyResNet("logits", "Image", world.ModelFile, ResNetOutput.Logits).Fit(images);
        AssertPortable(model, images, "logits");
        var bytes = world.Context.Data.LoadFromEnumerable([new BytesRow { Image = File.ReadAllBytes(path) }]);
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => model.ToPortable(bytes.Schema)).Message, "'Image'");
    }

    private static void AssertPortable(ResNetTransformer model, IDataView data, string column)
    {
        var expected = model.Transform(data).GetColumn<float[]>(column).Single();
        AssertNear([expected], [model.ToPortable(data.Schema).Transform(data).GetColumn<float[]>(column).Single()]);
    }

    private static void AssertNear(List<float[]> expected, List<float[]> actual)
    {
        Assert.HasCount(expected.Count, actual);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.HasCount(expected[i].Length, actual[i]);
            for (var j = 0; j < expected[i].Length; j++) Assert.AreEqual(expected[i][j], actual[i][j], 1e-5 * expected[i].Max(Math.Abs));
        }
    }

    private sealed class BytesRow
    {
        public byte[] Image { get; set; } = [];
    }
}
