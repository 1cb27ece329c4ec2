using System.IO.Compression;

namespace ResNet.Tests;

/// <summary>The image files of Fixtures/Imaging and what torchvision makes of them.</summary>
internal static class ImagingFixtures
{
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Imaging");

    /// <summary>The names of the image files. Those with more than one dot are expectations.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path)).Where(IsInput).Order()];

    public static string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Some of the generated files (make_formats.py), of every format.</summary>
    /// <param name="every">One of so many.</param>
    public static IEnumerable<byte[]> Generated(int every)
    {
        using var archive = ZipFile.OpenRead(PathOf("formats.zip"));
        foreach (var entry in archive.Entries.Where((entry, index) => index % every == 0 && ImageFiles.IsImage(entry.Name)))
        {
            using var stream = entry.Open();
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            yield return copy.ToArray();
        }
    }

    private static bool IsInput(string name) => name.Count(letter => letter == '.') == 1 && ImageFiles.IsImage(name);
}
