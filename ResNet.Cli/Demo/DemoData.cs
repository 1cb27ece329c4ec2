using System.Reflection;

namespace ResNet.Cli;

/// <summary>The demo's images: a subset of Fashion-MNIST inside this program (see Demo/Data/README.md).</summary>
internal static class DemoData
{
    /// <summary>Height and width of every image in pixels.</summary>
    public const int Size = 28;

    /// <summary>The classes as the data set's authors name them ("T-shirt/top" without its slash, which no folder may have).</summary>
    public static IReadOnlyList<string> Labels { get; } = ReadLabels();

    public static TrainingData Open() => new(Read("train"), Read("t10k"));

    /// <summary>Writes images as PNG files into a folder for each label and gives their paths with the labels.</summary>
    public static List<DemoImage> WriteFiles(ImageDataset source, IEnumerable<int> indices, string folder, Func<int, string> labelOf)
    {
        List<DemoImage> written = [];
        foreach (var index in indices)
        {
            var label = labelOf(source.LabelOf(index));
            var path = Path.Combine(folder, label, $"{index:0000}.png");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, source.ToPng(index));
            written.Add(new() { ImagePath = path, Label = label });
        }

        return written;
    }

    private static ImageDataset Read(string part)
    {
        string images = $"{part}-images-idx3-ubyte.gz", labels = $"{part}-labels-idx1-ubyte.gz";
        using var imageStream = Resource(images);
        using var labelStream = Resource(labels);
        return ImageDataset.FromIdx(imageStream, images, labelStream, labels, Labels);
    }

    private static string[] ReadLabels()
    {
        using var reader = new StreamReader(Resource("labels.txt"));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static Stream Resource(string name) =>
        Assembly.GetExecutingAssembly().GetManifestResourceStream($"Demo/{name}")!;
}

/// <summary>A row of the demo's data.</summary>
internal sealed class DemoImage
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";
}
