namespace ResNet.MLNet;

/// <summary>
/// Recognizes which kind of data lies in a folder, and opens it: images for training and, if the data says so, for validation.
/// </summary>
internal static class DataFinder
{
    /// <inheritdoc cref="TrainingData.Open"/>
    /// <param name="path">The folder or the table.</param>
    /// <param name="note">Receives a message about everything that is left out.</param>
    /// <param name="labelSeparators">The letters that separate the labels of an image; null where an image has one class.</param>
    public static (ImageDataset Training, ImageDataset? Validation) Open(string path, Action<string> note, string? labelSeparators = null)
    {
        if (labelSeparators is not null && !TableImages.IsTable(path))
        {
            throw new InvalidDataException(
                $"'{path}' is not a table (.csv, .tsv). Several labels an image are read from one, with columns of paths and labels.");
        }

        if (Directory.Exists(path)) return OpenIdx(path) ?? OpenCifar(path) ?? OpenFolders(path, note);
        if (TableImages.IsTable(path)) return OpenTable(path, note, labelSeparators);
        throw new DirectoryNotFoundException(
            File.Exists(path) ? $"'{path}' is neither a folder nor a table (.csv, .tsv)." : $"There is no folder '{path}'.");
    }

    private static (ImageDataset Training, ImageDataset? Validation) OpenTable(string path, Action<string> note, string? labelSeparators)
    {
        var images = TableImages.Open(path, new TableColumns { LabelSeparators = labelSeparators }, labels: null, note);
        if (labelSeparators is not null) NoteLabels(path, images, labelSeparators, note);
        var parts = Enumerable.Range(0, images.Count).ToLookup(images.SplitOf);
        if (parts.Contains(null)) return (images, null);
        if (!parts.Contains(SplitNames.Training)) throw new InvalidDataException($"'{path}' has no images whose split is train.");
        if (parts.Contains(SplitNames.Validation) && parts.Contains(SplitNames.Test))
        {
            var count = parts[SplitNames.Test].Count();
            var unused = $"{Plural.Of(count, "image", "images")} of the split test {Plural.Choose(count, "is", "are")} left out";
            note($"'{path}': {unused}; those of val are for validation.");
        }

        var training = images.Subset([.. parts[SplitNames.Training]]);
        var validation = parts.Contains(SplitNames.Validation) ? SplitNames.Validation : SplitNames.Test;
        return (training, parts.Contains(validation) ? images.Subset([.. parts[validation]]) : null);
    }

    /// <summary>Says how labels were understood, where that may not be what was meant.</summary>
    private static void NoteLabels(string path, TableImages images, string labelSeparators, Action<string> note)
    {
        int[] counts = [.. Enumerable.Range(0, images.Count).Select(index => images.LabelsOf(index).Count)];
        var without = counts.Count(count => count == 0);
        if (without > 0)
        {
            var have = Plural.Of(without, "image has", "images have");
            note($"'{path}': {have} no label and {Plural.Choose(without, "counts", "count")} as being of none of the classes.");
        }

        if (counts.Max() < 2)
        {
            var separators = string.Join(' ', labelSeparators.AsEnumerable());
            note($"'{path}': no image has more than one label. Labels are separated by: {separators}");
        }
    }

    private static (ImageDataset Training, ImageDataset? Validation) OpenFolders(string folder, Action<string> note)
    {
        if (SplitFolders.Find(folder, note) is not var (training, validation)) return (FolderImages.Open(folder, null, note), null);
        var parts = FolderImages.Open(validation is null ? [training] : [training, validation], null, note);
        return (parts[0], parts.ElementAtOrDefault(1));
    }

    private static (ImageDataset Training, ImageDataset? Validation)? OpenIdx(string folder)
    {
        if (FindIdx(folder, "train-images", 3) is not { } images) return null;
        var labels = ReadLabels(Path.Combine(folder, "labels.txt"));
        var training = IdxImages.Open(images, NeedIdx(folder, "train-labels", 1), labels);
        if (FindIdx(folder, "t10k-images", 3) is not { } testImages) return (training, null);
        return (training, IdxImages.Open(testImages, NeedIdx(folder, "t10k-labels", 1), training.Labels));
    }

    private static string? FindIdx(string folder, string name, int dimensions)
    {
        string[] names = [$"{name}-idx{dimensions}-ubyte", $"{name}.idx{dimensions}-ubyte"];
        var files = names.SelectMany(plain => new[] { plain, plain + ".gz" });
        return files.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    private static string NeedIdx(string folder, string name, int dimensions) => FindIdx(folder, name, dimensions)
        ?? throw new InvalidDataException($"'{folder}' has IDX images, but '{name}-idx{dimensions}-ubyte' (or .gz) is missing.");

    private static (ImageDataset Training, ImageDataset? Validation)? OpenCifar(string folder)
    {
        string[] batches = [.. Enumerable.Range(1, 5).Select(number => $"data_batch_{number}.bin")];
        if (File.Exists(Path.Combine(folder, batches[0])))
            return ReadCifar(folder, batches, "test_batch.bin", "batches.meta.txt", labelBytes: 1);
        return File.Exists(Path.Combine(folder, "train.bin"))
            ? ReadCifar(folder, ["train.bin"], "test.bin", "fine_label_names.txt", labelBytes: 2)
            : null;
    }

    private static (ImageDataset Training, ImageDataset? Validation) ReadCifar(
        string folder, string[] names, string test, string labels, int labelBytes)
    {
        string[] files = [.. names.Select(name => Path.Combine(folder, name))];
        if (Array.Find(files, file => !File.Exists(file)) is { } missing)
            throw new InvalidDataException($"'{folder}' holds CIFAR's '{names[0]}', but '{Path.GetFileName(missing)}' is missing.");
        var training = CifarImages.Open(files, ReadLabels(Path.Combine(folder, labels)), labelBytes);
        var testFile = Path.Combine(folder, test);
        return (training, File.Exists(testFile) ? CifarImages.Open([testFile], training.Labels, labelBytes) : null);
    }

    private static IReadOnlyList<string>? ReadLabels(string path) => File.Exists(path) ? LabelFile.Read(path) : null;
}
