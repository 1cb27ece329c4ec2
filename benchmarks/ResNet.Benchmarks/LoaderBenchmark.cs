using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>
/// JPEG files to augmented training images on one core: this project and torchvision (benchmarks/peers/torchvision_loader.py), in turn,
/// several times. Seconds are of processor time, all threads of the process together.
/// </summary>
internal static class LoaderBenchmark
{
    private const int BatchSize = 32;

    public static void Run(Arguments arguments)
    {
        var rounds = int.Parse(arguments.Get("rounds", "7"), CultureInfo.InvariantCulture);
        var folder = arguments.Get("images");
        var images = ImageDataset.FromFolder(folder);
        var crop = new Augmentation.RandomResizedCrop();
        var loader = new BatchLoader(
            images, ImagePreprocessing.ImageNet, crop, BatchSize, seed: 0, workers: 1, problem => throw problem);
        List<double> ours = [], torchvision = [];
        foreach (var _ in loader.Epoch(0))
        {
        }

        for (var round = 0; round < rounds; round++)
        {
            var before = GC.GetTotalAllocatedBytes();
            var start = Environment.CpuUsage.TotalTime;
            var count = loader.Epoch(round + 1).Sum(batch => batch.Count);
            ours.Add(count / (Environment.CpuUsage.TotalTime - start).TotalSeconds);
            var bytes = (GC.GetTotalAllocatedBytes() - before) / count;
            torchvision.Add(Measure.Peer("torchvision_loader.py", folder));
            Console.Error.WriteLine(
                $"round {round + 1}: ours {ours[^1]:0} images/s, torchvision {torchvision[^1]:0}, {bytes} managed bytes an image");
        }

        Console.WriteLine(
            $"JPEG files to RandomResizedCrop(224) and flip, images a second of processor time, {images.Count} files, " +
            $"medians of {rounds} interleaved rounds");
        Console.WriteLine(Measure.Machine());
        var ratio = Measure.Median(ours.Zip(torchvision, (left, right) => left / right));
        Console.WriteLine(
            $"ours {Measure.Median(ours):0} images/s, torchvision {Measure.Median(torchvision):0} images/s, ratio {ratio:0.00}");
    }
}
