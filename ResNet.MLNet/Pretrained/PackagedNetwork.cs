namespace ResNet.MLNet;

/// <summary>
/// A network of a NuGet package, which puts its graph and the one that prepares images into the output folder of an application. It becomes
/// a model file once; that is what the store keeps.
/// </summary>
/// <param name="entry">The entry of the catalog.</param>
/// <param name="folders">The folders that it may be in, the best first.</param>
internal sealed class PackagedNetwork(PretrainedResNet entry, IReadOnlyList<string> folders)
{
    private static readonly Dictionary<string, string> MadeHere = [];

    private readonly WeightsPackage _package = entry.Package!;

    /// <summary>The folder that has both graphs; null if none has.</summary>
    public string? Folder => folders.FirstOrDefault(folder => File.Exists(PathOf(_package.GraphFile, folder)));

    /// <summary>A model file among the temporary files, which is made once in a process and deleted at its end.</summary>
    /// <exception cref="IOException">It cannot be made; the message says what to do.</exception>
    public string ForThisProcess
    {
        get
        {
            lock (MadeHere)
            {
                if (MadeHere.TryGetValue(entry.Name, out var made)) return made;
                var folder = new ScratchFolder();
                AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
                made = Path.Combine(folder.Path, entry.Name + ".onnx");
                Convert(made);
                return MadeHere[entry.Name] = made;
            }
        }
    }

    /// <summary>Makes the model file.</summary>
    /// <param name="model">Where it goes.</param>
    /// <exception cref="IOException">The package's files are not here, or are others; the message says what to do.</exception>
    public void Convert(string model)
    {
        var folder = Folder ?? throw new IOException(
            $"{entry.Name} is not here. It comes with a package: dotnet add package {_package.Id}, which puts " +
            $"'{_package.GraphFile}' into the application's output folder. It was looked for in {string.Join(", ", folders)}; " +
            $"{ModelStore.ModelsVariable} names another folder.");
        var graph = PathOf(_package.GraphFile, folder);
        if (entry.Sha256 is { } known && Downloader.HashOf(graph) != known)
        {
            throw new IOException(
                $"'{graph}' is damaged or another file: its SHA-256 should be {known}. Restore the package {_package.Id} again.");
        }

        try
        {
            var measured = ResNetImporter.ReadPreprocessing(PathOf(_package.PreprocessingFile, folder));
            var usual = entry.Preprocessing;
            var preprocessing = measured with { Resize = usual.Resize, Crop = usual.Crop, Interpolation = usual.Interpolation };
            var imported = GraphFile.Import(graph, _ => entry.ToCard() with { Preprocessing = preprocessing }, note: null);
            if (imported.Network is null) throw new IOException($"'{graph}' is not what its package has. {imported.Note}");
            AtomicFile.Write(model, stream => stream.Write(imported.Bytes));
        }
        catch (Exception problem) when (problem is InvalidDataException or FileNotFoundException)
        {
            throw new IOException($"The files of the package {_package.Id} cannot be used: {problem.Message}", problem);
        }
    }

    private static string PathOf(string file, string folder) => Path.Combine(folder, file.Replace('/', Path.DirectorySeparatorChar));
}
