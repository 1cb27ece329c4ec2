using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet train`: images in, model file and report out.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var run = new RunOptions();
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "DIR",
            Description = "The folder for model.onnx, report.html, metrics.csv, tensorboard/ and the checkpoints last.safetensors and " +
                "best.safetensors.",
        };
        var every = new Option<double>("--checkpoint-every")
        {
            HelpName = "SECONDS",
            Description = "The time between two checkpoints, that is, the work that a power cut can cost.",
            DefaultValueFactory = _ => 300,
        };
        every.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and < 1e6))
                result.AddError("--checkpoint-every must be a number of seconds, from 0 to 999999.");
        });
        var time = TimeOption.Create(
            "The time that the run may take, such as 90s, 10m or 1h30m: the number of epochs, and what else takes time, is fitted to it.");
        var resume = new Option<bool>("--resume") { Description = "Continue from the checkpoint in the output folder, if there is one." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the run in the output folder." };
        var command = new Command("train", "Trains a network on your images, or fine-tunes a trained one, and writes its model file.")
        {
            output,
            time,
            every,
            resume,
            overwrite,
        };
        run.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(resume) && result.GetValue(overwrite)) result.AddError("--resume and --overwrite exclude each other.");
            if (result.GetResult(time) is not null && result.GetResult("--epochs") is not null)
                result.AddError("--time chooses the number of epochs, so it cannot stand beside --epochs.");
        });
        command.SetWork(
            (parsed, cancellation) =>
            {
                var folder = parsed.GetRequiredValue(output);
                var existing = Choose(parsed.GetValue(resume), parsed.GetValue(overwrite));
                // Before anything is read or downloaded.
                ResNetTraining.CheckFolder(folder, existing);
                var options = run.Get(parsed, folder, cancellation, existing) with
                {
                    CheckpointInterval = TimeSpan.FromSeconds(parsed.GetValue(every)),
                    Command = CommandWork.Repeat(parsed),
                };
                options = run.FitBatch(parsed, options, cancellation);
                return Train(AnsiConsole.Console, FitTime(options, parsed.GetValue(time), cancellation), cancellation);
            },
            run.HintFor);
        return command;
    }

    private static ExistingRun Choose(bool resume, bool overwrite)
    {
        if (resume) return ExistingRun.Resume;
        return overwrite ? ExistingRun.Overwrite : ExistingRun.Refuse;
    }

    private static TrainingOptions FitTime(TrainingOptions options, TimeSpan? time, CancellationToken cancellation)
    {
        if (time is not { } available) return options;
        var fitted = ResNetTraining.FitTime(options, available, cancellation);
        AnsiConsole.Console.WriteLine(fitted.Message);
        return options with { Recipe = fitted.Recipe };
    }

    private static int Train(IAnsiConsole console, TrainingOptions options, CancellationToken cancellation)
    {
        var plan = options.Resolve();
        ShowPlan(console, plan);
        try
        {
            var display = new TrainingDisplay(console);
            var result = display.Show(() => ResNetTraining.Run(options, display, cancellation));
            ShowResult(console, result, plan.Options.Data.Training.Labels);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Error.WriteLine(LastWords(options.OutputFolder));
            return ExitCode.Failed;
        }
    }

    private static string LastWords(string folder) => ResNetTraining.HoldsRun(folder)
        ? $"Stopped. The work so far is in {folder}; run the same command with --resume to continue, or `resnet export {folder}` to make " +
            "a model file and a report of it."
        : "Stopped before the first checkpoint. The same command goes on with what was computed for the new head, if there is one.";

    private static void ShowPlan(IAnsiConsole console, TrainingPlan plan)
    {
        var (data, recipe) = (plan.Options.Data, plan.Recipe);
        var start = plan.Options.StartFrom?.Name ?? "random weights";
        var taught = plan.Options.Teacher is { } teacher ? $" taught by {teacher.Name}" : "";
        var size = recipe.Preprocessing.Crop;
        string[] parts =
        [
            $"{plan.Architecture.Name} from {start}{taught}",
            $"{data.Training.Labels.Count} classes{(data.Training.IsMultiLabel ? " (any number an image)" : "")}",
            $"{data.Training.Count:N0} training images",
            $"{data.Validation.Count:N0} validation images",
            $"{recipe.Epochs} epochs in batches of {recipe.BatchSize}",
            $"{size} x {size} pixels",
        ];
        console.WriteLine($"{string.Join(", ", parts)}.");
    }

    private static void ShowResult(IAnsiConsole console, TrainingResult result, IReadOnlyList<string> labels)
    {
        if (result.MultiLabelValidation is { } several) ShowLabels(console, result, several);
        if (result.Validation is { } validation)
        {
            ShowBest(console, result);
            var (lower, upper) = validation.Top1Interval;
            console.WriteLine($"top-1 accuracy  {100 * validation.Top1:0.00} %  ({100 * lower:0.00} to {100 * upper:0.00})");
            console.WriteLine($"majority class  {100 * validation.MajorityShare:0.00} %  ({labels[validation.MajorityClass]})");
            if (validation.Top5 is { } top5) console.WriteLine($"top-5 accuracy  {100 * top5:0.00} %");
            console.WriteLine($"The range is the 95 % interval of a result on {validation.Count:N0} images.");
        }

        foreach (var note in result.Notes) console.MarkupLineInterpolated($"[yellow]{note}[/]");
        console.WriteLine($"Model file: {result.ModelFile}");
        console.WriteLine();
        console.WriteLine("Use it on the command line, or in C#:");
        string[] lines = [$"resnet predict --model {CommandWork.Quote(result.ModelFile)} photo.jpg", .. result.ExampleCode.Split('\n')];
        foreach (var line in lines) console.WriteLine($"  {line}");
    }

    private static void ShowLabels(IAnsiConsole console, TrainingResult result, MultiLabelMetrics labels)
    {
        ShowBest(console, result);
        console.WriteLine($"mean average precision  {100 * labels.MeanAveragePrecision:0.00} %");
        console.WriteLine($"micro F1                {100 * labels.MicroF1:0.00} % (thresholds chosen on these images)");
        console.WriteLine($"macro F1                {100 * labels.MacroF1:0.00} %");
    }

    private static void ShowBest(IAnsiConsole console, TrainingResult result)
    {
        if (result.Kept.Epoch != result.History[^1].Epoch)
            console.WriteLine($"The best epoch was {result.Kept.Epoch}; the model file has its weights.");
    }
}
