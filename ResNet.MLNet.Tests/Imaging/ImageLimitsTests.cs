using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>Whatever reads images takes the same two limits and names them.</summary>
[TestClass]
public sealed class ImageLimitsTests
{
    [TestMethod]
    public void An_opened_model_has_limits()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        model.MaximumPixels = 100;
        Throws(nameof(model.MaximumPixels), () => model.Run(world.Paths[0]));
        model.MaximumPixels = 10_000;
        model.Run(world.Paths[0]);
        model.MaximumFileBytes = 100;
        Throws(nameof(model.MaximumFileBytes), () => model.Classify(world.Paths[0]));
        using var stream = File.OpenRead(world.Paths[0]);
        Throws(nameof(model.MaximumFileBytes), () => model.Run(stream));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.MaximumPixels = 0);
    }

    [TestMethod]
    public void An_image_may_be_as_large_as_the_limit_however_it_is_given()
    {
        var path = ImagingFixtures.PathOf("rgb.jpg");
        using var image = MLImage.CreateFromFile(path);
        var pixels = image.Width * image.Height;
        var bytes = new FileInfo(path).Length;
        var exact = new ImageDecoder(true, new(pixels, bytes));
        var less = new ImageDecoder(true, new(pixels - 1, bytes));
        foreach (var input in new ImageInput[] { new(path), new(image, path) })
        {
            foreach (var choose in new RegionChooser?[] { null, ImageRegion.Whole })
            {
                Assert.AreEqual(pixels, exact.Decode(input, choose).Pixels.Length);
                var problem = Assert.ThrowsExactly<InvalidImageException>(() => less.Decode(input, choose));
                StringAssert.Contains(problem.Message, nameof(ImageLimits.MaximumPixels));
                Assert.IsTrue(problem.IsTooLarge);
            }
        }

        var shorter = new ImageDecoder(true, new(pixels, bytes - 1));
        Assert.IsTrue(Assert.ThrowsExactly<InvalidImageException>(() => shorter.Decode(new(path))).IsTooLarge);
    }

    [TestMethod]
    public void A_pipeline_has_limits_and_a_saved_one_keeps_them()
    {
        using var world = new ImageWorld(images: 1);
        var options = new ResNetEstimator.Options { Model = world.ModelFile, MaximumFileBytes = 100 };
        using var model = world.Context.Transforms.ApplyResNet(options).Fit(world.Data());
        using var file = new MemoryStream();
        world.Context.Model.Save(model, world.Data().Schema, file);
        file.Position = 0;
        var loaded = world.Context.Model.Load(file, out _);
        foreach (var each in new[] { model, loaded })
            Throws("MaximumFileBytes", () => Assert.HasCount(1, each.Transform(world.Data()).GetColumn<float[]>("Features")));
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void Training_and_quantization_have_limits()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var options = TrainerRun.Options with { Epochs = 1, OnBadTrainingImage = BadTrainingImagePolicy.Throw, MaximumPixels = 100 };
        Throws("MaximumPixels", () => TrainerRun.Fit(TrainerRun.Rows(folders), options));
        using var world = new ImageWorld(images: 2);
        var quantization = new QuantizationOptions { MaximumFileBytes = 100 };
        Throws("MaximumFileBytes", () => ResNetQuantizer.Quantize(world.ModelFile, world.Paths, world.PathOf("int8.onnx"), quantization));
    }

    private static void Throws(string limit, Action action) =>
        StringAssert.Contains(Assert.Throws<Exception>(action).ToString(), limit);
}
