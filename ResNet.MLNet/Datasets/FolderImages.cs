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
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        List<(string Class, List<string> Files)> classes = [];
        foreach (var path in ClassFolders(folder))
        {
            var files = Files(path, note);
            if (files.Count > 0) classes.Add((Path.GetFileName(path), files));
            else note?.Invoke($"The folder '{path}' has no images and is left out.");
        }

        if (classes.Count == 0) throw new InvalidDataException(NoClasses(folder));
        labels ??= [.. classes.Select(found => found.Class)];
        var numbers = new ClassNumbers(labels).GetAll([.. classes.Select(found => found.Class)], $"'{folder}'");
        return new(labels, [.. classes.SelectMany((found, index) => found.Files.Select(path => (path, numbers[index])))]);
    }

    public override int LabelOf(int index) => _images[index].Label;

    public override string NameOf(int index) => _images[index].Path;

    /// <summary>The folders inside a folder that may be classes, in ordinal order.</summary>
    internal static IEnumerable<string> ClassFolders(string folder) =>
        Directory.EnumerateDirectories(folder).Where(path => !ImageFiles.IsHidden(path)).Order(StringComparer.Ordinal);

    internal override ImageReader OpenReader(bool applyOrientation) => new InputReader(index => new(NameOf(index)), applyOrientation);

    private static string NoClasses(string folder) => Directory.EnumerateFiles(folder).Any(ImageFiles.IsImage)
        ? $"'{folder}' holds images, but no class folders: put the images of each class into a folder that has the name of the class."
        : $"'{folder}' holds no class folders with images ({string.Join(", ", ImageFiles.Extensions)}).";

    private static List<string> Files(string folder, Action<string>? note)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
        };
        var visible = Directory.EnumerateFiles(folder, "*", options).Where(file => !ImageFiles.IsHidden(file));
        var files = visible.Order(StringComparer.Ordinal).ToLookup(ImageFiles.IsImage);
        var others = files[false].ToList();
        if (others.Count > 0)
        {
            var have = Plural.Of(others.Count, "file", "files") + $" in '{folder}' " + Plural.Choose(others.Count, "does", "do");
            var are = Plural.Choose(others.Count, "is", "are");
            note?.Invoke($"{have} not have the extension of an image and {are} left out, such as '{Path.GetFileName(others[0])}'.");
        }

        return [.. files[true]];
    }
}
