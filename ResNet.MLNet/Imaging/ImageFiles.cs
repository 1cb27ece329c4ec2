namespace ResNet.MLNet;

/// <summary>Which files are taken for images where a folder is named.</summary>
internal static class ImageFiles
{
    public static readonly string[] Extensions = [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"];

    public static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path).ToLowerInvariant()) && !IsHidden(path);

    public static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');
}
