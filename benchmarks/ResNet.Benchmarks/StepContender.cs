using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>One network, the batch and the size of its training images.</summary>
internal sealed record StepCase(string Architecture, int Batch, int Size)
{
    public static StepCase[] All { get; } = [new("resnet18", 16, 224), new("resnet50", 8, 224), new("cifar-resnet20", 128, 32)];

    /// <summary>The same with batches that fill a GPU.</summary>
    public static StepCase[] ForGpu { get; } = [new("resnet18", 256, 224), new("resnet50", 256, 224), new("cifar-resnet20", 512, 32)];

    public bool IsSmall => Size == 32;

    public int Classes => IsSmall ? 10 : 1000;
}

/// <summary>Training steps of one contender, in a process of its own.</summary>
internal static class StepContender
{
    public const string Verb = "step-contender";
    private const int WarmUp = 3;
    private const double Rate = 0.1, Momentum = 0.9, Decay = 1e-4;

    /// <summary>
    /// Prints the milliseconds of a step, the mean milliseconds of processor time, and when the measured stretch began and ended (Unix
    /// seconds). On the CPU a step's time is the median; a GPU runs asynchronously, so there it is the stretch's time by the number of
    /// steps, and the program waits for the GPU at the stretch's ends alone.
    /// </summary>
    public static void Run(Arguments arguments)
    {
        var what = Array.Find(StepCase.All, each => each.Architecture == arguments.Get("case"))
            ?? throw new ArgumentException("There is no such case.");
        what = what with { Batch = arguments.Number("batch", what.Batch) };
        var steps = arguments.Number("steps", 7);
        var threads = arguments.Number("threads", 2);
        var warmUp = arguments.Number("warm-up", WarmUp);
        var ours = arguments.Get("name") == "ours";
        Allocator.IsLeftAlone = !ours;
        var device = Devices.Parse(arguments.Get("device", "cpu"));
        var isGpu = device.type == TorchSharp.DeviceType.CUDA;
        set_num_threads(threads);
        using var scope = NewDisposeScope();
        var precision = Enum.Parse<TrainingPrecision>(arguments.Get("precision", "auto"), ignoreCase: true);
        var step = ours ? Ours(what, device, precision, arguments.Get("images", "")) : Plain(what);
        var times = new List<double>();
        using var process = Process.GetCurrentProcess();
        for (var i = 0; i < warmUp; i++) step();
        Wait();
        process.Refresh();
        var before = process.TotalProcessorTime;
        var begin = UnixTime();
        var whole = Stopwatch.StartNew();
        for (var i = 0; i < steps; i++)
        {
            var watch = Stopwatch.StartNew();
            step();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        Wait();
        var mean = whole.Elapsed.TotalMilliseconds / steps;
        process.Refresh();
        var wall = isGpu ? mean : Measure.Median(times);
        var processor = (process.TotalProcessorTime - before).TotalMilliseconds / steps;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{wall} {processor} {begin:F3} {UnixTime():F3}"));

        void Wait()
        {
            if (isGpu) cuda.synchronize(device);
        }
    }

    private static double UnixTime() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    /// <summary>A step of this project, from the bytes of the pixels on, or, with a folder of class folders, from JPEG files on.</summary>
    public static Action Ours(
        StepCase what, Device? device = null, TrainingPrecision precision = TrainingPrecision.Auto, string images = "")
    {
        var recipe = new TrainingRecipe { Preprocessing = ImagePreprocessing.Small(what.Size), Precision = precision };
        var step = new TrainingStep(new(ResNetArchitecture.Parse(what.Architecture, classes: what.Classes)), recipe, device ?? CPU);
        var number = 0;
        step.Network.train();
        if (images.Length == 0)
        {
            var batch = RandomBatch(what);
            return () => step.Run(batch, 0, ++number, _ => Rate);
        }

        var batches = BatchesOf(images, what).GetEnumerator();
        return () =>
        {
            batches.MoveNext();
            step.Run(batches.Current, 0, ++number, _ => Rate);
        };
    }

    /// <summary>
    /// Augmented batches without end, made by all processors. An epoch is cut into equal batches, so the number of files must be a multiple
    /// of the batch's.
    /// </summary>
    private static IEnumerable<Batch> BatchesOf(string folder, StepCase what)
    {
        var files = ImageDataset.FromFolder(folder);
        if (files.Count % what.Batch != 0)
            throw new ArgumentException($"'{folder}' holds {files.Count} images, which is not a multiple of the batch of {what.Batch}.");
        var preprocessing = what.IsSmall ? ImagePreprocessing.Small(what.Size) : ImagePreprocessing.ImageNet with { Crop = what.Size };
        Augmentation crop = what.IsSmall ? new Augmentation.PadCropFlip() : new Augmentation.RandomResizedCrop();
        var loader = new BatchLoader(
            files, preprocessing, crop, what.Batch, seed: 0, workers: Environment.ProcessorCount, problem => throw problem);
        for (var epoch = 0; ; epoch++)
        {
            foreach (var batch in loader.Epoch(epoch)) yield return batch;
        }
    }

    /// <summary>A step as a TorchSharp user writes it, on pixels that are numbers already.</summary>
    private static Action Plain(StepCase what)
    {
        random.manual_seed(0);
        var network = what.Architecture switch
        {
            "resnet18" => PlainNetwork.ResNet18(),
            "resnet50" => PlainNetwork.ResNet50(),
            _ => PlainNetwork.CifarResNet20(),
        };
        var optimizer = optim.SGD(network.parameters(), Rate, Momentum, weight_decay: Decay);
        var (images, targets) = (randn(what.Batch, 3, what.Size, what.Size), randint(what.Classes, what.Batch, int64));
        network.train();
        return () =>
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            nn.functional.cross_entropy(network.forward(images), targets).backward();
            optimizer.step();
        };
    }

    /// <summary>Noise: what is in the images changes no time.</summary>
    public static Batch RandomBatch(StepCase what)
    {
        var random = new Random(0);
        var pixels = new byte[what.Batch * what.Size * what.Size * PixelBuffer.BytesPerPixel];
        random.NextBytes(pixels);
        return new(0, pixels, [.. Enumerable.Range(0, what.Batch).Select(_ => (long)random.Next(what.Classes))]);
    }
}
