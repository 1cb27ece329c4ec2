namespace ResNet.Cli;

/// <summary>Finds the images that a user names: files, folders and patterns.</summary>
internal static class ImagePaths
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>
    /// The paths of images. A file stays as it is named, whatever it is; a folder gives the images below it, a pattern the files that
    /// match, both in ordinal order and without hidden ones, unless the pattern begins with a dot.
    /// </summary>
    /// <exception cref="FileNotFoundException">A folder or pattern gives nothing.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> names) => [.. names.SelectMany(Find)];

    private static IReadOnlyList<string> Find(string name)
    {
        if (Directory.Exists(name)) return Below(name);
        var isPattern = name.IndexOfAny(Wildcards) >= 0 && !File.Exists(name);
        return isPattern ? Matches(name) : [name];
    }

    private static IReadOnlyList<string> Below(string folder)
    {
        var images = ImageFiles.Below(folder, Console.Error.WriteLine);
        if (images.Count > 0) return images;
        throw new FileNotFoundException($"The folder '{folder}' contains no images ({string.Join(", ", ImageFiles.Extensions)}).");
    }

    private static string[] Matches(string pattern)
    {
        var folder = Path.GetDirectoryName(pattern) is { Length: > 0 } given ? given : ".";
        if (folder.IndexOfAny(Wildcards) >= 0)
        {
            throw new ArgumentException(
                $"'{pattern}': only the last part of a pattern may have wildcards. Your shell may expand it if it is not quoted.");
        }

        string[] files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).Where(IsMeant)] : [];
        if (files.Length == 0) throw new FileNotFoundException($"No file matches the pattern '{pattern}'.");
        if (folder == ".") files = Array.ConvertAll(files, file => Path.GetFileName(file));
        Array.Sort(files, StringComparer.Ordinal);
        return files;

        bool IsMeant(string file) => IsHidden(pattern) || !IsHidden(file);

        static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');
    }
}
