namespace ResNet.MLNet;

/// <summary>Image files in one folder for each class, as torchvision's ImageFolder reads them: classes and files in ordinal order, subfolders included.</summary>
public sealed class FolderImages : ImageDataset
{
    private readonly (string Path, int Label)[] _images;

    private FolderImages(IReadOnlyList<string> labels, (string Path, int Label)[] images)
        : base(labels) => _images = images;

    /// <inheritdoc/>
    public override int Count => _images.Length;

    /// <summary>Lists the images of a folder of class folders. Hidden files and folders are passed over.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="labels">The classes to look for, in their order; null (default) for the names of the folders that hold images.</param>
    /// <param name="note">Receives what was left out, in words.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds no class folders with images, or classes that <paramref name="labels"/> lacks.</exception>
    public static FolderImages Open(string folder, IReadOnlyList<string>? labels = null, Action<string>? note = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        var classes = ClassFolders(folder).Select(each => (Name: Path.GetFileName(each), Files: Files(each, note))).ToList();
        foreach (var empty in classes.Where(each => each.Files.Count == 0)) note?.Invoke($"The folder '{Path.Combine(folder, empty.Name)}' has no images and is left out.");
        classes.RemoveAll(each => each.Files.Count == 0);
        if (classes.Count == 0)
        {
            throw new InvalidDataException(Directory.EnumerateFiles(folder).Any(ImageFiles.IsImage)
                ? $"'{folder}' holds images, but no class folders: put the images of each class into a folder that has the name of the class."
                : $"'{folder}' holds no class folders with images ({string.Join(", ", ImageFiles.Extensions)}).");
        }

        labels ??= [.. classes.Select(each => each.Name)];
        var unknown = classes.Where(each => !labels.Contains(each.Name)).Select(each => each.Name).ToList();
        if (unknown.Count > 0) throw new InvalidDataException($"'{folder}' has classes that are not among those to train on: {string.Join(", ", unknown)}.");
        var numbers = labels.Select((label, number) => (label, number)).ToDictionary(pair => pair.label, pair => pair.number, StringComparer.Ordinal);
        return new(labels, [.. classes.SelectMany(each => each.Files.Select(path => (path, numbers[each.Name])))]);
    }

    /// <inheritdoc/>
    public override int LabelOf(int index) => _images[index].Label;

    /// <summary>The path of an image.</summary>
    public override string NameOf(int index) => _images[index].Path;

    /// <summary>The folders inside a folder that may be classes, in ordinal order.</summary>
    internal static IEnumerable<string> ClassFolders(string folder) => Directory.EnumerateDirectories(folder).Where(each => !ImageFiles.IsHidden(each)).Order(StringComparer.Ordinal);

    internal override ImageReader OpenReader(bool applyOrientation) => new InputReader(index => new(NameOf(index)), applyOrientation);

    private static List<string> Files(string folder, Action<string>? note)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
        var files = Directory.EnumerateFiles(folder, "*", options).Where(file => !ImageFiles.IsHidden(file)).ToLookup(ImageFiles.IsImage);
        var others = files[false].Order(StringComparer.Ordinal).ToList();
        if (others.Count > 0) note?.Invoke($"{others.Count} {(others.Count == 1 ? "file" : "files")} in '{folder}' {(others.Count == 1 ? "has" : "have")} no image's extension and {(others.Count == 1 ? "is" : "are")} left out, such as '{Path.GetFileName(others[0])}'.");
        return [.. files[true].Order(StringComparer.Ordinal)];
    }
}
