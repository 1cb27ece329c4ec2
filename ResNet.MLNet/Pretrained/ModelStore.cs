namespace ResNet.MLNet;

/// <summary>
/// The model files of published weights, on this machine: found in the cache folder, else fetched, checked, converted and kept there. Safe to use from several
/// processes at once, and after one was killed half-way.
/// </summary>
public sealed class ModelStore
{
    /// <summary>The environment variable that names another base address than the publisher's, such as a company's mirror.</summary>
    public const string MirrorVariable = "RESNET_MLNET_MIRROR";

    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(200);

    private readonly Downloader _downloader;

    internal ModelStore(string folder, string? mirror, Downloader downloader) => (Folder, Mirror, _downloader) = (folder, mirror, downloader);

    /// <summary>
    /// The store in the platform's cache folder (<c>RESNET_MLNET_HOME</c> overrides), which fetches from the publisher (<c>RESNET_MLNET_MIRROR</c> overrides).
    /// </summary>
    public static ModelStore Default => new(Path.Combine(CacheFolder.Path, "models"), Environment.GetEnvironmentVariable(MirrorVariable) is { Length: > 0 } mirror ? mirror : null, new());

    /// <summary>The folder of the model files.</summary>
    public string Folder { get; }

    internal string? Mirror { get; }

    /// <summary>Finds a model file: a file as it is named, or a catalog entry.</summary>
    /// <param name="nameOrFile">The path of a model file, or the name of an entry of <see cref="PretrainedResNet.All"/>.</param>
    /// <param name="progress">Is told how far a download is.</param>
    /// <param name="cancellation">Stops a download; what arrived is gone on with next time.</param>
    /// <returns>The path of the model file.</returns>
    /// <exception cref="FileNotFoundException">It is neither.</exception>
    /// <exception cref="IOException">The entry is not here and cannot be fetched; the message says which file from which address to put where.</exception>
    public string Find(string nameOrFile, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrFile);
        if (File.Exists(nameOrFile)) return nameOrFile;
        if (PretrainedResNet.Find(nameOrFile) is { } entry) return Get(entry, progress, cancellation);
        throw new FileNotFoundException(
            $"There is no model file '{nameOrFile}', and no published weights have that name. There are: {string.Join(", ", PretrainedResNet.All)}.", nameOrFile);
    }

    /// <summary>Gives the model file of published weights.</summary>
    /// <param name="weights">The entry.</param>
    /// <param name="progress">Is told how far a download is.</param>
    /// <param name="cancellation">Stops a download; what arrived is gone on with next time.</param>
    /// <returns>The path of the model file.</returns>
    /// <exception cref="IOException">They are not here and cannot be fetched; the message says which file from which address to put where.</exception>
    public string Get(PretrainedResNet weights, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return Get(Item.Of(weights, Mirror), progress, cancellation);
    }

    /// <summary>Whether the model file is here already.</summary>
    /// <param name="weights">The entry.</param>
    public bool Has(PretrainedResNet weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return File.Exists(Path.Combine(Folder, weights.Name + ".onnx"));
    }

    internal string Get(Item item, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var model = Path.Combine(Folder, item.Name + ".onnx");
        if (File.Exists(model)) return model;
        Directory.CreateDirectory(Folder);
        using var turn = TakeTurn(Path.Combine(Folder, item.Name + ".lock"), cancellation);
        // Another process may have made it meanwhile.
        if (File.Exists(model)) return model;
        var checkpoint = Path.Combine(Folder, Path.GetFileName(item.Address.LocalPath));
        if (!File.Exists(checkpoint)) Fetch(item, checkpoint, progress, cancellation);
        else if (!Downloader.HashOf(checkpoint).StartsWith(item.HashPrefix, StringComparison.OrdinalIgnoreCase))
            throw new IOException($"'{checkpoint}' is damaged or another file: its SHA-256 should begin with {item.HashPrefix}. Delete it, or put the file from {item.Address} in its place.");
        ResNetImporter.Import(checkpoint, model, item.Options);
        // The model file has all that is in it.
        File.Delete(checkpoint);
        return model;
    }

    private void Fetch(Item item, string checkpoint, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            _downloader.Fetch(item.Address, item.HashPrefix, checkpoint, progress, cancellation);
        }
        catch (DownloadException problem)
        {
            throw new IOException(
                $"The weights {item.Name} are not here and cannot be fetched: {problem.Message}. On a machine without that connection, put the file {item.Address} to '{checkpoint}' and try again, " +
                $"or set {MirrorVariable} to a base address that has {Path.GetFileName(checkpoint)}.", problem);
        }
    }

    /// <summary>Waits until no other process makes the same file. A process that dies gives its turn back.</summary>
    private static FileStream TakeTurn(string path, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.None);
            }
            catch (IOException problem) when (File.Exists(path) && problem is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
            {
                cancellation.WaitHandle.WaitOne(LockPause);
            }
        }
    }

    /// <summary>What is fetched and how it becomes a model file.</summary>
    internal sealed record Item(string Name, Uri Address, string HashPrefix, ImportOptions Options)
    {
        public static Item Of(PretrainedResNet weights, string? mirror) => new(
            weights.Name,
            mirror is null ? weights.Address : OnMirror(mirror, weights.FileName),
            weights.HashPrefix,
            new()
            {
                Architecture = weights.Architecture,
                Labels = weights.Labels,
                Preprocessing = weights.Preprocessing,
                License = weights.License,
                Source = $"torchvision's {weights.Architecture.Name}, IMAGENET1K_V{weights.Version}, {weights.Address}",
                Metrics = new Dictionary<string, double> { ["top1"] = weights.Top1, ["top5"] = weights.Top5 },
            });

        private static Uri OnMirror(string mirror, string file) =>
            Uri.TryCreate(mirror.TrimEnd('/') + "/" + file, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address
                : throw new ArgumentException($"{MirrorVariable} is '{mirror}', which is no http or https address.");
    }
}
