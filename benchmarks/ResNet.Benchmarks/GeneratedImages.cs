using System.Globalization;
using SkiaSharp;

namespace ResNet.Benchmarks;

/// <summary>
/// Class folders of made-up JPEGs, for machines that no photographs can be brought to: waves whose direction and tint are the class's, so
/// that a network can learn them, with as much noise as gives files of a photograph's size. The same arguments give the same files.
/// </summary>
internal static class GeneratedImages
{
    private const int Quality = 90, Noise = 13;

    public static void Write(string folder, int classes, int perClass, int width, int height, long seed = 0)
    {
        Parallel.For(0, classes * perClass, index =>
        {
            var (number, label) = (index / classes, index % classes);
            var path = Path.Combine(folder, $"class{label:000}", string.Create(CultureInfo.InvariantCulture, $"{number:00000}.jpg"));
            AtomicFile.Write(path, stream => stream.Write(Encode(label, classes, width, height, new(seed, label, number))));
        });
    }

    private static byte[] Encode(int label, int classes, int width, int height, SeededRandom random)
    {
        var (sin, cos) = Math.SinCos(Math.PI * (label + 0.3 * (random.NextDouble() - 0.5)) / classes);
        var phase = Math.Tau * random.NextDouble();
        var frequency = Math.Tau * (3 + 3 * random.NextDouble()) / Math.Max(width, height);
        Span<double> ground = stackalloc double[3], tint = stackalloc double[3];
        for (var channel = 0; channel < 3; channel++)
        {
            ground[channel] = 90 + 70 * random.NextDouble();
            tint[channel] = 25 + 25 * Math.Cos(Math.Tau * ((double)label / classes + channel / 3.0));
        }

        var pixels = new byte[width * height * PixelBuffer.BytesPerPixel];
        random.Fill(pixels);
        for (var y = 0; y < height; y++)
        {
            var row = pixels.AsSpan(y * width * PixelBuffer.BytesPerPixel, width * PixelBuffer.BytesPerPixel);
            for (var x = 0; x < width; x++)
            {
                var wave = Math.Sin(phase + frequency * (x * cos + y * sin));
                var pixel = row[(x * PixelBuffer.BytesPerPixel)..];
                for (var channel = 0; channel < 3; channel++)
                {
                    var value = ground[channel] + tint[channel] * wave + Noise * (pixel[channel] / 127.5 - 1);
                    pixel[channel] = (byte)Math.Clamp(value, 0, 255);
                }

                pixel[3] = 255;
            }
        }

        using var image = SKImage.FromPixelCopy(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
        using var encoded = image.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return encoded.ToArray();
    }
}
