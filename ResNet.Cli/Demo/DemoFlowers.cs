using System.IO.Compression;
using System.Reflection;

namespace ResNet.Cli;

/// <summary>The demo's photographs inside this program (see Demo/Flowers/README.md), half of each class to learn from.</summary>
internal sealed record DemoFlowers(IReadOnlyList<DemoImage> Training, IReadOnlyList<DemoImage> Test)
{
    private const string Credits = "CREDITS.txt", Archive = "flowers.zip";

    /// <summary>The number of classes.</summary>
    public int Classes => Training.Select(image => image.Label).Distinct().Count();

    /// <summary>Writes the photographs into a folder for each class, with their credits, and splits them.</summary>
    /// <param name="folder">Where they go.</param>
    /// <param name="seed">Which half of each class is learned from.</param>
    public static DemoFlowers Write(string folder, int seed)
    {
        Directory.CreateDirectory(folder);
        using (var text = Resource(Credits))
        using (var file = File.Create(Path.Combine(folder, Credits))) text.CopyTo(file);
        using var archive = new ZipArchive(Resource(Archive));
        archive.ExtractToDirectory(folder, overwriteFiles: true);

        var random = new Random(seed);
        List<DemoImage> training = [];
        List<DemoImage> test = [];
        var kinds = archive.Entries.GroupBy(entry => Path.GetDirectoryName(entry.FullName)!);
        foreach (var kind in kinds.OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            DemoImage[] images =
            [
                .. kind.OrderBy(entry => entry.FullName, StringComparer.Ordinal)
                    .Select(entry => new DemoImage { ImagePath = Path.Combine(folder, kind.Key, entry.Name), Label = kind.Key }),
            ];
            random.Shuffle(images);
            training.AddRange(images[..(images.Length / 2)]);
            test.AddRange(images[(images.Length / 2)..]);
        }

        return new(training, test);
    }

    private static Stream Resource(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream($"Flowers/{name}")!;
}
