using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>A network whose batch norm was folded away gets filters of length 1 and statistics, and computes what it did before.</summary>
[TestClass]
public sealed class UnfoldTests
{
    [TestMethod]
    [DataRow("cifar-resnet8:width=16")]
    [DataRow("cifar-resnet8:B,width=16")]
    public void The_function_stays_and_filters_have_length_1(string architecture)
    {
        using var scope = NewDisposeScope();
        using var network = new ResNetModule(ResNetArchitecture.Parse(architecture));
        using (no_grad())
        {
            // Lengths as folding leaves them: from a hundredth to ten.
            foreach (var (layer, index) in network.Architecture.Convolutions.Select((layer, index) => (layer, index)))
            {
                using var factor = Math.Pow(10, index % 4 - 2).ToScalar();
                network.get_parameter($"{layer.Name}.weight")!.mul_(factor);
            }
        }

        using var generator = new Generator(3);
        var images = randn([16, 3, 12, 12], generator: generator);
        network.eval();
        using var _ = no_grad();
        var expected = network.Features(images);
        network.Unfold([images.alias()]);
        var difference = network.Features(images).sub(expected).abs().max().item<float>();
        Assert.IsLessThan(1e-5 * expected.abs().max().item<float>(), difference);
        foreach (var layer in network.Architecture.Convolutions)
        {
            var lengths = network.get_parameter($"{layer.Name}.weight")!.square().sum([1, 2, 3]).sqrt();
            Assert.AreEqual(1, lengths.min().item<float>(), 1e-5, layer.Name);
            Assert.AreEqual(1, lengths.max().item<float>(), 1e-5, layer.Name);
        }
    }
}
