namespace ResNet.MLNet;

// torchvision's weights. Files and figures are those of torchvision/models/resnet.py.
public sealed partial record PretrainedResNet
{
    private const string TorchvisionAddress = "https://download.pytorch.org/models/";

    private static IReadOnlyList<PretrainedResNet> OfTorchvision() =>
    [
        Torchvision(ResNetArchitecture.ResNet18, 1, "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec", 69.758, 89.078),
        Torchvision(ResNetArchitecture.ResNet34, 1, "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f", 73.314, 91.420),
        Torchvision(ResNetArchitecture.ResNet50, 1, "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a", 76.130, 92.862),
        Torchvision(ResNetArchitecture.ResNet101, 1, "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a", 77.374, 93.546),
        Torchvision(ResNetArchitecture.ResNet152, 1, "394f9c45966e3651a89bbb78a48410a6755854ce4a5ab64927cf1c7247f85e58", 78.312, 94.046),
        Torchvision(ResNetArchitecture.ResNet50, 2, "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca", 80.858, 95.434),
        Torchvision(ResNetArchitecture.ResNet101, 2, "cd907fc2a0de2292b2ba2b27d2216bc672d84632d1cf20058d01c0c03b5e020e", 81.886, 95.780),
        Torchvision(ResNetArchitecture.ResNet152, 2, "f82ba261", 82.284, 96.002),
        Torchvision(ResNetArchitecture.ResNeXt50_32x4d, 1, "7cdf4587", 77.618, 93.698),
        Torchvision(ResNetArchitecture.ResNeXt50_32x4d, 2, "1a0047aa", 81.198, 95.340),
        Torchvision(ResNetArchitecture.ResNeXt101_32x8d, 1, "8ba56ff5", 79.312, 94.526),
        Torchvision(ResNetArchitecture.ResNeXt101_32x8d, 2, "110c445d", 82.834, 96.228),
        Torchvision(ResNetArchitecture.ResNeXt101_64x4d, 1, "173b62eb", 83.246, 96.454, ImagePreprocessing.ImageNetV2),
        Torchvision(ResNetArchitecture.WideResNet50_2, 1, "95faca4d", 78.468, 94.086),
        Torchvision(ResNetArchitecture.WideResNet50_2, 2, "9ba9bcbe", 81.602, 95.758),
        Torchvision(ResNetArchitecture.WideResNet101_2, 1, "32ee1156", 78.848, 94.284),
        Torchvision(ResNetArchitecture.WideResNet101_2, 2, "d733dc28", 82.510, 96.020),
    ];

    private static PretrainedResNet Torchvision(
        ResNetArchitecture architecture, int version, string hash, double top1, double top5, ImagePreprocessing? preprocessing = null) =>
        new(architecture, $"{architecture.Name}-imagenet-v{version}", "torchvision")
        {
            Version = version,
            Address = new($"{TorchvisionAddress}{architecture.Name}-{hash[..DigitsOfPrefix]}.pth"),
            Hash = hash,
            Preprocessing = preprocessing ?? (version == 1 ? ImagePreprocessing.ImageNet : ImagePreprocessing.ImageNetV2),
            Top1 = top1 / 100,
            Top5 = top5 / 100,
            License = WithTerms("BSD-3-Clause (torchvision)"),
        };
}
