namespace ResNet.MLNet;

// torchvision's weights. Files, accuracies and sizes (its _file_size) are those of torchvision/models/resnet.py.
public sealed partial record PretrainedResNet
{
    private const string TorchvisionAddress = "https://download.pytorch.org/models/";

    private static IReadOnlyList<PretrainedResNet> OfTorchvision() =>
    [
        Torchvision("resnet18", 1, "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec", 69.758, 89.078, 44.661),
        Torchvision("resnet34", 1, "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f", 73.314, 91.420, 83.275),
        Torchvision("resnet50", 1, "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a", 76.130, 92.862, 97.781),
        Torchvision("resnet101", 1, "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a", 77.374, 93.546, 170.511),
        Torchvision("resnet152", 1, "394f9c45966e3651a89bbb78a48410a6755854ce4a5ab64927cf1c7247f85e58", 78.312, 94.046, 230.434),
        Torchvision("resnet50", 2, "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca", 80.858, 95.434, 97.79),
        Torchvision("resnet101", 2, "cd907fc2a0de2292b2ba2b27d2216bc672d84632d1cf20058d01c0c03b5e020e", 81.886, 95.780, 170.53),
        Torchvision("resnet152", 2, "f82ba261", 82.284, 96.002, 230.474),
        Torchvision("resnext50_32x4d", 1, "7cdf4587", 77.618, 93.698, 95.789),
        Torchvision("resnext50_32x4d", 2, "1a0047aa", 81.198, 95.340, 95.833),
        Torchvision("resnext101_32x8d", 1, "8ba56ff5", 79.312, 94.526, 339.586),
        Torchvision("resnext101_32x8d", 2, "110c445d", 82.834, 96.228, 339.673),
        Torchvision("resnext101_64x4d", 1, "173b62eb", 83.246, 96.454, 319.318, ImagePreprocessing.ImageNetV2),
        Torchvision("wide_resnet50_2", 1, "95faca4d", 78.468, 94.086, 131.82),
        Torchvision("wide_resnet50_2", 2, "9ba9bcbe", 81.602, 95.758, 263.124),
        Torchvision("wide_resnet101_2", 1, "32ee1156", 78.848, 94.284, 242.896),
        Torchvision("wide_resnet101_2", 2, "d733dc28", 82.510, 96.020, 484.747),
    ];

    private static PretrainedResNet Torchvision(
        string name, int version, string hash, double top1, double top5, double mebibytes, ImagePreprocessing? preprocessing = null) =>
        new(ResNetArchitecture.Parse(name), $"{name}-imagenet-v{version}", "torchvision")
        {
            Version = version,
            Address = new($"{TorchvisionAddress}{name}-{hash[..DigitsOfPrefix]}.pth"),
            Hash = hash,
            Size = (long)Math.Round(mebibytes * (1 << 20)),
            Preprocessing = preprocessing ?? (version == 1 ? ImagePreprocessing.ImageNet : ImagePreprocessing.ImageNetV2),
            Top1 = top1 / 100,
            Top5 = top5 / 100,
            License = WithTerms("BSD-3-Clause (torchvision)"),
        };
}
