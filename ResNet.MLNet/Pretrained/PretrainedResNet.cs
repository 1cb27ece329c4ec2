namespace ResNet.MLNet;

/// <summary>
/// Published weights of a network: where they are, what they are, and how images have to be prepared for them. All were trained on ImageNet
/// (ILSVRC 2012, 1,000 classes): torchvision's, timm's and those that ML.NET has in NuGet packages.
/// </summary>
public sealed partial record PretrainedResNet
{
    private const int DigitsOfPrefix = 8, DigitsOfHash = 64;

    private PretrainedResNet(ResNetArchitecture architecture, string name, string publisher)
    {
        Architecture = architecture;
        Name = name;
        Publisher = publisher;
    }

    /// <summary>All entries: torchvision's, ML.NET's, timm's.</summary>
    public static IReadOnlyList<PretrainedResNet> All { get; } = [.. OfTorchvision(), .. OfMLNet(), .. OfTimm()];

    /// <summary>
    /// The name in this catalog: <c>resnet50-imagenet-v1</c> (torchvision), <c>resnet50.a1_in1k</c> (timm), <c>resnet18-mlnet</c>.
    /// </summary>
    public string Name { get; private init; }

    /// <summary>Who publishes them: torchvision, timm or ML.NET.</summary>
    public string Publisher { get; }

    /// <summary>The network. ML.NET's have no classifier, so that they give features only.</summary>
    public ResNetArchitecture Architecture { get; private init; }

    /// <summary>
    /// torchvision's 1: trained with the classic recipe; 2: with its recipe of 2021 (long, with label smoothing, mixup, cutmix and averaged
    /// weights), which classifies ImageNet better. Null for others.
    /// </summary>
    public int? Version { get; private init; }

    /// <summary>
    /// How images are prepared. ML.NET's networks have a mean image, which is in their package; here are the means of its channels.
    /// </summary>
    public ImagePreprocessing Preprocessing { get; private init; } = ImagePreprocessing.ImageNet;

    /// <summary>The names of the classes, in the order of the scores; null for a network that gives features only.</summary>
    public IReadOnlyList<string>? Labels => Architecture.Classes == 0 ? null : ImageNetLabels.All;

    /// <summary>
    /// Share of ImageNet's 50,000 validation images whose class is the first prediction, as the publisher states it for
    /// <see cref="Preprocessing"/>, 0 to 1; null where none is stated.
    /// </summary>
    public double? Top1 { get; private init; }

    /// <summary>Share of them whose class is among the first five predictions, 0 to 1; null where none is stated.</summary>
    public double? Top5 { get; private init; }

    /// <summary>The license of the weights.</summary>
    public string License { get; private init; } = "";

    /// <summary>Where the checkpoint is published; null for a network that comes in a package.</summary>
    public Uri? Address { get; private init; }

    /// <summary>The package that brings the network; null for a checkpoint that is downloaded.</summary>
    public WeightsPackage? Package { get; private init; }

    /// <summary>The name of the checkpoint, or of the graph in its package.</summary>
    public string FileName => Path.GetFileName(Address?.LocalPath ?? Package!.GraphFile);

    /// <summary>
    /// The size of the file in bytes, where it is known: of torchvision's to a thousandth of a mebibyte, as torchvision states it; null for
    /// timm's.
    /// </summary>
    public long? Size { get; private init; }

    /// <summary>
    /// The first eight hexadecimal digits of the file's SHA-256, which is what its publisher states; null where nothing is known.
    /// </summary>
    public string? HashPrefix => Hash.Length == 0 ? null : Hash[..DigitsOfPrefix];

    /// <summary>
    /// The file's whole SHA-256 in hexadecimal digits, as several projects that use it state it alike; null where only
    /// <see cref="HashPrefix"/> is known, or nothing. Eight digits find damage but no forgery, so such a checkpoint is fetched over https
    /// only, and its SHA-256 is kept in the store after the first download.
    /// </summary>
    public string? Sha256 => Hash.Length == DigitsOfHash ? Hash : null;

    /// <summary>The whole SHA-256, or the beginning that the publisher states; empty if nothing is known.</summary>
    internal string Hash { get; private init; } = "";

    /// <summary>Finds an entry by its name; the name of an architecture alone means torchvision's version 1.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>The entry; null if there is none.</returns>
    public static PretrainedResNet? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(entry => Is(entry.Name))
            ?? All.FirstOrDefault(entry => entry.Version == 1 && Is(entry.Architecture.Name));

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
        Source = Source,
        License = License,
        Metrics = Top1 is { } top1 && Top5 is { } top5 ? new Dictionary<string, double> { ["top1"] = top1, ["top5"] = top5 } : null,
    };

    /// <summary>Where the weights come from, in words; for those of a package the card adds the digests.</summary>
    internal string Source
    {
        get
        {
            if (Package is not null) return $"ML.NET's {Package.GraphFile}, package {Package.Id}";
            if (Version is { } version) return $"torchvision's {Architecture.Name}, IMAGENET1K_V{version}, {Address}";
            return $"timm's {Name}, {Address}";
        }
    }

    private static string WithTerms(string license) => $"{license}; trained on ImageNet, whose terms of access apply to its images";
}
