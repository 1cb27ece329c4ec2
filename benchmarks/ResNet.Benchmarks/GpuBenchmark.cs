using TorchSharp;

namespace ResNet.Benchmarks;

/// <summary>
/// Training images a second on a GPU: this project and PyTorch (eager; channels-last with bfloat16; the same compiled), in turn, several
/// times, each in its own process; from memory, or from JPEG files. PyTorch's images in memory are numbers on the GPU already; ours are
/// bytes that are copied there.
/// </summary>
internal sealed class GpuBenchmark
{
    private const string Compiled = "PyTorch compiled", Ours = "ours bf16";

    private static readonly (string Name, string[] Switches)[] Contenders =
    [
        (Ours, ["--precision", "bfloat16"]),
        ("ours float32", ["--precision", "float32"]),
        ("PyTorch float32", []),
        ("PyTorch channels-last bf16", ["--channels-last", "--bf16"]),
        (Compiled, ["--channels-last", "--bf16", "--compile"]),
    ];

    private readonly Arguments _arguments;
    private readonly torch.Device _device;
    private readonly int _rounds, _steps, _warmUp;
    private readonly string _images;
    private int _failed;

    private GpuBenchmark(Arguments arguments)
    {
        _arguments = arguments;
        _device = Devices.Parse(arguments.Get("device", "cuda"));
        _rounds = arguments.Number("rounds", 3);
        _steps = arguments.Number("steps", 50);
        _warmUp = arguments.Number("warm-up", 10);
        _images = arguments.Get("images", "");
    }

    /// <returns>0 if all contenders ran, else 1.</returns>
    public static int Run(Arguments arguments)
    {
        var benchmark = new GpuBenchmark(arguments);
        benchmark.WriteHeading();
        foreach (var each in StepCase.ForGpu.Where(each => arguments.Get("case", each.Architecture) == each.Architecture))
            benchmark.Compare(each with { Batch = arguments.Number("batch", each.Batch) });
        return benchmark._failed == 0 ? 0 : 1;
    }

    private void WriteHeading()
    {
        var source = _images.Length > 0 ? "from JPEG files" : "from memory";
        var pytorch = Measure.Output(Measure.Python, ["-c", "import torch; print(torch.__version__)"]).Trim();
        Console.WriteLine(
            $"Training images/s {source} (share of the time that a kernel ran; MB of GPU memory in use), " +
            $"medians of {_rounds} interleaved rounds of {_steps} steps after {_warmUp}");
        Console.WriteLine($"{Measure.Machine()}; {GpuName(_device)}; PyTorch {pytorch}");
        Console.WriteLine();
        var names = string.Join(" | ", Contenders.Select(each => each.Name));
        Console.WriteLine($"| | {names} | ours / best eager PyTorch | {Compiled} / ours |");
        Console.WriteLine($"| --- |{string.Concat(Enumerable.Repeat(" ---: |", Contenders.Length + 2))}");
    }

    /// <summary>Measures all contenders on a network and writes a row of the table.</summary>
    private void Compare(StepCase what)
    {
        var results = Contenders.ToDictionary(contender => contender.Name, _ => new List<Figures>());
        for (var round = 0; round < _rounds; round++)
        {
            foreach (var (name, switches) in Contenders)
            {
                var found = Measured(name, switches, what);
                results[name].Add(found);
                Console.Error.WriteLine($"{what.Architecture} round {round + 1} {name,-26} {found}");
            }
        }

        var names = Contenders.Select(contender => contender.Name).ToList();
        var eager = names.Where(name => !IsOurs(name) && name != Compiled).MaxBy(Speed)!;
        var best = names.Where(IsOurs).MaxBy(Speed)!;
        var cells = string.Join(" | ", names.Select(name => Figures.Medians(results[name])));
        var ratios = $"{Text(Ratio(best, eager))} | {Text(Ratio(Compiled, best))}";
        Console.WriteLine($"| {what.Architecture}, batch {what.Batch}, {what.Size} px | {cells} | {ratios} |");

        double Speed(string name) => Figures.Medians(results[name]).ImagesPerSecond;

        // Rounds are compared with each other: what disturbs the machine then disturbs both.
        double Ratio(string one, string other) =>
            Measure.Median(results[one].Zip(results[other], (left, right) => left.ImagesPerSecond / right.ImagesPerSecond));
    }

    private Figures Measured(string name, string[] switches, StepCase what)
    {
        var threads = _arguments.Get("threads", $"{Environment.ProcessorCount}");
        List<string> common =
        [
            "--device", Measure.NameOf(_device), "--steps", $"{_steps}", "--warm-up", $"{_warmUp}", "--threads", threads,
        ];
        if (_images.Length > 0) common.AddRange(["--images", _images]);
        string[] ours = [StepContender.Verb, "--name", "ours", "--case", what.Architecture, "--batch", $"{what.Batch}"];
        string[] peer = [Measure.PeerPath("pytorch_step.py"), what.Architecture, $"{what.Batch}", $"{what.Size}", $"{what.Classes}"];
        using var monitor = _device.type == DeviceType.CUDA ? new GpuMonitor(_device) : null;
        try
        {
            var printed = IsOurs(name)
                ? Measure.Output(Environment.ProcessPath!, [.. ours, .. switches, .. common])
                : Measure.Output(Measure.Python, [.. peer, .. switches, .. common]);
            var found = StepFigures.Parse(printed);
            var (busy, memory) = monitor?.Between(found.Begin, found.End) ?? (double.NaN, double.NaN);
            return new(1000 * what.Batch / found.Wall, busy, memory);
        }
        catch (InvalidOperationException problem)
        {
            // The others are worth having all the same; the exit code tells.
            _failed++;
            Console.Error.WriteLine(problem.Message);
            return new(double.NaN, double.NaN, double.NaN);
        }
    }

    private static bool IsOurs(string name) => name.StartsWith("ours", StringComparison.Ordinal);

    private static string Text(double ratio) => double.IsNaN(ratio) ? "-" : $"{ratio:0.00}";

    private static string GpuName(torch.Device device)
    {
        if (device.type != DeviceType.CUDA) return "no GPU: these figures only show that the benchmark runs";
        string[] query = ["--query-gpu=name,driver_version", "--format=csv,noheader", "-i", $"{Math.Max(0, device.index)}"];
        return Measure.Output("nvidia-smi", query).Trim();
    }

    /// <summary>What a contender's process showed; NaN where there is no figure.</summary>
    private readonly record struct Figures(double ImagesPerSecond, double Busy, double Memory)
    {
        public static Figures Medians(IReadOnlyCollection<Figures> rounds) => new(
            Measure.Median(rounds.Select(round => round.ImagesPerSecond)),
            Measure.Median(rounds.Select(round => round.Busy)),
            Measure.Median(rounds.Select(round => round.Memory)));

        public override string ToString()
        {
            if (double.IsNaN(ImagesPerSecond)) return "-";
            return double.IsNaN(Busy) ? $"{ImagesPerSecond:0}" : $"{ImagesPerSecond:0} ({100 * Busy:0} %; {Memory:0})";
        }
    }
}
