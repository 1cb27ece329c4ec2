namespace ResNet.MLNet;

/// <summary>
/// Image files in one folder for each class, as torchvision's ImageFolder reads them: classes and files in ordinal order, subfolders
/// included.
/// </summary>
internal sealed class FolderImages : ImageDataset
{
    private readonly (string Path, int Label)[] _images;

    private FolderImages(IReadOnlyList<string> labels, (string Path, int Label)[] images)
        : base(labels) => _images = images;

    public override int Count => _images.Length;

    /// <inheritdoc cref="ImageDataset.FromFolder"/>
    public static FolderImages Open(string folder, IReadOnlyList<string>? labels = null, Action<string>? note = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Open([folder], labels, note)[0];
    }

    /// <summary>Lists the images of several folders that belong together, such as those to train on and those to validate with.</summary>
    /// <param name="folders">The folders of class folders.</param>
    /// <param name="labels">The names of the classes; null for those of the first folder.</param>
    /// <param name="note">Receives a message about everything that is left out.</param>
    public static FolderImages[] Open(IReadOnlyList<string> folders, IReadOnlyList<string>? labels, Action<string>? note)
    {
        if (folders.FirstOrDefault(folder => !Directory.Exists(folder)) is { } missing)
            throw new DirectoryNotFoundException($"There is no folder '{missing}'.");
        List<string> notes = [];
        string[][] classes = [.. folders.Select(folder => ClassFolders(folder).ToArray())];
        // All at once, so that no real folder is read for both parts of a split.
        var files = new Queue<FolderFiles>(FolderWalk.Read([.. classes.SelectMany(paths => paths)], notes.Add));
        foreach (var text in notes) note?.Invoke(text);
        var opened = new FolderImages[folders.Count];
        for (var i = 0; i < opened.Length; i++)
        {
            List<(string Path, FolderFiles Files)> found = [.. classes[i].Select(path => (path, files.Dequeue()))];
            foreach (var (path, below) in found) Report(path, below, note);
            found.RemoveAll(each => each.Files.Images.Count == 0);
            if (found.Count == 0) throw new InvalidDataException(string.Join(' ', [NoClasses(folders[i]), .. notes]));
            opened[i] = Create(folders[i], labels, found);
            labels ??= opened[i].Labels;
        }

        return opened;
    }

    public override int LabelOf(int index) => _images[index].Label;

    public override string NameOf(int index) => _images[index].Path;

    /// <summary>The folders inside a folder that may be classes, in ordinal order.</summary>
    internal static IEnumerable<string> ClassFolders(string folder) =>
        Directory.EnumerateDirectories(folder).Where(path => !ImageFiles.IsHidden(path)).Order(StringComparer.Ordinal);

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) =>
        new InputReader(index => new(NameOf(index)), applyOrientation, limits);

    private static string NoClasses(string folder) => Directory.EnumerateFiles(folder).Any(ImageFiles.IsImage)
        ? $"'{folder}' holds images, but no class folders: put the images of each class into a folder that has the name of the class."
        : $"'{folder}' holds no class folders with images ({string.Join(", ", ImageFiles.Extensions)}).";

    private static FolderImages Create(
        string folder, IReadOnlyList<string>? labels, IReadOnlyCollection<(string Path, FolderFiles Files)> classes)
    {
        string[] names = [.. classes.Select(found => Path.GetFileName(found.Path))];
        labels ??= names;
        var numbers = new ClassNumbers(labels).GetAll(names, $"'{folder}'");
        return new(labels, [.. classes.SelectMany((found, index) => found.Files.Images.Select(path => (path, numbers[index])))]);
    }

    private static void Report(string folder, FolderFiles files, Action<string>? note)
    {
        var others = files.Others;
        if (others.Count > 0)
        {
            var have = Plural.Of(others.Count, "file", "files") + $" in '{folder}' " + Plural.Choose(others.Count, "does", "do");
            var are = Plural.Choose(others.Count, "is", "are");
            note?.Invoke($"{have} not have the extension of an image and {are} left out, such as '{Path.GetFileName(others[0])}'.");
        }

        if (files.Images.Count == 0) note?.Invoke($"The folder '{folder}' has no images and is left out.");
    }
}
