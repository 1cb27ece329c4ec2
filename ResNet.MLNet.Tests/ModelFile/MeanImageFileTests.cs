using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>A model file with a mean image subtracts it itself, wherever the file goes, and takes images of that size only.</summary>
[TestClass]
public sealed class MeanImageFileTests
{
    private const int Size = 32;

    private static readonly ResNetArchitecture Network = ResNetArchitecture.Parse("cifar-resnet8:width=4", ImageWorld.Classes);

    private static readonly ImagePreprocessing Preprocessing = ImagePreprocessing.Small(Size).WithMeanImage(MeanImageTests.Ramp(Size));

    [TestMethod]
    public void It_gives_what_the_network_gives_of_pixels_from_which_it_is_subtracted_already()
    {
        float[] pixels = [.. Enumerable.Range(0, 2 * 3 * Size * Size).Select(i => (float)(i * 7919L % 256))];
        var mean = Preprocessing.MeanImage!.Values;
        var subtracted = pixels.ToArray();
        for (var i = 0; i < pixels.Length; i++) subtracted[i] -= 255 * mean[i % mean.Length];

        using var withImage = new OnnxSession(Bytes(Preprocessing));
        using var withoutMean = new OnnxSession(Bytes(ImagePreprocessing.Small(Size) with { Mean = default }));
        var expected = withoutMean.Run("logits", subtracted, 2, 3, Size, Size);
        var actual = withImage.Run("logits", pixels, 2, 3, Size, Size);
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5 * expected.Max(Math.Abs));
    }

    [TestMethod]
    public void It_goes_with_the_file_into_pipelines_that_are_saved_and_into_training()
    {
        using var world = new ImageWorld(images: 3);
        var file = world.PathOf("mean.onnx");
        ModelFile.Write(file, Network, RandomWeights.For(Network), RandomWeights.Card(Network, Preprocessing));
        var data = world.Data();
        List<float[]> expected;
        using (var direct = ResNetModel.Open(file)) expected = [.. world.Paths.Select(path => direct.Run(path, ResNetOutput.Logits))];
        using (var session = new OnnxSession(File.ReadAllBytes(file)))
        {
            var preparer = new ImagePreparer(ImagePreprocessing.Small(Size));
            var input = new float[preparer.Length];
            preparer.Prepare(new(world.Paths[0]), input);
            CollectionAssert.AreEqual(session.Run("logits", input, 1, 3, Size, Size), expected[0]);
        }

        using (var model = world.Context.Transforms.ApplyResNet("Score", null, file, ResNetOutput.Logits).Fit(data))
        {
            AssertSame(expected, model.Transform(data));
            world.Context.Model.Save(model, data.Schema, world.PathOf("saved.zip"));
        }

        var weights = ModelFileWeights.Read(file);
        Assert.AreEqual(Preprocessing, weights.Card.Preprocessing);
        var again = world.PathOf("again.onnx");
        ModelFile.Write(again, weights.Architecture, weights.Weights, weights.Card);
        using (var direct = ResNetModel.Open(again))
        {
            var logits = direct.Run(world.Paths[0], ResNetOutput.Logits);
            for (var i = 0; i < logits.Length; i++) Assert.AreEqual(expected[0][i], logits[i], 1e-4);
        }

        File.Delete(file);
        AssertSame(expected, new MLContext().Model.Load(world.PathOf("saved.zip"), out _).Transform(data));

        static void AssertSame(List<float[]> expected, IDataView data)
        {
            var actual = data.GetColumn<float[]>("Score").ToList();
            Assert.HasCount(expected.Count, actual);
            for (var i = 0; i < expected.Count; i++) CollectionAssert.AreEqual(expected[i], actual[i]);
        }
    }

    [TestMethod]
    public void The_integer_network_of_one_keeps_it()
    {
        using var world = new ImageWorld(images: 12, architecture: "cifar-resnet8:width=8");
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=8", ImageWorld.Classes);
        ModelFile.Write(world.ModelFile, network, RandomWeights.For(network), RandomWeights.Card(network, Preprocessing));
        var report = ResNetQuantizer.Quantize(world.ModelFile, world.Paths, world.PathOf("int8.onnx"));
        Assert.IsGreaterThan(0.99, report.FeatureCosine!.Value);
        Assert.AreEqual(Preprocessing, ModelCard.Read(world.PathOf("int8.onnx"))!.Preprocessing);
    }

    [TestMethod]
    public void The_portable_form_of_one_that_crops_is_the_same_network()
    {
        using var world = new ImageWorld(images: 1);
        var file = world.PathOf("mean.onnx");
        ModelFile.Write(file, Network, RandomWeights.For(Network), RandomWeights.Card(Network, Preprocessing with { Resize = 40 }));
        var path = world.PathOf("a.png");
        ClassFolders.Write(path, 1, 40, seed: 5);
        var data = world.Data([path]);
        using var model = world.Context.Transforms.ApplyResNet("Features", null, file).Fit(data);
        var expected = model.Transform(data).GetColumn<float[]>("Features").Single();
        var actual = model.ToPortable(data.Schema).Transform(data).GetColumn<float[]>("Features").Single();
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5 * expected.Max(Math.Abs));
    }

    [TestMethod]
    public void A_caller_can_change_how_images_are_resized_but_not_their_size_nor_what_the_graph_does()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("mean.onnx");
        File.WriteAllBytes(file, Bytes(Preprocessing));
        using (var model = ResNetModel.Open(file, ImagePreprocessing.Small(Size) with { Squash = true }))
            Assert.AreEqual(Preprocessing with { Squash = true }, model.Preprocessing);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(file, ImagePreprocessing.ImageNet));
        StringAssert.Contains(problem.Message, "mean.onnx");
        StringAssert.Contains(problem.Message, "32 x 32 pixels only, but the preprocessing crops to 224");
        var options = new ResNetEstimator.Options { Model = file, Preprocessing = ImagePreprocessing.ImageNet };
        Assert.ThrowsExactly<InvalidDataException>(() => new MLContext().Transforms.ApplyResNet(options));
    }

    [TestMethod]
    public void One_of_another_size_and_another_order_of_channels_are_refused_with_what_to_do()
    {
        StringAssert.Contains(Refusal(Preprocessing with { Crop = 40 }), "has 32 x 32 pixels, but Crop is 40");
        StringAssert.Contains(Refusal(Preprocessing with { Crop = 40 }), "set MeanImage = null to subtract Mean");
        StringAssert.Contains(Refusal(Preprocessing with { ChannelOrder = ChannelOrder.Bgr }), "Swap the input channels of the first");

        string Refusal(ImagePreprocessing wrong) => Assert.ThrowsExactly<ArgumentException>(() => Bytes(wrong)).Message;
    }

    private static byte[] Bytes(ImagePreprocessing preprocessing) =>
        ModelFile.ToBytes(Network, RandomWeights.For(Network), RandomWeights.Card(Network, preprocessing));
}
