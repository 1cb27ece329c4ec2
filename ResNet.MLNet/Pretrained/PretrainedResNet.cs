namespace ResNet.MLNet;

/// <summary>
/// Published weights of a network: where they are, what they are, and how images have to be prepared for them. All are torchvision's,
/// trained on ImageNet (ILSVRC 2012, 1,000 classes).
/// </summary>
public sealed record PretrainedResNet
{
    private const string BaseAddress = "https://download.pytorch.org/models/";
    private const int DigitsOfPrefix = 8, DigitsOfHash = 64;

    // The whole SHA-256, or the beginning that the publisher states.
    private readonly string _hash;

    private PretrainedResNet(ResNetArchitecture architecture, int version, string hash, double top1, double top5)
    {
        Architecture = architecture;
        Version = version;
        _hash = hash;
        Top1 = top1 / 100;
        Top5 = top5 / 100;
        Preprocessing = version == 1 ? ImagePreprocessing.ImageNet : ImagePreprocessing.ImageNetV2;
    }

    /// <summary>All entries.</summary>
    public static IReadOnlyList<PretrainedResNet> All { get; } =
    [
        new(ResNetArchitecture.ResNet18, 1, "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec", 69.758, 89.078),
        new(ResNetArchitecture.ResNet34, 1, "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f", 73.314, 91.420),
        new(ResNetArchitecture.ResNet50, 1, "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a", 76.130, 92.862),
        new(ResNetArchitecture.ResNet101, 1, "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a", 77.374, 93.546),
        new(ResNetArchitecture.ResNet152, 1, "394f9c45966e3651a89bbb78a48410a6755854ce4a5ab64927cf1c7247f85e58", 78.312, 94.046),
        new(ResNetArchitecture.ResNet50, 2, "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca", 80.858, 95.434),
        new(ResNetArchitecture.ResNet101, 2, "cd907fc2a0de2292b2ba2b27d2216bc672d84632d1cf20058d01c0c03b5e020e", 81.886, 95.780),
        new(ResNetArchitecture.ResNet152, 2, "f82ba261", 82.284, 96.002),
    ];

    /// <summary>The name in this catalog, such as <c>resnet50-imagenet-v1</c>.</summary>
    public string Name => $"{Architecture.Name}-imagenet-v{Version}";

    /// <summary>The network.</summary>
    public ResNetArchitecture Architecture { get; }

    /// <summary>
    /// 1: trained with the classic recipe. 2: with torchvision's recipe of 2021 (long, with label smoothing, mixup, cutmix and averaged
    /// weights), which classifies ImageNet better.
    /// </summary>
    public int Version { get; }

    /// <summary>How images are prepared.</summary>
    public ImagePreprocessing Preprocessing { get; }

    /// <summary>The names of the classes, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels { get; } = ImageNetLabels.All;

    /// <summary>
    /// Share of ImageNet's 50,000 validation images whose class is the first prediction, as torchvision states it, 0 to 1.
    /// </summary>
    public double Top1 { get; }

    /// <summary>Share of them whose class is among the first five predictions, 0 to 1.</summary>
    public double Top5 { get; }

    /// <summary>The license of the weights.</summary>
    public string License { get; } = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms of access apply to its images";

    /// <summary>Where the checkpoint is published.</summary>
    public Uri Address => new(BaseAddress + FileName);

    /// <summary>The name of the checkpoint.</summary>
    public string FileName => $"{Architecture.Name}-{HashPrefix}.pth";

    /// <summary>The first eight hexadecimal digits of the checkpoint's SHA-256, which is what its publisher states.</summary>
    public string HashPrefix => _hash[..DigitsOfPrefix];

    /// <summary>
    /// The checkpoint's whole SHA-256 in hexadecimal digits, as several projects that use it state it alike; null where only
    /// <see cref="HashPrefix"/> is known. Eight digits find damage but no forgery, so such a checkpoint is fetched over https only, and its
    /// SHA-256 is kept in the store after the first download.
    /// </summary>
    public string? Sha256 => _hash.Length == DigitsOfHash ? _hash : null;

    /// <summary>Finds an entry by its name; the name of an architecture alone means version 1.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>The entry; null if there is none.</returns>
    public static PretrainedResNet? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(entry => Is(entry.Name)) ?? All.FirstOrDefault(entry => Is(entry.Architecture.Name));

        bool Is(string known) => string.Equals(known, name.Trim(), StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The card of the model file that the weights become.</summary>
    internal ModelCard ToCard() => new()
    {
        Architecture = Architecture.Name,
        Preprocessing = Preprocessing,
        Labels = Labels,
        Source = $"torchvision's {Architecture.Name}, IMAGENET1K_V{Version}, {Address}",
        License = License,
        Metrics = new Dictionary<string, double> { ["top1"] = Top1, ["top5"] = Top5 },
    };
}
