namespace ResNet.Training;

/// <summary>
/// What a run starts from if the user names neither a network to start from nor an architecture: the best that is on this machine for the
/// number and the size of the images, or, for a run that is resumed, what that run began with. Nothing is ever downloaded for it, and
/// libtorch is not loaded.
/// </summary>
public sealed class DefaultStart
{
    /// <summary>Pictures whose longer sides have a median up to this, in pixels, are small.</summary>
    internal const int SmallSide = 64;

    /// <summary>Training images a class, on average, from which a small network learns small pictures best from random weights.</summary>
    internal const int ManyImagesPerClass = 500;

    private const string WeightsPackage = "ResNet.MLNet.Weights.ResNet18", AsAsked = "as it was asked to.";

    private DefaultStart(StartingPoint? network, ResNetArchitecture? architecture, string reason)
    {
        Network = network;
        Architecture = architecture;
        Reason = reason;
    }

    /// <summary>The trained network that the run starts from; null for random weights.</summary>
    public StartingPoint? Network { get; }

    /// <summary>The architecture that starts from random weights; null with a trained <see cref="Network"/>.</summary>
    public ResNetArchitecture? Architecture { get; }

    /// <summary>What was chosen and why, in a sentence or two.</summary>
    public string Reason { get; }

    /// <summary>Whether it is what a run began with that is resumed, so that nothing can change it.</summary>
    public bool IsResumed { get; private init; }

    /// <summary>
    /// Chooses the start of a run: an ImageNet ResNet-18 that is on this machine (<see cref="ModelStore.Prefer"/>); for small pictures, up
    /// to 64 pixels, and at least 500 a class, a CIFAR ResNet-20 from random weights. Where no trained network is here, or none is wanted,
    /// random weights of a ResNet-18, for small pictures of a CIFAR ResNet-20. Sizes are read from a seeded sample of 25 images. A run that
    /// is resumed keeps what it began with, whatever would be chosen now.
    /// </summary>
    /// <param name="options">
    /// The run, without <see cref="TrainingOptions.StartFrom"/> and <see cref="TrainingOptions.Architecture"/>. Its recipe may be missing.
    /// </param>
    /// <param name="fromScratch">
    /// True for random weights; false for a trained network if one is here. Null (default): what the recipe is for, a trained network if
    /// that has <see cref="TrainingRecipe.FineTuning"/>; without a recipe the images decide.
    /// </param>
    /// <param name="progress">Receives that a network is made ready for use; there is no download.</param>
    /// <param name="cancellation">Stops that.</param>
    /// <exception cref="ArgumentException">The options name a network to start from, or an architecture.</exception>
    /// <exception cref="InvalidDataException">The checkpoint of the run to resume cannot be read; the message names it.</exception>
    /// <exception cref="FileNotFoundException">
    /// The network that the run to resume started from is not on this machine; the message names it.
    /// </exception>
    /// <exception cref="IOException">The network that is on this machine is damaged; the message names the file.</exception>
    public static DefaultStart Choose(
        TrainingOptions options,
        bool? fromScratch = null,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellation = default) => ChooseFrom(ModelStore.Default, options, fromScratch, progress, cancellation);

    /// <summary>The options with this start.</summary>
    /// <param name="options">The run.</param>
    public TrainingOptions ApplyTo(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { StartFrom = Network, Architecture = Architecture };
    }

    /// <summary>Chooses among the networks of a store.</summary>
    internal static DefaultStart ChooseFrom(
        ModelStore store,
        TrainingOptions options,
        bool? fromScratch = null,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.StartFrom is not null || options.Architecture is not null)
            throw new ArgumentException("The options say already what the run starts from.", nameof(options));
        fromScratch ??= options.Recipe is { } recipe ? recipe.FineTuning is null : null;
        var folder = options.OutputFolder;
        if (options.IfExists == ExistingRun.Resume && RunFolder.HoldsRunAt(folder))
            return OfRun(store, RunFolder.CheckpointsOf(folder).Last, fromScratch, progress, cancellation);

        var images = PictureSizes.Measure(options.Data.Training, options.Limits);
        var untrained = images.AreSmall ? ResNetArchitecture.CifarResNet(20) : ResNetArchitecture.ResNet18;
        if (fromScratch == true) return Scratch(untrained, AsAsked);
        if (fromScratch is null && images.AreSmall && images.AreMany)
            return Scratch(untrained, $"because the pictures are small ({images.Side}) and many ({images.PerClass}).");
        var entry = store.Prefer(ResNetArchitecture.ResNet18);
        if (store.Has(entry)) return Trained(entry, Open(store, entry, progress, cancellation), images);
        var poor = images.AreMany ? "" : $" From few images ({images.PerClass}) results will be poor; it takes thousands.";
        return Scratch(
            untrained,
            $"because no network trained on ImageNet is on this machine.{poor} The package {WeightsPackage} brings such a network, and " +
            $"published weights that are named, such as {ResNetArchitecture.ResNet18.Name}, are downloaded.");
    }

    private static StartingPoint Open(
        ModelStore store, PretrainedResNet entry, IProgress<DownloadProgress>? progress, CancellationToken cancellation) =>
        StartingPoint.Open(store.Get(entry, progress, cancellation), cancellation: cancellation);

    private static DefaultStart Trained(PretrainedResNet entry, StartingPoint network, PictureSizes images)
    {
        var size = network.Preprocessing.Crop;
        var why = images.AreSmall
            ? $"The pictures are small ({images.Side}) and are enlarged to {size} pixels for it."
            : "From there, fewer images and less time are needed than from random weights.";
        var what = $"The run starts from {entry.Name}, a ResNet-18 trained on ImageNet that is on this machine.";
        return new(network, architecture: null, $"{what} {why}");
    }

    private static DefaultStart Scratch(ResNetArchitecture architecture, string why) =>
        new(network: null, architecture, $"The run starts from random weights of a {architecture.Name}, {why}");

    /// <summary>What a run began with.</summary>
    private static DefaultStart OfRun(
        ModelStore store,
        string checkpoint,
        bool? fromScratch,
        IProgress<DownloadProgress>? progress,
        CancellationToken cancellation)
    {
        var written = Checkpoint.Read(checkpoint).Identity;
        var (network, name) = RunIdentity.StartOf(written)
            ?? throw new InvalidDataException($"'{checkpoint}' does not say what its run started from.");
        var architecture = ResNetArchitecture.Parse(network);
        if (name is null) return Resumed(network: null, architecture, $"random weights of a {architecture.Name}");
        // The run will refuse and say what differs.
        if (fromScratch == true) return Scratch(architecture, AsAsked);
        // The store's files have the names of the catalog with an extension.
        var published = name.EndsWith(".onnx", StringComparison.Ordinal) ? name[..^".onnx".Length] : name;
        var entry = PretrainedResNet.Find(published);
        if (entry is not null && entry.Name != published) entry = store.Prefer(entry.Architecture);
        if (entry is null || !store.Has(entry))
        {
            throw new FileNotFoundException(
                $"The run of '{checkpoint}' started from '{name}', which is not among the published weights on this machine. To resume " +
                "the run, name the network that it started from.",
                name);
        }

        var start = Open(store, entry, progress, cancellation);
        return Resumed(start, architecture: null, entry.Name);
    }

    private static DefaultStart Resumed(StartingPoint? network, ResNetArchitecture? architecture, string name) =>
        new(network, architecture, $"The run is resumed; it started from {name}.") { IsResumed = true };
}
