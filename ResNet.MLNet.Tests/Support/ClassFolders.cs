using SkiaSharp;

namespace ResNet.Tests;

/// <summary>Class folders of small image files that are easy to tell apart: red, green or blue with noise. Deleted in the end.</summary>
internal sealed class ClassFolders : IDisposable
{
    private static readonly string[] Names = ["blue", "green", "red"];

    public ClassFolders(int imagesPerClass = 16, int size = 12)
    {
        foreach (var (name, label) in Names.Select((name, label) => (name, label)))
        {
            for (var i = 0; i < imagesPerClass; i++)
            {
                var extension = i % 2 == 0 ? "png" : "jpg";
                Write(PathOf(name, $"{i:000}.{extension}"), label, size, seed: 100 * label + i);
            }
        }
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"resnet-tests-{Guid.NewGuid():N}");

    public string Output => PathOf("..", Path.GetFileName(Folder) + "-run");

    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    public TrainingData Open(double validationShare = 0.25) => TrainingData.Open(Folder, validationShare, seed: 1);

    public static void Write(string path, int channel, int size, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var random = new Random(seed);
        using var bitmap = new SKBitmap(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++) bitmap.SetPixel(x, y, new(Value(2), Value(1), Value(0)));
        }

        var format = path.EndsWith("png", StringComparison.Ordinal) ? SKEncodedImageFormat.Png : SKEncodedImageFormat.Jpeg;
        using var encoded = bitmap.Encode(format, 95);
        File.WriteAllBytes(path, encoded.ToArray());

        byte Value(int of) => (byte)(random.Next(120) + (of == channel ? 100 : 0));
    }

    /// <summary>Makes files of which none is an image.</summary>
    public void SpoilAll()
    {
        foreach (var file in Directory.EnumerateFiles(Folder, "*.*", SearchOption.AllDirectories)) File.WriteAllText(file, "no image");
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        if (Directory.Exists(Output)) Directory.Delete(Output, recursive: true);
    }
}
