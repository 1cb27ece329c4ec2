namespace ResNet.Tests;

/// <summary>The image files of Fixtures/Imaging and what torchvision makes of them.</summary>
internal static class ImagingFixtures
{
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Imaging");

    /// <summary>The names of the image files. Those with more than one dot are expectations.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path)).Where(IsInput).Order()];

    public static string PathOf(string name) => Path.Combine(Folder, name);

    private static bool IsInput(string name) => name.Count(letter => letter == '.') == 1 && ImageFiles.IsImage(name);
}
