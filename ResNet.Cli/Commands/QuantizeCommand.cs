using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet quantize`: a model file of bytes, for CPUs.</summary>
internal static class QuantizeCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var calibration = new Option<string>("--calibration") { Required = true, HelpName = "DIR", Description = "Some hundreds of images like those that the network will see; in class folders, accuracy is measured, too." };
        var output = new Option<string>("--output") { Required = true, HelpName = "FILE", Description = "The integer model file to write (.onnx)." };
        var images = CommonOptions.Positive("--images", "The most images that ranges are found from. [default: 500]");
        var method = new Option<CalibrationMethod>("--method") { HelpName = "NAME", Description = "How ranges are chosen: mse, minmax, percentile or entropy.", DefaultValueFactory = _ => CalibrationMethod.Mse };
        var loss = new Option<double>("--max-loss") { HelpName = "POINTS", Description = "Exit code 1 if more percentage points are lost: of top-1 accuracy if the images have labels, else of agreement with the float network.", DefaultValueFactory = _ => 2 };
        var command = new Command("quantize", "Makes an int8 network of a model file: smaller, and faster on a CPU.") { model, calibration, output, images, method, loss };
        var preprocessing = new PreprocessingOptions();
        preprocessing.AddTo(command);
        command.SetWork((parsed, cancellation) =>
        {
            var console = AnsiConsole.Console;
            var file = Models.Find(console, parsed.GetRequiredValue(model), cancellation);
            var paths = ImagePaths.Find([parsed.GetRequiredValue(calibration)]);
            var target = parsed.GetRequiredValue(output);
            // Our own files say how images are prepared; for others the options do.
            var foreign = Models.HasCard(file) ? null : preprocessing.Get(parsed, ImagePreprocessing.ImageNet);
            var options = new QuantizationOptions { Preprocessing = foreign, Method = parsed.GetValue(method), CalibrationImages = parsed.GetValue(images) ?? 500, LabelOf = Labels(file, foreign) };
            var report = Show(console, progress => ResNetQuantizer.Quantize(file, paths, target, options, progress, cancellation));
            foreach (var problem in report.Skipped) Console.Error.WriteLine($"Left out: {problem}");
            var table = CommandLine.CreateTable("", "Float", "int8");
            table.AddRow("Size", $"{report.FloatBytes / 1e6:0.00} MB", $"{report.IntegerBytes / 1e6:0.00} MB");
            table.AddRow("Speed of one core", "1.0", $"{report.SpeedUp:0.0} times");
            if (report.FloatTop1 is { } before) table.AddRow("Top-1 accuracy", $"{100 * before:0.00} %", $"{100 * report.IntegerTop1!.Value:0.00} %");
            if (report.Agreement is { } agreement) table.AddRow("The same best class", "", $"{100 * agreement:0.00} %");
            if (report.FeatureCosine is { } cosine) table.AddRow("Cosine of the features", "", $"{cosine:0.00000}");
            console.Write(table);
            console.WriteLine($"Compared on {report.Images:N0} images. Model file: {target}");
            var lost = report.FloatTop1 is { } top1 ? 100 * (top1 - report.IntegerTop1!.Value) : 100 * (1 - (report.Agreement ?? report.FeatureCosine ?? 1));
            if (lost <= parsed.GetValue(loss)) return CommandLine.Done;
            Console.Error.WriteLine($"{lost:0.00} points were lost, more than --max-loss {parsed.GetValue(loss)}. More or better calibration images, or another --method, may help.");
            return CommandLine.Failed;
        });
        return command;
    }

    /// <summary>The class of an image by the name of its folder, for a network that knows its labels.</summary>
    private static Func<string, int?>? Labels(string file, ImagePreprocessing? foreign)
    {
        using var model = ResNetModel.Open(file, foreign);
        if (model.Labels is not { } labels) return null;
        var numbers = labels.Select((label, number) => (label, number)).ToDictionary(pair => pair.label, pair => pair.number, StringComparer.Ordinal);
        return path => numbers.TryGetValue(Path.GetFileName(Path.GetDirectoryName(path)) ?? "", out var number) ? number : null;
    }

    private static QuantizationReport Show(IAnsiConsole console, Func<IProgress<QuantizationProgress>?, QuantizationReport> work)
    {
        if (!console.Profile.Capabilities.Interactive) return work(null);
        return console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new RemainingTimeColumn()).Start(context => work(new Bar(context)));
    }

    private sealed class Bar(ProgressContext context) : IProgress<QuantizationProgress>
    {
        private readonly ProgressTask _calibrating = context.AddTask("calibrating"), _comparing = context.AddTask("comparing");

        public void Report(QuantizationProgress value)
        {
            var task = value.Comparing ? _comparing : _calibrating;
            task.MaxValue = value.Total;
            task.Value = value.Done;
        }
    }
}
