using System.IO.Compression;

namespace ResNet.MLNet.Interactive;

/// <summary>Images to try things on, which come with this package.</summary>
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
        WriteCredits(Credits, folder);
        return folder;
    }

    /// <summary>
    /// Writes 7,000 small gray pictures of clothes of ten classes as PNG files of 28 x 28 pixels: 600 of each class to train on and 100 to
    /// validate with, a subset of Fashion-MNIST (copyright 2017 Zalando SE, MIT license). CREDITS.txt, which is written beside them, has
    /// the license.
    /// </summary>
    /// <param name="folder">
    /// The folder that gets train/ and val/ with a folder for each class, as <see cref="TrainingData.Open"/> reads them. Files of these
    /// names are overwritten. Default: clothes.
    /// </param>
    /// <returns>The folder.</returns>
    public static string Clothes(string folder = "clothes")
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var reader = new StreamReader(Open("clothes/labels.txt"));
        var labels = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Write(ReadClothes("train", labels), Path.Combine(folder, "train"));
        Write(ReadClothes("t10k", labels), Path.Combine(folder, "val"));
        WriteCredits("clothes/README.md", folder);
        return folder;
    }

    private static ImageDataset ReadClothes(string part, string[] labels)
    {
        string imagesName = $"clothes/{part}-images-idx3-ubyte.gz", targetsName = $"clothes/{part}-labels-idx1-ubyte.gz";
        using var images = Open(imagesName);
        using var targets = Open(targetsName);
        return ImageDataset.FromIdx(images, imagesName, targets, targetsName, labels);
    }

    private static void Write(ImageDataset images, string folder)
    {
        var folders = images.Labels.Select(label => Directory.CreateDirectory(Path.Combine(folder, label)).FullName).ToList();
        for (var i = 0; i < images.Count; i++)
            File.WriteAllBytes(Path.Combine(folders[images.LabelOf(i)], $"{i:0000}.png"), images.ToPng(i));
    }

    private static void WriteCredits(string resource, string folder)
    {
        using var credits = Open(resource);
        using var file = File.Create(Path.Combine(folder, Credits));
        credits.CopyTo(file);
    }

    private static Stream Open(string name) => typeof(SampleImages).Assembly.GetManifestResourceStream(name)!;
}
