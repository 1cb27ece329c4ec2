using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet evaluate`: how well a network classifies labeled images.</summary>
internal static class EvaluateCommand
{
    private const string Text = "text", Json = "json", Csv = "csv";
    private const string Training = "train", Validation = "val";

    public static Command Create()
    {
        var model = CommonOptions.Model();
        var data = new Option<string>("--data")
        {
            Required = true,
            HelpName = "DIR | FILE",
            Description = "Labeled images: class folders, train/ and val/ with class folders, a table, MNIST's or CIFAR's files.",
        };
        var part = new Option<string?>("--part")
        {
            HelpName = "NAME",
            Description = $"Which part of data that has parts: {Training} or {Validation}. [default: {Validation}]",
        };
        part.AcceptOnlyFromAmong(Training, Validation);
        var compare = new Option<string?>("--compare")
        {
            HelpName = "FILE | NAME",
            Description = "Another model; it is said whether the difference may be chance, and which predictions changed.",
        };
        var format = new Option<string>("--format")
        {
            HelpName = "NAME",
            Description = "text, json (all figures and images) or csv (a line an image).",
            DefaultValueFactory = _ => Text,
        };
        format.AcceptOnlyFromAmong(Text, Json, Csv);
        var output = new Option<string?>("--output")
        {
            HelpName = "FILE",
            Description = "A file to write besides (.json or .csv).",
        };
        output.RefuseFolder();
        output.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } file && Path.GetExtension(file).ToLowerInvariant() is not (".json" or ".csv"))
                result.AddError($"--output '{file}' must end in .json or .csv.");
        });
        var command = new Command("evaluate", "Measures how well a network classifies labeled images.")
        {
            model,
            data,
            part,
            compare,
            format,
            output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(compare) is not null && result.GetValue(format) is (Json or Csv))
                result.AddError("--compare is shown as text, which --format json and csv have no place for. Leave one of them out.");
        });
        var limits = new LimitOptions();
        limits.AddTo(command);
        var preprocessing = new PreprocessingOptions();
        preprocessing.AddTo(command);
        command.SetWork((parsed, cancellation) =>
        {
            var console = AnsiConsole.Console;
            var images = Find(parsed.GetRequiredValue(data), parsed.GetValue(part), out var notes);
            EvaluationOptions options = new() { MaximumPixels = limits.Pixels(parsed), MaximumFileBytes = limits.FileBytes(parsed) };
            var result = Evaluate(parsed.GetRequiredValue(model));
            foreach (var note in notes.Concat(result.Notes)) Console.Error.WriteLine(note);
            foreach (var problem in result.Problems) Console.Error.WriteLine(problem);
            if (parsed.GetValue(output) is { } file) result.Write(file);
            switch (parsed.GetRequiredValue(format))
            {
                case Json:
                    Console.Out.Write(PlainText.OfJson(result.ToJson()));
                    break;
                case Csv:
                    Console.Out.Write(PlainText.Of(result.ToCsv()));
                    break;
                default:
                    EvaluationWriter.Write(console, result);
                    break;
            }

            if (parsed.GetValue(compare) is { } other)
            {
                var second = Evaluate(other);
                foreach (var note in second.Notes) Console.Error.WriteLine($"{other}: {note}");
                EvaluationWriter.Write(console, result, second, EvaluationComparison.Of(result, second));
            }

            if (result.Problems.Count == 0) return ExitCode.Done;
            Console.Error.WriteLine($"{result.Problems.Count} of {images.Count} images could not be read.");
            return ExitCode.Failed;

            ModelEvaluation Evaluate(string name)
            {
                using var network = Models.Open(console, name, preprocessing, parsed, cancellation);
                Bar bar = new();
                return ProgressBar.Show(console, bar.Begin, () => ResNetEvaluator.Evaluate(network, images, options, bar, cancellation));
            }
        });
        return command;
    }

    /// <summary>The images of the part that is wanted.</summary>
    private static ImageDataset Find(string path, string? part, out List<string> notes)
    {
        var found = TrainingData.Open(path, validationShare: 0, minimumClasses: 1);
        notes = [.. found.Notes];
        if (found.Validation.Count == 0)
        {
            if (part is not null) throw new ArgumentException($"'{path}' has no parts, so --part has no meaning. Leave it out.");
            return found.Training;
        }

        if (part is null) notes.Add($"The {found.Validation.Count:N0} validation images are evaluated (--part train: the others).");
        return part == Training ? found.Training : found.Validation;
    }

    /// <summary>Shows how far it is, where there is a terminal.</summary>
    private sealed class Bar : IProgress<EvaluationProgress>
    {
        private ProgressTask? _task;

        public void Begin(ProgressTask task) => _task = task;

        public void Report(EvaluationProgress value)
        {
            if (_task is null) return;
            _task.Value = (double)value.Done / value.Count;
            _task.Description = $"{value.Done:N0} of {value.Count:N0} images";
        }
    }
}
