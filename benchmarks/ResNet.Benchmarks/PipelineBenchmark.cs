using System.Diagnostics;
using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>JPEG files to features: the ceiling, stock ML.NET and this project, in turn, several times.</summary>
internal static class PipelineBenchmark
{
    public static void Run(Arguments arguments)
    {
        var model = arguments.Get("model", "");
        var rounds = int.Parse(arguments.Get("rounds", "5"), CultureInfo.InvariantCulture);
        if (model.Length == 0)
        {
            model = Path.Combine(Path.GetTempPath(), "resnet-benchmark-resnet50.onnx");
            RandomModel.Write(model, "resnet50");
        }

        // An int8 model file of the same network is measured, too, if there is one.
        var quantized = arguments.Get("int8", "");
        List<(string Name, string Model)> contenders = [("ceiling", model), ("stock", model), ("ours", model)];
        if (quantized.Length > 0) contenders.Add(("ours int8", quantized));
        var results = contenders.ToDictionary(contender => contender.Name, _ => new List<double[]>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, file) in contenders)
            {
                var figures = Measured(name.Split(' ')[0], file, arguments.Get("images"));
                results[name].Add(figures);
                Console.Error.WriteLine($"round {round + 1} {name,-9} {figures[0]:0.0} images/s");
            }
        }

        Console.WriteLine(
            $"{Path.GetFileName(model)}, {arguments.Images().Length} JPEGs, medians of {rounds} interleaved rounds, " +
            "each contender in its own process");
        Console.WriteLine(Measure.Machine());
        Console.WriteLine();
        Console.WriteLine(
            "| | images/s | managed bytes an image | ms to the first row | rows read for TakeRows(1) " +
            "| ms a PredictionEngine call | peak MB |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (name, _) in contenders)
        {
            double Median(int figure) => Measure.Median(results[name].Select(each => each[figure]));
            var inPipeline = name == "ceiling"
                ? "| | | | |"
                : $"| {Median(1):N0} | {Median(2):0} | {Median(3):0} | {Median(4):0.0} |";
            Console.WriteLine($"| {name} | {Median(0):0.0} {inPipeline} {Median(5):0} |");
        }

        double Ratio(string name, string peer) => Measure.Median(results[name].Zip(results[peer], (left, right) => left[0] / right[0]));
        Console.WriteLine();
        Console.WriteLine(
            $"ours / stock: {Ratio("ours", "stock"):0.00}; ours / ceiling: {Ratio("ours", "ceiling"):0.000} " +
            "(medians of the rounds' ratios)");
        if (quantized.Length > 0)
            Console.WriteLine($"int8 / ours: {Ratio("ours int8", "ours"):0.00}; int8 / stock: {Ratio("ours int8", "stock"):0.00}");
    }

    /// <summary>ML.NET's own ImageNet ResNet-18, as this project runs it and as ML.NET does.</summary>
    public static void RunFeatures(Arguments arguments)
    {
        var rounds = int.Parse(arguments.Get("rounds", "7"), CultureInfo.InvariantCulture);
        List<double> ours = [];
        List<double> stock = [];
        for (var round = 0; round < rounds; round++)
        {
            stock.Add(Measured("stock-dnn", "none", arguments.Get("images"))[0]);
            ours.Add(Measured("ours-resnet18", "none", arguments.Get("images"))[0]);
            Console.Error.WriteLine($"round {round + 1} stock {stock[^1]:0.0}, ours {ours[^1]:0.0} images/s");
        }

        var ratio = Measure.Median(ours.Zip(stock, (left, right) => left / right));
        Console.WriteLine($"{arguments.Images().Length} JPEGs, {rounds} interleaved rounds, each contender in its own process");
        Console.WriteLine(Measure.Machine());
        Console.WriteLine(
            $"DnnFeaturizeImage {Measure.Median(stock):0.0}, ApplyResNet18 {Measure.Median(ours):0.0} images/s (medians); " +
            $"ratio {ratio:0.00} (median of the rounds' ratios)");
    }

    private static double[] Measured(string name, string model, string images)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        string[] options = [Contender.Verb, "--name", name, "--model", model, "--images", images];
        foreach (var option in options) start.ArgumentList.Add(option);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"The contender '{name}' failed.");
        var figures = output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return Array.ConvertAll(figures, figure => double.Parse(figure, CultureInfo.InvariantCulture));
    }
}
