using System.IO.Compression;

namespace ResNet.MLNet.Interactive;

/// <summary>Photographs to try things on, which come with this package.</summary>
public static class SampleImages
{
    private const string Credits = "CREDITS.txt";

    /// <summary>
    /// Writes 200 photographs of flowers, 40 of each of five classes (daisy, dandelion, roses, sunflowers, tulips), shorter side 224
    /// pixels. They are licensed under CC BY 2.0; CREDITS.txt, which is written beside them, names the photographers.
    /// </summary>
    /// <param name="folder">The folder that gets a folder for each class. Files of these names are overwritten. Default: flowers.</param>
    /// <returns>The folder.</returns>
    public static string Flowers(string folder = "flowers")
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        using var archive = new ZipArchive(Open("flowers.zip"));
        archive.ExtractToDirectory(folder, overwriteFiles: true);
        using var credits = Open(Credits);
        using var file = File.Create(Path.Combine(folder, Credits));
        credits.CopyTo(file);
        return folder;
    }

    private static Stream Open(string name) => typeof(SampleImages).Assembly.GetManifestResourceStream(name)!;
}
