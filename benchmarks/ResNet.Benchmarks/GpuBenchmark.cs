using TorchSharp;

namespace ResNet.Benchmarks;

/// <summary>
/// Training images a second on a GPU: this project and PyTorch (eager; channels-last with bfloat16; the same compiled), in turn, several times, each in its own process; from memory,
/// or from JPEG files. PyTorch's images in memory are numbers on the GPU already; ours are bytes that travel there.
/// </summary>
internal static class GpuBenchmark
{
    private const string Compiled = "PyTorch compiled", Ours = "ours bf16";

    private static readonly (string Name, string[] Switches)[] Contenders =
    [
        (Ours, ["--precision", "bfloat16"]), ("ours float32", ["--precision", "float32"]),
        ("PyTorch float32", []), ("PyTorch channels-last bf16", ["--channels-last", "--bf16"]), (Compiled, ["--channels-last", "--bf16", "--compile"]),
    ];

    /// <returns>0 if all contenders ran, else 1.</returns>
    public static int Run(Arguments arguments)
    {
        var device = Devices.Parse(arguments.Get("device", "cuda"));
        var (rounds, steps, warmUp, images) = (arguments.Number("rounds", 3), arguments.Number("steps", 50), arguments.Number("warm-up", 10), arguments.Get("images", ""));
        var failed = 0;
        Console.WriteLine($"Training images/s {(images.Length > 0 ? "from JPEG files" : "from memory")} (share of the time that a kernel ran; MB of GPU memory in use), medians of {rounds} interleaved rounds of {steps} steps after {warmUp}");
        Console.WriteLine($"{Measure.Machine()}; {GpuName(device)}; PyTorch {Measure.Output(Measure.Python, ["-c", "import torch; print(torch.__version__)"]).Trim()}");
        Console.WriteLine();
        Console.WriteLine($"| | {string.Join(" | ", Contenders.Select(each => each.Name))} | ours / best eager PyTorch | {Compiled} / ours |");
        Console.WriteLine($"| --- |{string.Concat(Enumerable.Repeat(" ---: |", Contenders.Length + 2))}");
        foreach (var each in StepCase.ForGpu.Where(each => arguments.Get("case", each.Architecture) == each.Architecture))
        {
            var what = each with { Batch = arguments.Number("batch", each.Batch) };
            var results = Contenders.ToDictionary(contender => contender.Name, _ => new List<Figures>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (name, switches) in Contenders)
                {
                    var found = Measured(name, switches, what);
                    results[name].Add(found);
                    Console.Error.WriteLine($"{what.Architecture} round {round + 1} {name,-26} {found}");
                }
            }

            double Speed(string name) => Measure.Median(results[name].Select(found => found.ImagesPerSecond));
            // Rounds are compared with each other: what disturbs the machine then disturbs both.
            double Ratio(string one, string other) => Measure.Median(results[one].Zip(results[other], (left, right) => left.ImagesPerSecond / right.ImagesPerSecond));
            var eager = Contenders.Select(contender => contender.Name).Where(name => name.StartsWith("PyTorch", StringComparison.Ordinal) && name != Compiled).MaxBy(Speed)!;
            var best = Contenders.Select(contender => contender.Name).Where(name => name.StartsWith("ours", StringComparison.Ordinal)).MaxBy(Speed)!;
            var cells = Contenders.Select(contender => new Figures(Speed(contender.Name), Measure.Median(results[contender.Name].Select(found => found.Busy)), Measure.Median(results[contender.Name].Select(found => found.Memory))));
            Console.WriteLine($"| {what.Architecture}, batch {what.Batch}, {what.Size} px | {string.Join(" | ", cells)} | {Text(Ratio(best, eager))} | {Text(Ratio(Compiled, best))} |");
        }

        return failed == 0 ? 0 : 1;

        Figures Measured(string name, string[] switches, StepCase what)
        {
            string[] common = ["--device", Measure.NameOf(device), "--steps", $"{steps}", "--warm-up", $"{warmUp}", "--threads", arguments.Get("threads", $"{Environment.ProcessorCount}")];
            if (images.Length > 0) common = [.. common, "--images", images];
            using var monitor = device.type == DeviceType.CUDA ? new GpuMonitor(device) : null;
            try
            {
                var printed = name.StartsWith("ours", StringComparison.Ordinal)
                    ? Measure.Output(Environment.ProcessPath!, [StepContender.Verb, "--name", "ours", "--case", what.Architecture, "--batch", $"{what.Batch}", .. switches, .. common])
                    : Measure.Output(Measure.Python, [Measure.PeerPath("pytorch_step.py"), what.Architecture, $"{what.Batch}", $"{what.Size}", $"{what.Classes}", .. switches, .. common]);
                var found = StepFigures.Parse(printed);
                var (busy, memory) = monitor?.Between(found.Begin, found.End) ?? (double.NaN, double.NaN);
                return new(1000 * what.Batch / found.Wall, busy, memory);
            }
            catch (InvalidOperationException problem)
            {
                // The others are worth having all the same; the exit code tells.
                failed++;
                Console.Error.WriteLine(problem.Message);
                return new(double.NaN, double.NaN, double.NaN);
            }
        }
    }

    private static string Text(double ratio) => double.IsNaN(ratio) ? "-" : $"{ratio:0.00}";

    private static string GpuName(torch.Device device) => device.type == DeviceType.CUDA
        ? Measure.Output("nvidia-smi", ["--query-gpu=name,driver_version", "--format=csv,noheader", "-i", $"{Math.Max(0, device.index)}"]).Trim()
        : "no GPU: these figures only show that the benchmark runs";

    /// <summary>Not a number where there is none.</summary>
    private readonly record struct Figures(double ImagesPerSecond, double Busy, double Memory)
    {
        public override string ToString() => double.IsNaN(ImagesPerSecond) ? "-" : double.IsNaN(Busy) ? $"{ImagesPerSecond:0}" : $"{ImagesPerSecond:0} ({100 * Busy:0} %; {Memory:0})";
    }
}
