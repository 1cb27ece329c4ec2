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

    internal static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');
}
