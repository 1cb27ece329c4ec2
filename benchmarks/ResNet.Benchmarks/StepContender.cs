using System.Diagnostics;
using System.Globalization;
using ResNet.MLNet;
using ResNet.Training;
using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>One network, the batch and the size of its training images.</summary>
internal sealed record StepCase(string Architecture, int Batch, int Size)
{
    public static StepCase[] All { get; } = [new("resnet18", 16, 224), new("resnet50", 8, 224), new("cifar-resnet20", 128, 32)];

    public int Classes => Size == 32 ? 10 : 1000;
}

/// <summary>Training steps of one contender, in a process of its own.</summary>
internal static class StepContender
{
    public const string Verb = "step-contender";
    private const int WarmUp = 3;
    private const double Rate = 0.1, Momentum = 0.9, Decay = 1e-4;

    /// <summary>Prints the median milliseconds of a step, and the mean milliseconds of processor time.</summary>
    public static void Run(Arguments arguments)
    {
        var what = Array.Find(StepCase.All, each => each.Architecture == arguments.Get("case")) ?? throw new ArgumentException("There is no such case.");
        var (steps, threads) = (arguments.Number("steps", 7), arguments.Number("threads", 2));
        var ours = arguments.Get("name") == "ours";
        LibTorch.LeavesAllocator = !ours;
        LibTorch.Load();
        set_num_threads(threads);
        using var scope = NewDisposeScope();
        var step = ours ? Ours(what) : Plain(what);
        var times = new List<double>();
        using var process = Process.GetCurrentProcess();
        for (var i = 0; i < WarmUp; i++) step();
        process.Refresh();
        var before = process.TotalProcessorTime;
        for (var i = 0; i < steps; i++)
        {
            var watch = Stopwatch.StartNew();
            step();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        process.Refresh();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Measure.Median(times)} {(process.TotalProcessorTime - before).TotalMilliseconds / steps}"));
    }

    /// <summary>A step of this project, from the bytes of the pixels on.</summary>
    public static Action Ours(StepCase what)
    {
        var recipe = new TrainingRecipe { Preprocessing = ImagePreprocessing.Small(what.Size) };
        var step = new TrainingStep(new(ResNetArchitecture.Parse(what.Architecture, classes: what.Classes)), recipe, CPU);
        var (batch, number) = (RandomBatch(what), 0);
        step.Network.train();
        return () => step.Run(batch, 0, ++number, _ => Rate);
    }

    /// <summary>A step as a TorchSharp user writes it, on pixels that are numbers already.</summary>
    private static Action Plain(StepCase what)
    {
        random.manual_seed(0);
        var network = what.Architecture switch { "resnet18" => PlainNetwork.ResNet18(), "resnet50" => PlainNetwork.ResNet50(), _ => PlainNetwork.CifarResNet20() };
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

    private static Batch RandomBatch(StepCase what)
    {
        var random = new Random(0);
        var pixels = new byte[what.Batch * what.Size * what.Size * PixelBuffer.BytesPerPixel];
        random.NextBytes(pixels);
        return new(0, pixels, [.. Enumerable.Range(0, what.Batch).Select(_ => (long)random.Next(what.Classes))]);
    }
}
