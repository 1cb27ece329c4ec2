using SkiaSharp;

namespace ResNet.Tests;

/// <summary>
/// Small image files in which red, green and blue are bright or not, each for itself, and a table of them with the bright ones as labels:
/// an image has from none to three. Deleted in the end.
/// </summary>
internal sealed class LabeledTable : IDisposable
{
    private static readonly string[] Colors = ["blue", "green", "red"];
    private readonly TemporaryFolder _folder = new();

    public LabeledTable(int images = 48, int size = 12, string separator = ";")
    {
        List<string> lines = ["path,labels"];
        for (var i = 0; i < images; i++)
        {
            Write(_folder.PathOf($"{i:000}.png"), i % 8, size, i);
            lines.Add($"{i:000}.png,{string.Join(separator, LabelsOf(i))}");
        }

        File.WriteAllLines(Path, lines);
    }

    public string Path => _folder.PathOf("images.csv");

    public string Output => _folder.PathOf("run");

    /// <summary>The labels that an image has.</summary>
    public static string[] LabelsOf(int image) => [.. Colors.Where((_, index) => (image % 8 >> index & 1) == 1)];

    public string ImageOf(int image) => _folder.PathOf($"{image:000}.png");

    public TrainingData Open() => TrainingData.OpenMultiLabel(Path, validationShare: 0.25, seed: 1);

    public TrainingOptions Options(TrainingRecipe recipe) => new()
    {
        Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4"),
        Data = Open(),
        Recipe = recipe,
        OutputFolder = Output,
        IfExists = ExistingRun.Overwrite,
        Device = "cpu",
    };

    public void Dispose() => _folder.Dispose();

    private static void Write(string path, int bright, int size, int seed)
    {
        var random = new Random(seed);
        using var bitmap = new SKBitmap(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++) bitmap.SetPixel(x, y, new(Value(2), Value(1), Value(0)));
        }

        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 95);
        File.WriteAllBytes(path, encoded.ToArray());

        byte Value(int channel) => (byte)(random.Next(120) + ((bright >> channel & 1) == 1 ? 100 : 0));
    }
}
