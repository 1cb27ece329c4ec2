using Microsoft.ML;
using SkiaSharp;

namespace ResNet.Tests;

/// <summary>A folder with a tiny model file (seeded weights) and real image files, deleted in the end.</summary>
internal sealed class ImageWorld : IDisposable
{
    public const int Classes = 3;

    public ImageWorld(int images = 12, string architecture = "cifar-resnet8:width=4")
    {
        Directory.CreateDirectory(Folder);
        ModelFile = PathOf("model.onnx");
        Paths = [.. Enumerable.Range(0, images).Select(index => WriteImage($"{index}.{(index % 2 == 0 ? "jpg" : "png")}", index))];
        var network = ResNetArchitecture.Parse(architecture, Classes);
        var weights = RandomWeights.For(network);
        Export();
        // Centered on these images, so that a random network tells them apart and does not put all into one class.
        var logits = Paths.Select(path => Expected(path, ResNetOutput.Logits)).ToList();
        var bias = weights["fc.bias"].Values;
        for (var c = 0; c < Classes; c++) bias[c] -= logits.Average(each => each[c]);
        Export();

        void Export() => ResNet.MLNet.ModelFile.Write(ModelFile, network, weights, RandomWeights.Card(network));
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"resnet-tests-{Guid.NewGuid():N}");

    public string ModelFile { get; }

    public IReadOnlyList<string> Paths { get; }

    public MLContext Context { get; } = new(seed: 1);

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>A picture of a gradient and a few seeded rectangles, of a size that differs from image to image.</summary>
    public string WriteImage(string name, int seed)
    {
        var random = new Random(seed);
        using var bitmap = new SKBitmap(40 + seed % 7, 36 + seed % 5, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(Color());
            for (var i = 0; i < 8; i++)
            {
                using var paint = new SKPaint { Color = Color() };
                canvas.DrawRect(random.Next(30), random.Next(30), random.Next(4, 20), random.Next(4, 20), paint);
            }
        }

        var format = name.EndsWith("jpg", StringComparison.Ordinal) ? SKEncodedImageFormat.Jpeg : SKEncodedImageFormat.Png;
        using var encoded = bitmap.Encode(format, 90);
        File.WriteAllBytes(PathOf(name), encoded.ToArray());
        return PathOf(name);

        SKColor Color() => new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));
    }

    public IDataView Data(IEnumerable<string>? paths = null) => Context.Data.LoadFromEnumerable(
        (paths ?? Paths).Select((path, index) => new ImageRow { ImagePath = path, Label = $"class{index % Classes}", Number = index }));

    /// <summary>What the network gives for one image, computed without the pipeline.</summary>
    public float[] Expected(string path, ResNetOutput output = ResNetOutput.Features)
    {
        var preparer = new ImagePreparer(ImagePreprocessing.Small(32));
        var input = new float[preparer.Length];
        preparer.Prepare(new(path), input);
        using var session = new OnnxSession(File.ReadAllBytes(ModelFile));
        return session.Run(OpenedModel.NameOf(output), input, 1, 3, 32, 32);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>One row of test data.</summary>
internal sealed class ImageRow
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";

    public float Number { get; set; }
}
