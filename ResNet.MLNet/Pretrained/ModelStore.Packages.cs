using Microsoft.ML;

namespace ResNet.MLNet;

/// <content>Networks that NuGet packages put on this machine, and the choice between them and others.</content>
public sealed partial class ModelStore
{
    /// <summary>
    /// The environment variable that names a folder with the files of NuGet packages of networks (<see cref="WeightsPackage"/>), where
    /// they are not in the application's output folder.
    /// </summary>
    public const string ModelsVariable = "RESNET_MLNET_MODELS";

    /// <summary>How many names are shown to one who names weights that there are not.</summary>
    private const int NamesShown = 3;

    /// <summary>
    /// Where the files of packages may be: the application's output folder, the folder that is named, the store, in notebooks the packages.
    /// </summary>
    internal IReadOnlyList<string> PackageFolders { get; init; } = [];

    /// <summary>
    /// Where model files are made of packages if <see cref="Folder"/> cannot be written; null for the user's temporary folder.
    /// </summary>
    internal string? TemporaryFolder { get; init; }

    /// <summary>
    /// Gives the published weights of an architecture that are used if none are named: those that are here, else torchvision's version 1,
    /// which is downloaded when it is used.
    /// </summary>
    /// <param name="architecture">The architecture, with its default options.</param>
    /// <param name="needsClasses">Whether features are not enough. Default: false.</param>
    /// <returns>The entry: torchvision's version 1 if it is here, else ML.NET's if its package is here, else torchvision's.</returns>
    /// <exception cref="ArgumentException">There are no published weights of that architecture.</exception>
    public PretrainedResNet Prefer(ResNetArchitecture architecture, bool needsClasses = false)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var standard = PretrainedResNet.Find(architecture.Name)
            ?? throw new ArgumentException($"There are no published weights of {architecture.Name}.", nameof(architecture));
        if (needsClasses || Has(standard)) return standard;
        return PackagedFor(standard) is { } packaged && Has(packaged) ? packaged : standard;
    }

    private static string[] FoldersOfPackages(string store)
    {
        var named = Environment.GetEnvironmentVariable(ModelsVariable) is { Length: > 0 } folder ? [folder] : Array.Empty<string>();
        return [AppContext.BaseDirectory, .. named, store, .. PackageCacheFolders()];
    }

    /// <summary>The folders whose files a build would copy into the output folder, where there is no build.</summary>
    private static IEnumerable<string> PackageCacheFolders() => PretrainedResNet.All
        .Select(entry => entry.Package?.Id)
        .OfType<string>()
        .SelectMany(id => PackageCache.FoldersOf(id, typeof(ModelStore).Assembly, typeof(MLContext).Assembly))
        .Select(folder => Path.Combine(folder, "tools"));

    /// <summary>ML.NET's weights of the same network; null if there are none.</summary>
    private static PretrainedResNet? PackagedFor(PretrainedResNet standard) => PretrainedResNet.All
        .Where(entry => entry.Package is not null)
        .FirstOrDefault(entry => entry.Architecture.HasNameOf(standard.Architecture));

    private string FindFor(string model, bool needsClasses, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (File.Exists(model)) return model;
        var entry = PretrainedResNet.Find(model) ?? throw Unknown(model);
        var isNamed = string.Equals(entry.Name, model.Trim(), StringComparison.OrdinalIgnoreCase);
        return isNamed ? Get(entry, progress, cancellation) : GetPreferred(entry, needsClasses, progress, cancellation);
    }

    /// <summary>The network of an architecture that was named alone; a note says which it is and why.</summary>
    private string GetPreferred(
        PretrainedResNet standard, bool needsClasses, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var chosen = Prefer(standard.Architecture, needsClasses);
        var reason = "";
        if (chosen.Package is not null) reason = $" They are here and {standard.Name} is not; they give features, no classes.";
        try
        {
            Say(progress, chosen, $"The weights are {chosen.Name}, {chosen.Source}.{reason}");
            return Get(chosen, progress, cancellation);
        }
        catch (IOException problem) when (needsClasses && PackagedFor(standard) is { } packaged && Has(packaged))
        {
            throw new IOException(
                $"{problem.Message} {packaged.Name} is here ('{Locate(packaged)}'), but it gives features only, no classes.", problem);
        }
    }

    private string GetPackaged(PretrainedResNet weights, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var model = PathOf(weights.Name);
        var network = new PackagedNetwork(weights, PackageFolders);
        if (IsMadeOf(network, weights, model)) return model;
        // Before a lock file is written for nothing.
        network.EnsureHere();
        try
        {
            using var turn = TakeTurn(weights.Name, model + ".part", weights.Package!.Id, progress, cancellation);
            // Another process may have made it meanwhile.
            if (!IsMadeOf(network, weights, model)) network.Convert(model, note => Say(progress, weights, note));
            return model;
        }
        catch (IOException problem) when (!IsWritable() && TemporaryStore() is { } other)
        {
            Say(progress, weights, $"{problem.Message} It is kept in '{other.Folder}' for now.");
            return other.GetPackaged(weights, progress, cancellation);
        }
    }

    /// <summary>
    /// Whether a model file is there and up to date: its card says of which files it was made, so that those need not be read again.
    /// </summary>
    private static bool IsMadeOf(PackagedNetwork network, PretrainedResNet weights, string model)
    {
        if (!File.Exists(model)) return false;
        Checked(weights.Name, weights.Source, model);
        if (network.Graph is null || weights.Hash.Length == 0) return true;
        // An earlier version of the package has another digest.
        return ModelCard.Read(model)!.Source!.Contains(weights.Hash, StringComparison.Ordinal);
    }

    private bool IsWritable()
    {
        try
        {
            Directory.CreateDirectory(Folder);
            var probe = Path.Combine(Folder, $"{Guid.NewGuid():N}.tmp");
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose)) return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A store among the temporary files of this user; null if this is the one.</summary>
    private ModelStore? TemporaryStore()
    {
        var folder = TemporaryFolder ?? Path.Combine(CacheFolder.Temporary, "models");
        if (folder == Folder) return null;
        return new(folder, Mirror, _downloader) { PackageFolders = PackageFolders, TemporaryFolder = folder, Turn = Turn };
    }

    private static FileNotFoundException Unknown(string model)
    {
        if (Directory.Exists(model)) return ModelFileContent.FolderInstead(model);
        if (model.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)) return new($"There is no model file '{model}'.", model);
        var names = PretrainedResNet.All.Select(entry => entry.Name);
        var architectures = PretrainedResNet.All.Where(entry => entry.Version == 1).Select(entry => entry.Architecture.Name);
        var nearest = string.Join(", ", SimilarNames.Nearest(model, architectures.Concat(names), NamesShown));
        return new(
            $"There is no model file '{model}', and no published weights have that name. The nearest names are {nearest}.", model);
    }

    private static void Say(IProgress<DownloadProgress>? progress, PretrainedResNet weights, string note) =>
        progress?.Report(new($"{weights.Name}.onnx", 0, null) { Note = note });
}
