namespace ResNet.Tests;

[TestClass]
public sealed class ResNetArchitectureTests
{
    /// <summary>
    /// Counts of torchvision's models (sum of numel, and the convolutions and the linear layer counted by forward hooks at 224 px).
    /// </summary>
    [TestMethod]
    [DataRow("resnet18", 11_689_512L, 1_814_073_344L)]
    [DataRow("resnet34", 21_797_672L, 3_663_761_408L)]
    [DataRow("resnet50", 25_557_032L, 4_089_184_256L)]
    [DataRow("resnet101", 44_549_160L, 7_801_405_440L)]
    [DataRow("resnet152", 60_192_808L, 11_513_626_624L)]
    [DataRow("resnext50_32x4d", 25_028_904L, 4_230_479_872L)]
    [DataRow("resnext101_32x8d", 88_791_336L, 16_414_015_488L)]
    [DataRow("resnext101_64x4d", 83_455_272L, 15_460_270_080L)]
    [DataRow("wide_resnet50_2", 68_883_240L, 11_398_021_120L)]
    [DataRow("wide_resnet101_2", 126_886_696L, 22_753_050_624L)]
    [DataRow("resnet18:stages=2.2.2.3", 16_410_152L, 2_045_284_352L)]
    [DataRow("resnet50:stages=1.2.1.2,groups=2,width-per-group=40", 14_653_672L, 1_936_834_560L)]
    public void Parameters_and_multiply_adds_are_exactly_those_of_torchvision(string name, long parameters, long multiplyAdds)
    {
        var architecture = ResNetArchitecture.Parse(name);
        Assert.AreEqual(parameters, architecture.ParameterCount);
        Assert.AreEqual(multiplyAdds, architecture.MultiplyAdds());
    }

    /// <summary>He et al. 2015, Table 1: FLOPs (multiply-adds) in units of 10^9, printed with one decimal.</summary>
    [TestMethod]
    [DataRow("plain18", 1.8)]
    [DataRow("resnet18", 1.8)]
    [DataRow("plain34", 3.6)]
    [DataRow("resnet34:A", 3.6)]
    [DataRow("resnet50:v1", 3.8)]
    [DataRow("resnet101:v1", 7.6)]
    [DataRow("resnet152:v1", 11.3)]
    public void Multiply_adds_are_those_of_the_papers_Table_1(string name, double billions) =>
        // The paper rounds 3.66 and 7.57 in its own way; a tenth is what one printed decimal can tell.
        Assert.AreEqual(billions, ResNetArchitecture.Parse(name).MultiplyAdds() / 1e9, 0.1);

    /// <summary>He et al. 2015, Table 6: parameters of the CIFAR networks in millions, as printed.</summary>
    [TestMethod]
    [DataRow(20, 0.27, 2)]
    [DataRow(32, 0.46, 2)]
    [DataRow(44, 0.66, 2)]
    [DataRow(56, 0.85, 2)]
    [DataRow(110, 1.7, 1)]
    [DataRow(1202, 19.4, 1)]
    public void Parameters_of_the_CIFAR_networks_are_those_of_the_papers_Table_6(int depth, double millions, int decimals) =>
        Assert.AreEqual(millions, Math.Round(ResNetArchitecture.CifarResNet(depth).ParameterCount / 1e6, decimals));

    [TestMethod]
    public void A_plain_network_has_the_parameters_of_the_residual_one_with_option_A()
    {
        (string Plain, string Residual)[] pairs =
            [("plain18", "resnet18:A"), ("plain34", "resnet34:A"), ("cifar-plain56", "cifar-resnet56")];
        foreach (var (plain, residual) in pairs)
            Assert.AreEqual(ResNetArchitecture.Parse(residual).ParameterCount, ResNetArchitecture.Parse(plain).ParameterCount);
    }

    [TestMethod]
    public void Depth_is_the_number_of_convolutions_outside_shortcuts_and_the_classifier()
    {
        foreach (var architecture in ResNetArchitecture.All)
        {
            var convolutions = 1 + architecture.Blocks.Sum(block => block.Convolutions.Count);
            Assert.AreEqual(architecture.Depth, convolutions + 1, architecture.Name);
        }
    }

    [TestMethod]
    public void Names_read_back_as_the_same_architecture()
    {
        string[] names =
        [
            .. ResNetArchitecture.All.Select(known => known.Name),
            "resnet50:v1", "resnet34:A", "resnet34:C", "resnet152:A,v1,width=8",
            "cifar-resnet20:B", "cifar-resnet8:C,width=4", "cifar-plain14:width=3",
            "resnet18:stages=2.2.2.3", "plain18:stages=1.1", "resnet50:stages=3.4.6.4,v1", "resnext50_32x4d:v1,width=8",
            "resnet152:groups=32,width-per-group=4", "resnet50:width-per-group=72", "cifar-resnet20:stages=2.2.2.2,B,width=64",
            "cifar-resnet20:bottleneck,stages=3.4.6.3,B,width=64", "cifar-resnet20:bottleneck,stages=2.2.2,groups=2",
        ];
        foreach (var name in names) Assert.AreEqual(name, ResNetArchitecture.Parse(name).Name);
        Assert.AreEqual(ResNetArchitecture.ResNet50, ResNetArchitecture.Parse(" ResNet50:B,V1.5,width=64 "));
        Assert.AreNotEqual(ResNetArchitecture.ResNet50, ResNetArchitecture.Parse("resnet50", classes: 10));
        Assert.AreEqual(7, ResNetArchitecture.Parse("cifar-resnet20", classes: 7).Classes);
        Assert.AreEqual(ResNetArchitecture.ResNet34, ResNetArchitecture.Parse("resnet18:stages=3.4.6.3"));
        Assert.AreEqual(ResNetArchitecture.ResNeXt50_32x4d, ResNetArchitecture.Parse("resnet50:groups=32,width-per-group=4"));
    }

    [TestMethod]
    [DataRow("resnet51", "no architecture named 'resnet51'")]
    [DataRow("", "no architecture named ''")]
    [DataRow("cifar-resnet21", "6n+2")]
    [DataRow("cifar-resnet+20", "no architecture named")]
    [DataRow("cifar-resnet99999999999", "no architecture named")]
    [DataRow("resnet50:D", "'D' in 'resnet50:D' is not an option")]
    [DataRow("resnet50:width=0", "1 to 4096")]
    [DataRow("resnet18:v1", "no bottleneck blocks")]
    [DataRow("plain18:A", "no shortcuts")]
    [DataRow("resnet18:groups=2", "no bottleneck blocks")]
    [DataRow("resnet50:groups=0", "1 to 4096")]
    [DataRow("resnet50:stages=3.4.x.3", "1 to 1000 blocks")]
    [DataRow("resnet50:stages=1.1.1.1.1.1.1", "1 to 6 stages")]
    [DataRow("resnet50:bottleneck", "is not an option")]
    [DataRow("resnet50:width=4.4", "is not an option")]
    public void A_name_that_means_nothing_is_refused_with_the_reason(string name, string reason)
    {
        var problem = Assert.ThrowsExactly<FormatException>(() => ResNetArchitecture.Parse(name));
        StringAssert.Contains(problem.Message, reason);
    }

    [TestMethod]
    public void Layers_are_the_convolutions_and_the_classifier_with_their_sizes()
    {
        var layers = ResNetArchitecture.ResNet18.Layers.ToList();
        Assert.HasCount(1 + 16 + 3 + 1, layers);
        Assert.AreEqual(new ResNetLayer("conv1", 3, 64, 7, 2), layers[0]);
        Assert.AreEqual(new ResNetLayer("fc", 512, 1000, null, null), layers[^1]);
    }

    [TestMethod]
    public void A_network_without_classes_has_no_classifier()
    {
        var features = ResNetArchitecture.ResNet18 with { Classes = 0 };
        Assert.AreEqual(11_689_512 - 513 * 1000, features.ParameterCount);
        Assert.AreEqual("layer4.1.conv2", features.Layers.Last().Name);
        Assert.AreEqual("resnet18 (features only)", features.ToString());
    }

    [TestMethod]
    public void Shortcut_options_differ_only_in_their_projections()
    {
        // Section 4.1: option B projects where dimensions change (three stages of a basic network), C in all 16 blocks, A nowhere.
        Assert.AreEqual(0, Projections("resnet34:A"));
        Assert.AreEqual(3, Projections("resnet34:B"));
        Assert.AreEqual(16, Projections("resnet34:C"));
        Assert.AreEqual(4, Projections("resnet50"));

        static int Projections(string name) =>
            ResNetArchitecture.Parse(name).Blocks.Count(block => block.Shortcut.Kind == ShortcutKind.Projection);
    }

    [TestMethod]
    public void The_stride_of_a_bottleneck_sits_where_the_option_says()
    {
        CollectionAssert.AreEqual(new[] { 1, 2, 1 }, Strides("resnet50"));
        CollectionAssert.AreEqual(new[] { 2, 1, 1 }, Strides("resnet50:v1"));

        static int[] Strides(string name) =>
            [.. ResNetArchitecture.Parse(name).Blocks.First(block => block.Name == "layer2.0").Convolutions.Select(layer => layer.Stride)];
    }

    [TestMethod]
    public void Weights_that_do_not_fit_are_listed_by_name()
    {
        var weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=4"));
        var other = ResNetArchitecture.Parse("cifar-resnet8:B,width=4", classes: 3);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => weights.EnsureFits(other));
        StringAssert.Contains(problem.Message, "10 missing: layer2.0.downsample.0.weight");
        StringAssert.Contains(problem.Message, "fc.weight is [10, 16] instead of [3, 16]");
        weights.EnsureFits(ResNetArchitecture.Parse("cifar-resnet8:width=4"));
    }
}
