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
                var options = run.Get(parsed, folder, cancellation) with
                {
                    IfExists = existing,
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
        ShowPlan(console, options.Resolve());
        try
        {
            var display = new TrainingDisplay(console);
            ShowResult(console, display.Show(() => ResNetTraining.Run(options, display, cancellation)));
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
        : "Stopped before the first checkpoint.";

    private static void ShowPlan(IAnsiConsole console, TrainingPlan plan)
    {
        var (data, recipe) = (plan.Options.Data, plan.Recipe);
        var start = plan.Options.StartFrom is { } network ? $" from {network.Name}" : "";
        var size = recipe.Preprocessing.Crop;
        string[] parts =
        [
            $"{plan.Architecture.Name}{start}",
            $"{data.Training.Labels.Count} classes",
            $"{data.Training.Count:N0} training images",
            $"{data.Validation.Count:N0} validation images",
            $"{recipe.Epochs} epochs in batches of {recipe.BatchSize}",
            $"{size} x {size} pixels",
        ];
        console.WriteLine($"{string.Join(", ", parts)}.");
    }

    private static void ShowResult(IAnsiConsole console, TrainingResult result)
    {
        if (result.Validation is { } validation)
        {
            if (result.Kept.Epoch != result.History[^1].Epoch)
                console.WriteLine($"The best epoch was {result.Kept.Epoch}; the model file has its weights.");
            console.WriteLine($"top-1 accuracy  {100 * validation.Top1:0.00} %");
            console.WriteLine($"top-5 accuracy  {100 * validation.Top5:0.00} %");
        }

        console.WriteLine($"Model file: {result.ModelFile}");
    }
}
