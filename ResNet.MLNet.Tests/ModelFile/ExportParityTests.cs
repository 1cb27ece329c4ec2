using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>ONNX Runtime on the exported file gives what the TorchSharp module gives in eval mode, for every architecture.</summary>
[TestClass]
public sealed class ExportParityTests
{
    /// <summary>The greatest difference of two logits, relative to the greatest logit.</summary>
    private const double Tolerance = 1e-4;

    public TestContext TestContext { get; set; } = null!;

    private static IEnumerable<object[]> Narrow() =>
        All().Select(name => new object[] { name.Contains(':') ? $"{name},width=4" : $"{name}:width=4" });

    private static IEnumerable<object[]> Whole() => All().Append("cifar-resnet1202").Select(name => new object[] { name });

    private static IEnumerable<string> All() =>
    [
        .. ResNetArchitecture.All.Where(known => known.Depth <= 152).Select(known => known.Name),
        "resnet18:A", "resnet18:C", "resnet34:A", "resnet34:C", "resnet50:A", "resnet50:C", "resnet50:v1", "resnet101:v1", "resnet152:v1",
        "cifar-resnet20:B", "cifar-resnet20:C", "cifar-resnet56:B", "resnet18:stages=2.2.2.3", "cifar-resnet20:bottleneck,stages=2.2.2.2",
    ];

    [TestMethod]
    [DynamicData(nameof(Narrow))]
    public void A_narrow_network_gives_the_same_logits_in_both(string name) => Compare(ResNetArchitecture.Parse(name, classes: 7), 40);

    [TestMethod]
    [TestCategory("Slow")]
    [DynamicData(nameof(Whole))]
    public void A_whole_network_gives_the_same_logits_in_both(string name)
    {
        var architecture = ResNetArchitecture.Parse(name);
        Compare(architecture, architecture.Stem == StemKind.ImageNet ? 224 : 32);
    }

    [TestMethod]
    public void Features_and_probabilities_are_those_of_the_module()
    {
        var architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 5);
        var weights = RandomWeights.For(architecture);
        using var module = Module(architecture, weights);
        using var session = Session(architecture, weights);
        using var _ = NewDisposeScope();
        using var __ = no_grad();
        var pixels = Pixels(33, 29);
        var input = Normalize(pixels, [2, 3, 33, 29]);
        var features = module.Features(input).data<float>().ToArray();
        AssertNear(features, session.Run("features", pixels, 2, 3, 33, 29));
        var probabilities = nn.functional.softmax(module.forward(input), 1).data<float>().ToArray();
        AssertNear(probabilities, session.Run("probabilities", pixels, 2, 3, 33, 29));
    }

    private void Compare(ResNetArchitecture architecture, int size)
    {
        var weights = RandomWeights.For(architecture);
        using var module = Module(architecture, weights);
        using var session = Session(architecture, weights);
        using var _ = NewDisposeScope();
        using var __ = no_grad();
        var pixels = Pixels(size, size);
        var expected = module.forward(Normalize(pixels, [2, 3, size, size])).data<float>().ToArray();
        var difference = AssertNear(expected, session.Run("logits", pixels, 2, 3, size, size));
        TestContext.WriteLine($"{architecture.Name,-24} {difference:0.0e+00}");
    }

    private static ResNetModule Module(ResNetArchitecture architecture, StateDict weights)
    {
        var module = new ResNetModule(architecture);
        module.Load(weights);
        module.eval();
        return module;
    }

    private static OnnxSession Session(ResNetArchitecture architecture, StateDict weights) =>
        new(ModelFile.ToBytes(architecture, weights, RandomWeights.Card(architecture)));

    /// <summary>Two images, [2, 3, height, width], of whole numbers from 0 to 255.</summary>
    private static float[] Pixels(int height, int width)
    {
        var random = new Random(5);
        var pixels = new float[2 * 3 * height * width];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = random.Next(256);
        return pixels;
    }

    private static Tensor Normalize(float[] pixels, long[] shape)
    {
        var values = RandomWeights.Card(ResNetArchitecture.ResNet18).Preprocessing;
        var mean = tensor(new[] { values.Mean.R, values.Mean.G, values.Mean.B }).view(1, 3, 1, 1);
        var std = tensor(new[] { values.Std.R, values.Std.G, values.Std.B }).view(1, 3, 1, 1);
        return (tensor(pixels, shape) / 255 - mean) / std;
    }

    private static double AssertNear(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        var scale = expected.Max(Math.Abs);
        Assert.IsTrue(float.IsFinite(scale) && scale > 0, "The expected values are no test: they are zero or not finite.");
        var difference = expected.Zip(actual, (left, right) => (double)Math.Abs(left - right)).Max() / scale;
        Assert.IsLessThanOrEqualTo(Tolerance, difference);
        return difference;
    }
}
