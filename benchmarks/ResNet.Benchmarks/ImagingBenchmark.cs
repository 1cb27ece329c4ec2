using System.Diagnostics;
using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>
/// A JPEG file to the network's input on one core: this project and Pillow (benchmarks/peers/pillow_prepare.py), in turn, several times.
/// </summary>
internal static class ImagingBenchmark
{
    public static void Run(Arguments arguments)
    {
        var rounds = int.Parse(arguments.Get("rounds", "7"), CultureInfo.InvariantCulture);
        var images = arguments.Images(200);
        var preparer = new ImagePreparer(ImagePreprocessing.ImageNet);
        var input = new float[preparer.Length];
        List<double> ours = [], pillow = [];
        foreach (var path in images.Take(50)) preparer.Prepare(new(path), input);
        for (var round = 0; round < rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            foreach (var path in images) preparer.Prepare(new(path), input);
            ours.Add(watch.Elapsed.TotalMilliseconds / images.Length);
            pillow.Add(Measure.Peer("pillow_prepare.py", arguments.Get("images"), images.Length.ToString(CultureInfo.InvariantCulture)));
            var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / images.Length;
            Console.Error.WriteLine(
                $"round {round + 1}: ours {ours[^1]:0.00} ms, Pillow {pillow[^1]:0.00} ms, {bytes} managed bytes an image");
        }

        Console.WriteLine(
            $"JPEG file to [3, 224, 224] floats (resize 256, center crop 224), one core, {images.Length} files, " +
            $"medians of {rounds} interleaved rounds");
        Console.WriteLine(Measure.Machine());
        var ratio = Measure.Median(ours.Zip(pillow, (left, right) => left / right));
        Console.WriteLine(
            $"ours {Measure.Median(ours):0.00} ms, Pillow and torchvision {Measure.Median(pillow):0.00} ms, ratio {ratio:0.00}");
    }
}
