using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>
/// A training step: this project, TorchSharp's own modules and optimizer, and PyTorch with and without channels-last and bfloat16
/// (benchmarks/peers/pytorch_step.py), in turn, several times, each in its own process.
/// </summary>
internal static class StepBenchmark
{
    private const string Ours = "ours", Plain = "TorchSharp";

    private static readonly (string Name, string[] Switches)[] Peers =
    [
        ("PyTorch", []),
        ("PyTorch bf16", ["--bf16"]),
        ("PyTorch channels-last", ["--channels-last"]),
        ("PyTorch channels-last bf16", ["--channels-last", "--bf16"]),
    ];

    public static void Run(Arguments arguments)
    {
        var rounds = arguments.Number("rounds", 5);
        var steps = arguments.Number("steps", 7);
        var threads = arguments.Number("threads", 2);
        var cases = StepCase.All.Where(each => arguments.Get("case", each.Architecture) == each.Architecture).ToArray();
        string[] names = [Ours, Plain, .. Peers.Select(peer => peer.Name)];
        Console.WriteLine(
            $"A training step, {threads} threads: ms (ms of processor time), medians of {rounds} interleaved rounds of {steps} steps");
        Console.WriteLine(Measure.Machine());
        Console.WriteLine();
        Console.WriteLine($"| | {string.Join(" | ", names)} | ours / TorchSharp | ours / best PyTorch |");
        Console.WriteLine($"| --- |{string.Concat(Enumerable.Repeat(" ---: |", names.Length + 2))}");
        foreach (var what in cases)
        {
            var results = names.ToDictionary(name => name, _ => new List<(double Wall, double Processor)>());
            for (var round = 0; round < rounds; round++)
            {
                string[] common = ["--threads", $"{threads}", "--steps", $"{steps}"];
                AddOwn(Ours, "ours");
                AddOwn(Plain, "plain");
                string[] numbers = [$"{what.Batch}", $"{what.Size}", $"{what.Classes}"];
                string[] peer = [Measure.PeerPath("pytorch_step.py"), what.Architecture, .. numbers];
                foreach (var (name, switches) in Peers) Add(name, Measure.Python, [.. peer, .. switches, .. common]);

                void AddOwn(string name, string contender) => Add(
                    name, Environment.ProcessPath!, [StepContender.Verb, "--name", contender, "--case", what.Architecture, .. common]);

                void Add(string name, string program, string[] options)
                {
                    var found = Measured(program, options);
                    results[name].Add(found);
                    Console.Error.WriteLine(
                        $"{what.Architecture} round {round + 1} {name,-26} {found.Wall:0} ms ({found.Processor:0})");
                }
            }

            double Ratio(string peer) => Measure.Median(results[Ours].Zip(results[peer], (left, right) => left.Wall / right.Wall));
            // The setting of PyTorch that is fastest on this network, against which ours is worst.
            var best = Peers.Max(peer => Ratio(peer.Name));
            var cells = string.Join(" | ", names.Select(Cell));
            Console.WriteLine($"| {what.Architecture}, batch {what.Batch}, {what.Size} px | {cells} | {Ratio(Plain):0.00} | {best:0.00} |");

            string Cell(string name)
            {
                var wall = Measure.Median(results[name].Select(each => each.Wall));
                var processor = Measure.Median(results[name].Select(each => each.Processor));
                return $"{wall:0} ({processor:0})";
            }
        }
    }

    private static (double Wall, double Processor) Measured(string program, string[] options)
    {
        var figures = StepFigures.Parse(Measure.Output(program, options));
        return (figures.Wall, figures.Processor);
    }
}

/// <summary>
/// What a contender prints of its steps: milliseconds of a step, of processor time, and when the measured stretch began and ended.
/// </summary>
internal readonly record struct StepFigures(double Wall, double Processor, DateTime Begin, DateTime End)
{
    public static StepFigures Parse(string line)
    {
        var texts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var figures = Array.ConvertAll(texts, text => double.Parse(text, CultureInfo.InvariantCulture));
        return new(figures[0], figures[1], DateTime.UnixEpoch.AddSeconds(figures[2]), DateTime.UnixEpoch.AddSeconds(figures[3]));
    }
}
