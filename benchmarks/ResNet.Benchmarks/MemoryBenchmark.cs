using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>The memory of this process over many steps of the CIFAR ResNet-20: it must not grow.</summary>
internal static class MemoryBenchmark
{
    public static void Run(Arguments arguments)
    {
        var (steps, every) = (arguments.Number("steps", 1000), 100);
        LibTorch.Load();
        set_num_threads(arguments.Number("threads", 2));
        var step = StepContender.Ours(StepCase.All.Single(each => each.Size == 32));
        Console.WriteLine(Measure.Machine());
        Console.WriteLine("| steps | MB |");
        Console.WriteLine("| ---: | ---: |");
        for (var done = 1; done <= steps; done++)
        {
            step();
            if (done % every == 0) Console.WriteLine($"| {done} | {Environment.WorkingSet >> 20} |");
        }

        Console.WriteLine($"peak {Measure.PeakMemory():0} MB");
    }
}
