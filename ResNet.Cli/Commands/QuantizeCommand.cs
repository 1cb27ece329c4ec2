using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet quantize`: an int8 model file, for CPUs.</summary>
internal static class QuantizeCommand
{
    public static Command Create()
    {
        var standard = new QuantizationOptions();
        var model = CommonOptions.Model();
        var calibration = new Option<string>("--calibration")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Some hundreds of images like those that the network will be used on. If they are in class folders, accuracy " +
                "is measured, too.",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "FILE",
            Description = "The int8 model file to write (.onnx).",
        };
        var images = CommonOptions.Positive("--images", $"The most images to calibrate with. [default: {standard.CalibrationImages}]");
        var method = new Option<CalibrationMethod>("--method")
        {
            HelpName = "NAME",
            Description = "Calibration method: mse, minmax, percentile or entropy.",
            DefaultValueFactory = _ => standard.Method,
        };
        var maximum = new Option<double>("--max-loss")
        {
            HelpName = "POINTS",
            Description = "The most percentage points that may be lost, else the exit code is 1: of top-1 accuracy if the images have " +
                "labels, else of agreement with the float network.",
            DefaultValueFactory = _ => 2,
        };
        output.RefuseFolder();
        var command = new Command("quantize", "Converts a model file to int8: smaller, and faster on a CPU.")
        {
            model,
            calibration,
            output,
            images,
            method,
            maximum,
        };
        var preprocessing = new PreprocessingOptions();
        preprocessing.AddTo(command);
        var limits = new LimitOptions();
        limits.AddTo(command);
        command.SetWork((parsed, cancellation) =>
        {
            var console = AnsiConsole.Console;
            var file = Models.Find(console, parsed.GetRequiredValue(model), cancellation);
            var paths = ImagePaths.Find([parsed.GetRequiredValue(calibration)]);
            var target = parsed.GetRequiredValue(output);
            var card = ModelCard.Read(file);
            var options = new QuantizationOptions
            {
                Method = parsed.GetValue(method),
                CalibrationImages = parsed.GetValue(images) ?? standard.CalibrationImages,
                MaximumPixels = limits.Pixels(parsed),
                MaximumFileBytes = limits.FileBytes(parsed),
                Preprocessing = preprocessing.ForModel(parsed, file),
                LabelOf = card?.Labels is { } labels ? NumberOfFolder(labels) : null,
            };
            var report = Show(console, progress => ResNetQuantizer.Quantize(file, paths, target, options, progress, cancellation));
            WriteReport(console, report, target, paths.Count <= options.CalibrationImages);
            return Check(report, parsed.GetValue(maximum));
        });
        return command;
    }

    /// <summary>The class of an image by the name of its folder; null if there is no class of that name.</summary>
    private static Func<string, int?> NumberOfFolder(IReadOnlyList<string> labels)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var number = 0; number < labels.Count; number++) numbers.TryAdd(labels[number], number);
        return path => numbers.TryGetValue(Path.GetFileName(Path.GetDirectoryName(path)) ?? "", out var number) ? number : null;
    }

    /// <param name="console">Where it is shown.</param>
    /// <param name="report">The comparison.</param>
    /// <param name="target">The int8 model file.</param>
    /// <param name="usesSame">Whether there were no other images to compare on than those of the calibration.</param>
    private static void WriteReport(IAnsiConsole console, QuantizationReport report, string target, bool usesSame)
    {
        foreach (var problem in report.Skipped) Console.Error.WriteLine($"Skipped: {problem}");
        var table = CommandWork.CreateTable("", "Float", "int8");
        table.AddRow("Size", $"{report.FloatBytes / 1e6:0.00} MB", $"{report.IntegerBytes / 1e6:0.00} MB");
        table.AddRow("Speed on one core", "1.0", $"{report.SpeedUp:0.0} times");
        if (report is { FloatTop1: { } before, IntegerTop1: { } after })
            table.AddRow("Top-1 accuracy", $"{100 * before:0.00} %", $"{100 * after:0.00} %");
        if (report.Agreement is { } agreement) table.AddRow("Same prediction", "", $"{100 * agreement:0.00} %");
        if (report.FeatureCosine is { } cosine) table.AddRow("Cosine of the features", "", $"{cosine:0.00000}");
        console.Write(table);
        var same = usesSame ? ", all of which were used for calibration, too" : "";
        console.WriteLine($"Compared on {report.Images:N0} images{same}. Model file: {target}");
    }

    private static int Check(QuantizationReport report, double maximum)
    {
        var lost = 100 * LostShare(report);
        if (lost <= maximum) return ExitCode.Done;
        Console.Error.WriteLine(
            $"{lost:0.00} points were lost, more than --max-loss {maximum}. " +
            "More or better calibration images, or another --method, may help.");
        return ExitCode.Failed;
    }

    private static double LostShare(QuantizationReport report)
    {
        if (report.FloatTop1 is { } top1) return top1 - report.IntegerTop1!.Value;
        return 1 - (report.Agreement ?? report.FeatureCosine ?? 1);
    }

    private static QuantizationReport Show(IAnsiConsole console, Func<IProgress<QuantizationProgress>?, QuantizationReport> work)
    {
        if (!console.Profile.Capabilities.Interactive) return work(null);
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new RemainingTimeColumn())
            .Start(context => work(new Bar(context)));
    }

    private sealed class Bar(ProgressContext context) : IProgress<QuantizationProgress>
    {
        private readonly ProgressTask _calibrating = context.AddTask("calibrating");
        private readonly ProgressTask _comparing = context.AddTask("comparing");

        public void Report(QuantizationProgress value)
        {
            var task = value.Comparing ? _comparing : _calibrating;
            task.MaxValue = value.Total;
            task.Value = value.Done;
        }
    }
}
