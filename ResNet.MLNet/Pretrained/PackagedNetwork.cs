namespace ResNet.MLNet;

/// <summary>
/// A network of a NuGet package, which puts its graph and the one that prepares images into the output folder of an application. It becomes
/// a model file once; that is what the store keeps.
/// </summary>
/// <param name="entry">The entry of the catalog.</param>
/// <param name="folders">The folders that it may be in, the best first.</param>
internal sealed class PackagedNetwork(PretrainedResNet entry, IReadOnlyList<string> folders)
{
    private readonly WeightsPackage _package = entry.Package!;

    /// <summary>The path of the graph in the first folder that has it; null if none has.</summary>
    public string? Graph => folders.Select(folder => PathOf(_package.GraphFile, folder)).FirstOrDefault(File.Exists);

    /// <summary>Checks that the package's graph is in one of the folders.</summary>
    /// <exception cref="FileNotFoundException">It is not; the message says what to do.</exception>
    public void EnsureHere()
    {
        if (Graph is not null) return;
        throw new FileNotFoundException(
            $"{entry.Name} is not here. It comes with a package: dotnet add package {_package.Id}, which puts " +
            $"'{_package.GraphFile}' into the application's output folder. It was looked for in {string.Join(", ", folders)}; " +
            $"{ModelStore.ModelsVariable} names another folder.",
            _package.GraphFile);
    }

    /// <summary>Makes the model file.</summary>
    /// <param name="model">Where it goes.</param>
    /// <param name="note">Receives what could not be checked.</param>
    /// <exception cref="IOException">The package's files are not here, or are others; the message says what to do.</exception>
    public void Convert(string model, Action<string> note)
    {
        EnsureHere();
        var graph = Graph!;
        var preparation = PathOf(_package.PreprocessingFile, graph[..^_package.GraphFile.Length]);
        try
        {
            // The card says of which files it was made.
            var source = $"{entry.Source}, SHA-256 {Check(graph, entry.Hash, note)}; mean image of {Path.GetFileName(preparation)}, " +
                $"SHA-256 {Check(preparation, _package.PreprocessingHash, note)}";
            var usual = entry.Preprocessing;
            var measured = ResNetImporter.ReadPreprocessing(preparation);
            var preprocessing = measured with { Resize = usual.Resize, Crop = usual.Crop, Interpolation = usual.Interpolation };
            var imported = GraphFile.Import(graph, _ => entry.ToCard() with { Preprocessing = preprocessing, Source = source }, note: null);
            if (imported.Network is null) throw new IOException($"'{graph}' is not what its package has. {imported.Note}");
            if (!ResNetArchitecture.Parse(imported.Card.Architecture).HasNameOf(entry.Architecture))
                throw new IOException($"'{graph}' is a {imported.Card.Architecture}, not a {entry.Architecture.Name}.");
            AtomicFile.Write(model, stream => stream.Write(imported.Bytes));
        }
        catch (Exception problem) when (problem is InvalidDataException or FileNotFoundException)
        {
            throw new IOException($"The files of the package {_package.Id} cannot be used: {problem.Message}", problem);
        }
    }

    /// <summary>Compares a file with its digest, if one is known.</summary>
    /// <returns>The SHA-256.</returns>
    private string Check(string path, string known, Action<string> note)
    {
        var hash = Downloader.HashOf(path);
        if (known.Length == 0)
        {
            note($"'{path}' has the SHA-256 {hash}. None is known to compare it with; what running the graph proves is checked.");
            return hash;
        }

        if (hash == known) return hash;
        throw new IOException(
            $"'{path}' is damaged or another file: its SHA-256 should be {known}. Restore the package {_package.Id} again.");
    }

    private static string PathOf(string file, string folder) => Path.Combine(folder, file.Replace('/', Path.DirectorySeparatorChar));
}
