using SkiaSharp;

namespace ResNet.Tests;

/// <summary>Activation maps are shares of the logits, for networks of every kind.</summary>
[TestClass]
public sealed class ActivationMapTests
{
    [TestMethod]
    [DataRow("cifar-resnet8:width=4")]
    [DataRow("cifar-resnet20:bottleneck,width=4,stages=1.1.1")]
    public void The_mean_over_all_places_is_the_logit_of_each_class(string name)
    {
        using var world = new ImageWorld(images: 2, architecture: name);
        using var model = ResNetModel.Open(world.ModelFile);
        AssertSharesOfLogits(model, world.Paths[0], 1e-5f);
    }

    [TestMethod]
    public void The_mean_is_the_logit_for_an_integer_network_too()
    {
        using var world = new ImageWorld(images: 24);
        var output = world.PathOf("int8.onnx");
        ResNetQuantizer.Quantize(world.ModelFile, world.Paths, output, new() { CalibrationImages = 24 });
        using var model = ResNetModel.Open(output);
        AssertSharesOfLogits(model, world.Paths[0], 1e-5f);
    }

    [TestMethod]
    public void The_mean_is_the_logit_for_a_graph_from_elsewhere_that_is_used_as_it_is()
    {
        using var world = new ImageWorld(images: 1);
        var graph = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "graphs", "pre-activation.onnx");
        using var model = ResNetModel.Open(graph, new() { Resize = null, Crop = 40 });
        Assert.IsNull(model.Architecture);
        Assert.IsEmpty(model.LayerNames);
        AssertSharesOfLogits(model, world.Paths[0], 1e-5f);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => model.OpenLayers("layer1")).Message, "its layers have no names here");
    }

    [TestMethod]
    public void Without_a_class_it_is_of_the_most_probable_one_with_the_probability_of_Classify()
    {
        using var world = new ImageWorld(images: 4);
        using var model = ResNetModel.Open(world.ModelFile);
        foreach (var path in world.Paths)
        {
            var best = model.Classify(path, top: 1)[0];
            var prediction = model.ActivationMap(path).Prediction;
            Assert.AreEqual((best.Label, best.Index), (prediction.Label, prediction.Index));
            Assert.AreEqual(best.Probability, prediction.Probability, 1e-5f);
        }
    }

    [TestMethod]
    public void The_picture_is_the_network_s_input_enlarged_by_a_whole_factor()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        var map = model.ActivationMap(File.ReadAllBytes(world.Paths[0]), classIndex: 2);
        Assert.AreEqual("class2", map.Prediction.Label);
        Assert.AreEqual((8, 8), (map.Height, map.Width));
        using var picture = SKBitmap.Decode(map.ToJpeg());
        Assert.AreEqual((256, 256), (picture.Width, picture.Height));
        Assert.AreEqual(1.0, Enumerable.Range(0, 64).Max(i => map.At((i % 8 + 0.5) / 8, (i / 8 + 0.5) / 8)), 1e-9);
    }

    [TestMethod]
    public void A_class_that_is_not_there_and_a_network_without_classes_are_refused()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        var problem = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.ActivationMap(world.Paths[0], classIndex: 3));
        StringAssert.Contains(problem.Message, "classes 0 to 2");

        var architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 0);
        var card = RandomWeights.Card(architecture) with { Labels = null };
        ModelFile.Write(world.PathOf("features.onnx"), architecture, RandomWeights.For(architecture), card);
        using var features = ResNetModel.Open(world.PathOf("features.onnx"));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => features.ActivationMap(world.Paths[0])).Message, "no classes");
    }

    private static void AssertSharesOfLogits(ResNetModel model, string image, float tolerance)
    {
        var logits = model.Run(image, ResNetOutput.Logits);
        for (var index = 0; index < logits.Length; index++)
        {
            var map = model.ActivationMap(image, index);
            Assert.IsGreaterThan(1, map.Logits.Count);
            Assert.AreEqual(logits[index], map.Logits.Average(), tolerance * Math.Max(1, logits.Max(Math.Abs)), $"class {index}");
        }
    }
}
