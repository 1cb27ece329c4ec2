namespace ResNet.MLNet;

/// <summary>Which files count as images where a folder is given: those with the extension of a format that can be decoded.</summary>
public static class ImageFiles
{
    /// <summary>The extensions of image files, in lower case and with their dot: JPEG, PNG, BMP, GIF and WebP.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"];

    /// <summary>
    /// Whether a file counts as an image: it has one of <see cref="Extensions"/>, in any case, and its name begins with no dot.
    /// </summary>
    /// <param name="path">The path of the file, which is not opened.</param>
    public static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path).ToLowerInvariant()) && !IsHidden(path);

    /// <summary>The image files of a folder and of all folders below it, in ordinal order. Hidden files and folders do not count.</summary>
    /// <param name="folder">The folder. Links in it are followed, but each real folder is read once.</param>
    /// <param name="note">Receives messages about what was passed over, such as a link back into the folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static IReadOnlyList<string> Below(string folder, Action<string>? note = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        return FolderWalk.Read([folder], note)[0].Images;
    }

    internal static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');
}
