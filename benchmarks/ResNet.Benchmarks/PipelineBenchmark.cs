using System.Diagnostics;
using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>JPEG files to features: the ceiling, stock ML.NET and this project, in turn, several times.</summary>
internal static class PipelineBenchmark
{
    private static readonly string[] Names = ["ceiling", "stock", "ours"];

    public static void Run(Arguments arguments)
    {
        var model = arguments.Get("model", "");
        var rounds = int.Parse(arguments.Get("rounds", "5"), CultureInfo.InvariantCulture);
        if (model.Length == 0)
        {
            model = Path.Combine(Path.GetTempPath(), "resnet-benchmark-resnet50.onnx");
            RandomModel.Write(model, "resnet50");
        }

        var results = Names.ToDictionary(name => name, _ => new List<double[]>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var name in Names)
            {
                var figures = Measured(name, model, arguments.Get("images"));
                results[name].Add(figures);
                Console.Error.WriteLine($"round {round + 1} {name,-8} {figures[0]:0.0} images/s");
            }
        }

        Console.WriteLine($"{Path.GetFileName(model)}, {arguments.Images().Length} JPEGs, medians of {rounds} interleaved rounds, each contender in its own process");
        Console.WriteLine(Measure.Machine());
        Console.WriteLine();
        Console.WriteLine("| | images/s | managed bytes an image | ms to the first row | rows read for TakeRows(1) | ms a PredictionEngine call | peak MB |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var name in Names)
        {
            double Median(int figure) => Measure.Median(results[name].Select(each => each[figure]));
            Console.WriteLine(name == "ceiling"
                ? $"| {name} | {Median(0):0.0} | | | | | {Median(5):0} |"
                : $"| {name} | {Median(0):0.0} | {Median(1):N0} | {Median(2):0} | {Median(3):0} | {Median(4):0.0} | {Median(5):0} |");
        }

        double Ratio(string peer) => Measure.Median(results["ours"].Zip(results[peer], (ours, other) => ours[0] / other[0]));
        Console.WriteLine();
        Console.WriteLine($"ours / stock: {Ratio("stock"):0.00}; ours / ceiling: {Ratio("ceiling"):0.000} (medians of the rounds' ratios)");
    }

    private static double[] Measured(string name, string model, string images)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in new[] { Contender.Verb, "--name", name, "--model", model, "--images", images }) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"The contender '{name}' failed.");
        return [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))];
    }
}
