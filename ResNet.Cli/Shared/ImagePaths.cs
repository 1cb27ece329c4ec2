namespace ResNet.Cli;

/// <summary>Finds the images that a user names: files, folders and patterns.</summary>
internal static class ImagePaths
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>A file stays as it is named, whatever it is; a folder gives the images below it, a pattern the files that fit, both in ordinal order.</summary>
    /// <exception cref="FileNotFoundException">A folder or pattern gives nothing.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> names) => [.. names.SelectMany(Find)];

    private static IReadOnlyList<string> Find(string name)
    {
        var found = Directory.Exists(name) ? Below(name, "*", SearchOption.AllDirectories).Where(ImageFiles.IsImage)
            : name.IndexOfAny(Wildcards) >= 0 && !File.Exists(name) ? Matches(name)
            : [name];
        string[] sorted = [.. found.Order(StringComparer.Ordinal)];
        return sorted.Length > 0 ? sorted : throw new FileNotFoundException(Directory.Exists(name)
            ? $"The folder '{name}' has no images in it ({string.Join(", ", ImageFiles.Extensions)})."
            : $"No file fits the pattern '{name}'.");
    }

    private static IEnumerable<string> Matches(string pattern)
    {
        var folder = Path.GetDirectoryName(pattern) is { Length: > 0 } given ? given : ".";
        if (folder.IndexOfAny(Wildcards) >= 0) throw new ArgumentException($"'{pattern}': wildcards go into the last part of a pattern only. Your shell may expand it if it is not quoted.");
        return Directory.Exists(folder) ? Below(folder, Path.GetFileName(pattern), SearchOption.TopDirectoryOnly).Select(path => folder == "." ? Path.GetFileName(path) : path) : [];
    }

    private static IEnumerable<string> Below(string folder, string pattern, SearchOption depth) => Directory.EnumerateFiles(folder, pattern, depth);
}
