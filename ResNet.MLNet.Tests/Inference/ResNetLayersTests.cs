using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>Layers of a model file give what the paper's formulas make of each other, under torchvision's names.</summary>
[TestClass]
public sealed class ResNetLayersTests
{
    [TestMethod]
    public void The_first_layer_is_the_convolution_and_batch_norm_of_normalized_pixels()
    {
        LibTorch.Load();
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        using var layers = model.OpenLayers("bn1", "relu");
        var maps = layers.Run(world.Paths[0]);

        using var scope = NewDisposeScope();
        var weights = RandomWeights.For(model.Architecture!);
        var preparer = new ImagePreparer(model.Preprocessing);
        var pixels = new float[preparer.Length];
        preparer.Prepare(new(world.Paths[0]), pixels);
        var (mean, std) = (model.Preprocessing.Mean, model.Preprocessing.Std);
        var input = (tensor(pixels, float64).view(1, 3, 32, 32) / 255.0 - Channels(mean)) / Channels(std);
        var convolved = nn.functional.conv2d(input, Weight("conv1.weight"), padding: [1, 1]);
        var expected = nn.functional.batch_norm(
            convolved, Weight("bn1.running_mean"), Weight("bn1.running_var"), Weight("bn1.weight"), Weight("bn1.bias"));
        AssertNear(expected.data<double>().ToArray(), maps[0]);
        AssertNear(expected.relu().data<double>().ToArray(), maps[1]);

        Tensor Channels(Rgb color) => tensor(new double[] { color.R, color.G, color.B }).view(1, 3, 1, 1);
        Tensor Weight(string name) => tensor(weights[name].Values, float64).view([.. weights[name].Shape.Select(size => (long)size)]);
    }

    [TestMethod]
    [DataRow("resnet18:width=8", "bn2")]
    [DataRow("resnet50:width=8", "bn3")]
    [DataRow("resnet18:C,width=8", "bn2")]
    [DataRow("cifar-resnet8:B,width=8", "bn2")]
    public void A_block_gives_the_ReLU_of_its_last_batch_norm_plus_its_shortcut(string name, string last)
    {
        using var world = new ImageWorld(images: 1, architecture: name);
        using var model = ResNetModel.Open(world.ModelFile);
        var maps = Maps(model, world.Paths[0]);
        CollectionAssert.AreEqual(maps["layer2.0"].Values.ToArray(), Sum(maps[$"layer2.0.{last}"], maps["layer2.0.downsample.1"]));
        var lastBlock = $"layer1.{model.Architecture!.StageBlocks[0] - 1}";
        CollectionAssert.AreEqual(maps["layer1"].Values.ToArray(), maps[lastBlock].Values.ToArray());
    }

    [TestMethod]
    [DataRow("cifar-resnet8:width=8")]
    [DataRow("cifar-plain8:width=8")]
    [DataRow("resnet18:stages=2.2.2.3,width=8")]
    [DataRow("resnet50:v1,width=8")]
    public void Every_layer_that_is_named_runs_and_the_last_one_pooled_is_the_features(string name)
    {
        using var world = new ImageWorld(images: 1, architecture: name);
        using var model = ResNetModel.Open(world.ModelFile);
        var maps = Maps(model, world.Paths[0]);
        Assert.HasCount(model.LayerNames.Distinct().Count(), model.LayerNames);
        foreach (var layer in model.Architecture!.Convolutions) Assert.AreEqual(layer.OutChannels, maps[layer.NormName].Channels);

        var pooled = maps[model.LayerNames[^1]].Pool();
        var features = model.Run(world.Paths[0], ResNetOutput.Features);
        for (var i = 0; i < features.Length; i++) Assert.AreEqual(features[i], pooled[i], 1e-5f * features.Max());
    }

    [TestMethod]
    [DataRow("cifar-resnet8:width=8")]
    [DataRow("resnet50:width=8")]
    public void An_integer_network_has_the_same_layers_with_nearly_the_same_values(string name)
    {
        using var world = new ImageWorld(images: 24, architecture: name);
        var output = world.PathOf("int8.onnx");
        ResNetQuantizer.Quantize(world.ModelFile, world.Paths, output, new() { CalibrationImages = 24 });
        using var floats = ResNetModel.Open(world.ModelFile);
        using var integers = ResNetModel.Open(output);
        CollectionAssert.AreEqual(floats.LayerNames.ToArray(), integers.LayerNames.ToArray());
        var (expected, actual) = (Maps(floats, world.Paths[0]), Maps(integers, world.Paths[0]));
        foreach (var layer in floats.LayerNames)
            Assert.IsGreaterThan(0.98, Cosine(expected[layer].Values, actual[layer].Values), layer);
    }

    [TestMethod]
    public void Layers_are_run_in_the_order_in_which_they_are_named_and_outlive_the_model()
    {
        using var world = new ImageWorld(images: 2);
        ResNetLayers layers;
        float[] features;
        using (var model = ResNetModel.Open(world.ModelFile))
        {
            layers = model.OpenLayers("layer3", "bn1", "layer3");
            features = model.Run(world.Paths[1], ResNetOutput.Features);
        }

        using (layers)
        {
            var maps = layers.Run(File.ReadAllBytes(world.Paths[1]));
            CollectionAssert.AreEqual(new[] { "layer3", "bn1", "layer3" }, maps.Select(map => map.Layer).ToArray());
            Assert.AreEqual(32, maps[1].Height);
            Assert.AreEqual(8, maps[2].Width);
            Assert.AreEqual(features[0], maps[0].Pool()[0], 1e-5f);
        }
    }

    [TestMethod]
    public async Task Who_runs_while_layers_and_models_are_disposed_of_gets_a_result_or_is_told()
    {
        using var world = new ImageWorld(images: 1);
        var image = File.ReadAllBytes(world.Paths[0]);
        for (var round = 0; round < 5; round++)
        {
            var model = ResNetModel.Open(world.ModelFile);
            var layers = model.OpenLayers("layer3");
            var expected = (layers.Run(image)[0].Values.ToArray(), model.ActivationMap(image).Logits.ToArray());
            using var started = new CountdownEvent(4);
            var runs = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                started.Signal();
                while (true)
                {
                    CollectionAssert.AreEqual(expected.Item1, layers.Run(image)[0].Values.ToArray());
                    CollectionAssert.AreEqual(expected.Item2, model.ActivationMap(image).Logits.ToArray());
                }
            })).ToList();
            started.Wait();
            layers.Dispose();
            model.Dispose();
            foreach (var run in runs) await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => run);
            Assert.ThrowsExactly<ObjectDisposedException>(() => layers.Run(image));
            Assert.ThrowsExactly<ObjectDisposedException>(() => model.ActivationMap(image));
        }
    }

    [TestMethod]
    public void A_layer_that_is_not_there_is_refused_with_those_that_are()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        var problem = Assert.ThrowsExactly<ArgumentException>(() => model.OpenLayers("layer1.0.conv1"));
        StringAssert.Contains(problem.Message, "no layer 'layer1.0.conv1'. It has bn1, relu, layer1.0.bn1");
        Assert.ThrowsExactly<ArgumentException>(() => model.OpenLayers());
        model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.OpenLayers("layer1"));
    }

    private static Dictionary<string, FeatureMap> Maps(ResNetModel model, string image)
    {
        using var layers = model.OpenLayers(model.LayerNames);
        return layers.Run(image).ToDictionary(map => map.Layer);
    }

    private static float[] Sum(FeatureMap one, FeatureMap other) =>
        [.. one.Values.Zip(other.Values, (left, right) => Math.Max(0, left + right))];

    private static double Cosine(IReadOnlyList<float> left, IReadOnlyList<float> right)
    {
        double Product(IReadOnlyList<float> one, IReadOnlyList<float> other) => one.Zip(other, (a, b) => (double)a * b).Sum();
        return Product(left, right) / Math.Sqrt(Product(left, left) * Product(right, right));
    }

    private static void AssertNear(double[] expected, FeatureMap map)
    {
        Assert.HasCount(expected.Length, map.Values);
        var tolerance = 1e-5 * expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], map.Values[i], tolerance);
    }
}
