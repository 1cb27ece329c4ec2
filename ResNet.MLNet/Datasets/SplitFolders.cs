namespace ResNet.MLNet;

/// <summary>
/// Tells whether the folders in a folder are parts of split data or classes. A class may be called train, and a part Training, so names
/// alone do not say it: a part holds class folders, and its neighbors are parts, too.
/// </summary>
internal sealed class SplitFolders
{
    private const string Advice =
        "Put the images of each class into a folder that has its name, and these folders into train and val if they are split.";

    private readonly string _folder;
    private readonly Action<string> _note;
    private readonly List<Candidate> _parts, _others;

    private SplitFolders(string folder, Action<string> note)
    {
        (_folder, _note) = (folder, note);
        var all = FolderImages.ClassFolders(folder).ToLookup(path => SplitNames.Find(Path.GetFileName(path)) is not null);
        _parts = [.. all[true].Select(path => new Candidate(path))];
        _others = _parts.Count == 0 ? [] : [.. all[false].Select(path => new Candidate(path)).Where(each => each.HasImages)];
    }

    /// <summary>Finds the parts of split data.</summary>
    /// <param name="folder">The folder that may hold them.</param>
    /// <param name="note">Receives a message about what is left out, and about a name of a part that is taken for a class.</param>
    /// <returns>The folder to train on and, if there is one, that to validate with; null if the folders are classes.</returns>
    /// <exception cref="InvalidDataException">It cannot be told; the message names the folders.</exception>
    public static (string Training, string? Validation)? Find(string folder, Action<string> note)
    {
        var split = new SplitFolders(folder, note);
        if (split._parts.Count == 0) return null;
        return split.AreClasses() ? null : split.Choose();
    }

    private bool AreClasses()
    {
        var (training, rest) = (Parts(SplitNames.Training), _parts.Where(part => part.Name != SplitNames.Training).ToList());
        // Parts of the same data have classes in common.
        if (training.Exists(part => rest.Exists(other => part.Classes.Intersect(other.Classes).Any()))) return false;
        var taken = _parts.Where(part => part.HasImages).ToList();
        if (_others.Count == 0)
        {
            if (training.Count > 0 || taken.Count == 0) return training.Count == 0;
            throw Undecidable(taken, "No folder train lies beside. Add it, or give classes other names");
        }

        // What holds folders that are called as those beside it is rather a part.
        var names = _others.Select(other => Path.GetFileName(other.Path)).ToHashSet(StringComparer.Ordinal);
        var mixed = taken.Where(part => part.Classes.Exists(names.Contains)).ToList();
        if (mixed.Count == 0 && taken.Count > 1) mixed = [.. taken.Where(part => part.Classes.Count > 0)];
        if (mixed.Count > 0)
        {
            var hold = Plural.Choose(mixed.Count, "holds", "hold");
            throw Undecidable([.. taken, .. _others], $"{List(mixed)} {hold} class folders, and others hold images");
        }

        if (taken is [{ Classes.Count: > 0 } only])
        {
            _note(
                $"'{_folder}': '{Path.GetFileName(only.Path)}' counts as a class and not as a part of a split, because images lie beside " +
                $"it, in {List(_others)}.");
        }

        return true;
    }

    private (string Training, string? Validation) Choose()
    {
        var training = Parts(SplitNames.Training);
        if (training.Count(part => part.HasImages) > 1) throw Undecidable(training, "Only one of them can be the part to train on");
        var chosen = training.Find(part => part.HasImages) ?? training[0];
        var taken = _parts.Where(part => part.HasImages).ToList();
        if (chosen.Classes.Count == 0 && taken.Count > 1) throw Undecidable(taken, "There are no class folders in them");
        var validation = Parts(SplitNames.Validation).Concat(Parts(SplitNames.Test)).FirstOrDefault(part => part.Classes.Count > 0);
        foreach (var part in taken.Where(part => part != chosen && part != validation))
        {
            var reason = part.Classes.Count == 0
                ? "it holds images, but no class folders"
                : $"'{Path.GetFileName(validation!.Path)}' is for validation";
            _note($"The folder '{part.Path}' is left out: {reason}.");
        }

        if (_others.Count > 0)
        {
            var are = Plural.Choose(_others.Count, "is left out: it lies", "are left out: they lie");
            _note($"'{_folder}': {List(_others)} {are} beside '{Path.GetFileName(chosen.Path)}', which holds the classes.");
        }

        return (chosen.Path, validation?.Path);
    }

    private List<Candidate> Parts(string name) => _parts.FindAll(part => part.Name == name);

    private InvalidDataException Undecidable(IEnumerable<Candidate> folders, string reason) =>
        new($"'{_folder}': {List(folders)} may be classes or parts of a split (train, val, test). {reason}. {Advice}");

    private static string List(IEnumerable<Candidate> folders) =>
        string.Join(", ", folders.Select(each => $"'{Path.GetFileName(each.Path)}'"));

    /// <summary>A folder that may be a part or a class.</summary>
    private sealed class Candidate(string path)
    {
        // Links back into a folder are not to be followed for ever.
        private const int Depth = 4;

        private static readonly EnumerationOptions Readable = new() { IgnoreInaccessible = true };

        public string Path => path;

        /// <summary>The part that its name stands for; null for none.</summary>
        public string? Name { get; } = SplitNames.Find(System.IO.Path.GetFileName(path));

        /// <summary>Whether there are images in it, however deep.</summary>
        public bool HasImages { get; } = HoldsImages(path, Depth);

        /// <summary>The names of its folders with images; none if it has images itself, as a class has.</summary>
        public List<string> Classes { get; } = ClassesIn(path);

        private static List<string> ClassesIn(string path) => HoldsImages(path, depth: 0)
            ? []
            : [.. Folders(path).Where(inner => HoldsImages(inner, Depth)).Select(inner => System.IO.Path.GetFileName(inner))];

        private static bool HoldsImages(string path, int depth) =>
            Directory.EnumerateFiles(path, "*", Readable).Any(ImageFiles.IsImage) ||
            (depth > 0 && Folders(path).Any(inner => HoldsImages(inner, depth - 1)));

        private static IEnumerable<string> Folders(string path) =>
            Directory.EnumerateDirectories(path, "*", Readable).Where(inner => !ImageFiles.IsHidden(inner));
    }
}
