using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>The weights of a model file can be read, and are those of the network that the file runs.</summary>
[TestClass]
public sealed class ModelFileWeightsTests
{
    [TestMethod]
    [DataRow("cifar-resnet8:width=4")]
    [DataRow("resnet50:stages=1.1.1.1,width=4")]
    public void They_make_the_same_network_again(string name)
    {
        using var world = new ImageWorld(images: 2, architecture: name);
        var weights = ModelFile.ReadWeights(world.ModelFile);
        var card = ModelCard.Read(world.ModelFile)!;
        var network = ResNetArchitecture.Parse(card.Architecture, ImageWorld.Classes);
        CollectionAssert.AreEqual(network.Tensors.Select(tensor => tensor.Name).ToList(), weights.Keys.ToList());
        // As safetensors, too, which is the way back to PyTorch.
        var stored = world.PathOf("weights.safetensors");
        WeightFile.Write(stored, weights);
        var again = world.PathOf("again.onnx");
        ModelFile.Write(again, network, WeightFile.Read(stored), card);
        using var before = ResNetModel.Open(world.ModelFile);
        using var after = ResNetModel.Open(again);
        foreach (var path in world.Paths)
        {
            var expected = before.Run(path, ResNetOutput.Logits);
            var actual = after.Run(path, ResNetOutput.Logits);
            for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-4 * expected.Max(Math.Abs));
        }
    }

    [TestMethod]
    public void A_first_convolution_is_that_of_normalized_pixels_times_what_batch_norm_does()
    {
        using var folder = new TemporaryFolder();
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 3);
        var weights = RandomWeights.For(network);
        var file = folder.PathOf("model.onnx");
        ModelFile.Write(file, network, weights, RandomWeights.Card(network, ImagePreprocessing.ImageNet));
        var read = ModelFile.ReadWeights(file);
        var values = read["conv1.weight"].Values;
        var filter = values.Length / network.Width;
        for (var i = 0; i < values.Length; i++)
        {
            var channel = i / filter;
            var factor = weights["bn1.weight"].Values[channel] / Math.Sqrt(weights["bn1.running_var"].Values[channel] + 1e-5);
            Assert.AreEqual(weights["conv1.weight"].Values[i] * factor, values[i], 1e-5);
        }
    }

    [TestMethod]
    public void A_tensor_that_is_missing_or_too_short_is_named()
    {
        using var world = new ImageWorld(images: 1);
        foreach (var (change, expected) in new (Action<TensorProto>, string)[]
        {
            (tensor => tensor.Name = "other", "It has no float tensor 'conv1.weight'"),
            (tensor => tensor.DataType = (int)TensorProto.Types.DataType.Int32, "It has no float tensor 'conv1.weight'"),
            (tensor => tensor.RawData = ByteString.CopyFrom(tensor.RawData.Span[4..]), "Tensor 'conv1.weight' has"),
        })
        {
            var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.ModelFile));
            change(model.Graph.Initializer.Single(tensor => tensor.Name == "conv1.weight"));
            var file = world.PathOf("changed.onnx");
            File.WriteAllBytes(file, ModelFile.ToBytes(model));
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.ReadWeights(file)).Message, expected);
        }
    }

    [TestMethod]
    public void Files_without_such_weights_are_named()
    {
        using var world = new ImageWorld();
        var integers = world.PathOf("int8.onnx");
        ResNetQuantizer.Quantize(world.ModelFile, world.Paths, integers);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.ReadWeights(integers));
        StringAssert.Contains(problem.Message, "int8.onnx");
        StringAssert.Contains(problem.Message, "integer network");
        Assert.ThrowsExactly<FileNotFoundException>(() => ModelFile.ReadWeights(world.PathOf("none.onnx")));
        File.WriteAllText(world.PathOf("text.onnx"), "text");
        problem = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.ReadWeights(world.PathOf("text.onnx")));
        StringAssert.Contains(problem.Message, "text.onnx");
    }
}
