using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet train`: images in, model file and report out.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var recipe = new RecipeOptions();
        var output = new Option<string>("--output") { Required = true, HelpName = "DIR", Description = "Receives model.onnx, report.html, metrics.csv, tensorboard/ and the checkpoints last.safetensors and best.safetensors." };
        var every = new Option<double>("--checkpoint-every") { HelpName = "SECONDS", Description = "How much work a power cut may cost.", DefaultValueFactory = _ => 300 };
        var resume = new Option<bool>("--resume") { Description = "Go on from the checkpoint in the output folder, if there is one." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the run in the output folder." };
        every.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and < 1e6)) result.AddError("--checkpoint-every is a number of seconds from 0.");
        });
        var command = new Command("train", "Trains a network on your images, or teaches one that has learned others, and writes its model file.") { output, every, resume, overwrite };
        recipe.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(resume) && result.GetValue(overwrite)) result.AddError("--resume and --overwrite exclude each other.");
        });
        command.SetWork((parsed, cancellation) =>
        {
            var folder = parsed.GetRequiredValue(output);
            var existing = parsed.GetValue(resume) ? ExistingRun.Resume : parsed.GetValue(overwrite) ? ExistingRun.Overwrite : ExistingRun.Refuse;
            if (existing == ExistingRun.Refuse && ResNetTraining.HoldsRun(folder))
                throw new IOException($"'{folder}' holds a training run already. Go on with it (--resume), replace it (--overwrite), or choose another folder.");
            var options = recipe.Get(parsed, folder, cancellation) with
            {
                IfExists = existing,
                CheckpointInterval = TimeSpan.FromSeconds(parsed.GetValue(every)),
                Command = CommandLine.Of(parsed),
            };
            return Train(AnsiConsole.Console, recipe.FitBatch(parsed, options, cancellation), cancellation);
        });
        return command;
    }

    private static int Train(IAnsiConsole console, TrainingOptions options, CancellationToken cancellation)
    {
        var plan = options.Resolve();
        var (data, recipe) = (options.Data, plan.Recipe);
        console.WriteLine($"{plan.Architecture.Name}{(options.StartFrom is { } start ? $" from {start.Name}" : "")}, {data.Training.Labels.Count} classes, {data.Training.Count:N0} images to learn from, {data.Validation.Count:N0} to judge by; " +
            $"{recipe.Epochs} epochs of batches of {recipe.BatchSize}, {recipe.Preprocessing.Crop} x {recipe.Preprocessing.Crop} pixels.");
        try
        {
            var display = new TrainingDisplay(console);
            var result = display.Show(() => ResNetTraining.Run(options, display, cancellation));
            if (result.Validation is { } validation)
            {
                if (result.Kept.Epoch != result.History[^1].Epoch) console.WriteLine($"The best epoch was {result.Kept.Epoch}; its network is the one that is kept.");
                console.WriteLine($"top-1 accuracy  {100 * validation.Top1:0.00} %");
                console.WriteLine($"top-5 accuracy  {100 * validation.Top5:0.00} %");
            }

            console.WriteLine($"Model file: {result.ModelFile}");
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Error.WriteLine($"Stopped. What was done is in {options.OutputFolder}; the same command with --resume goes on from it.");
            return CommandLine.Failed;
        }
    }
}
