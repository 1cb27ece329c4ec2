namespace ResNet.Tests;

/// <summary>A file of weights is read by torchvision's names, whatever it calls its tensors and whatever else it holds.</summary>
[TestClass]
public sealed class WeightFileTests
{
    [TestMethod]
    public void Names_are_torchvisions_and_what_lies_beside_the_network_is_left_out()
    {
        using var folder = new TemporaryFolder();
        var weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=2"));
        var stored = new StateDict();
        foreach (var (name, tensor) in weights) stored.Add($"module.{name}", tensor);
        stored.Add("optimizer.velocity.module.conv1.weight", weights["conv1.weight"]);
        WeightFile.Write(folder.PathOf("w.safetensors"), stored);
        var read = WeightFile.Read(folder.PathOf("w.safetensors"));
        CollectionAssert.AreEqual(weights.Keys.ToList(), read.Keys.ToList());
        CollectionAssert.AreEqual(weights["fc.bias"].Values, read["fc.bias"].Values);
    }

    [TestMethod]
    public void What_is_stored_can_be_read_as_it_is_with_its_metadata()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("w.safetensors");
        var beside = new StateDict { { "optimizer.steps", new([1], [7]) } };
        WeightFile.Write(path, beside, new Dictionary<string, string> { ["who"] = "a test" });
        var (tensors, metadata) = WeightFile.ReadStored(path);
        Assert.AreEqual(7, tensors["optimizer.steps"].Values[0]);
        Assert.AreEqual("a test", metadata["who"]);
    }
}
