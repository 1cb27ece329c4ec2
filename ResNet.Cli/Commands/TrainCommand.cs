using System.CommandLine;
using ResNet.MLNet;
using ResNet.Training;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet train`: images in, model file out.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Required = true, HelpName = "DIR", Description = "A folder of class folders (train/ and val/ inside it, if there), or of the IDX files of MNIST or Fashion-MNIST." };
        var output = new Option<string>("--output") { Required = true, HelpName = "DIR", Description = "Receives model.onnx, last.safetensors (the checkpoint) and metrics.csv." };
        var architecture = CommonOptions.Architecture(ResNetArchitecture.ResNet18, "The network: resnet18, resnet50:v1, cifar-resnet20, ... (`resnet info` lists them).");
        var epochs = CommonOptions.Positive("--epochs", "How often every image is shown. [default: 30]");
        var batch = CommonOptions.Positive("--batch", "Images of one step. [default: by network and number of images]");
        var size = CommonOptions.Positive("--size", "Height and width of the network's input in pixels. [default: 224, and 32 for the CIFAR networks]");
        var rate = new Option<double?>("--learning-rate") { HelpName = "X", Description = "The greatest learning rate. [default: by network and batch]" };
        var flip = new Option<bool>("--no-flip") { Description = "Do not mirror training images (letters, road signs)." };
        var share = new Option<double>("--validation") { HelpName = "SHARE", Description = "Share of each class that is split off to judge by, where the folder has no val/.", DefaultValueFactory = _ => 0.2 };
        var precision = new Option<TrainingPrecision>("--precision") { HelpName = "NAME", Description = "auto, float32 or bfloat16.", DefaultValueFactory = _ => TrainingPrecision.Auto };
        var seed = CommonOptions.Seed();
        var device = CommonOptions.Device();
        var resume = new Option<bool>("--resume") { Description = "Go on from the checkpoint in the output folder, if there is one." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the run in the output folder." };
        rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or > 0)) result.AddError("--learning-rate must be above 0.");
        });
        share.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and < 1)) result.AddError("--validation is from 0 up to, but without, 1.");
        });
        var command = new Command("train", "Trains a network on your images and writes its model file.")
        {
            data, output, architecture, epochs, batch, size, rate, flip, share, precision, seed, device, resume, overwrite,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(resume) && result.GetValue(overwrite)) result.AddError("--resume and --overwrite exclude each other.");
        });
        command.SetWork((parsed, cancellation) =>
        {
            var images = TrainingData.Open(parsed.GetRequiredValue(data), parsed.GetValue(share), parsed.GetValue(seed));
            var network = parsed.GetRequiredValue(architecture)!;
            var recipe = TrainingRecipe.For(network, images.Training.Count) with { Seed = parsed.GetValue(seed), Precision = parsed.GetValue(precision) };
            if (parsed.GetValue(epochs) is { } wantedEpochs) recipe = recipe with { Epochs = wantedEpochs };
            if (parsed.GetValue(batch) is { } wantedBatch) recipe = recipe with { BatchSize = wantedBatch };
            if (parsed.GetValue(rate) is { } wantedRate) recipe = recipe with { LearningRate = wantedRate };
            if (parsed.GetValue(size) is { } pixels) recipe = recipe with { Preprocessing = recipe.Preprocessing with { Crop = pixels, Resize = Resized(recipe.Preprocessing, pixels) } };
            if (parsed.GetValue(flip)) recipe = recipe with { Augmentation = recipe.Augmentation.WithoutFlip() };
            return Train(AnsiConsole.Console, new()
            {
                Architecture = network,
                Data = images,
                Recipe = recipe,
                OutputFolder = parsed.GetRequiredValue(output),
                Device = parsed.GetRequiredValue(device),
                IfExists = parsed.GetValue(resume) ? ExistingRun.Resume : parsed.GetValue(overwrite) ? ExistingRun.Overwrite : ExistingRun.Refuse,
                DataName = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetRequiredValue(data)))),
            }, cancellation);
        });
        return command;
    }

    private static int Train(IAnsiConsole console, TrainingOptions options, CancellationToken cancellation)
    {
        if (options.IfExists == ExistingRun.Refuse && File.Exists(Path.Combine(options.OutputFolder, Checkpoint.FileName)))
            throw new IOException($"'{options.OutputFolder}' holds a training run already. Go on with it (--resume), replace it (--overwrite), or choose another folder.");
        var (data, recipe) = (options.Data, options.Recipe);
        console.WriteLine($"{options.Architecture.Name}, {data.Training.Labels.Count} classes, {data.Training.Count:N0} images to learn from, {data.Validation.Count:N0} to judge by; " +
            $"{recipe.Epochs} epochs of batches of {recipe.BatchSize}, {recipe.Preprocessing.Crop} x {recipe.Preprocessing.Crop} pixels.");
        try
        {
            var display = new TrainingDisplay(console);
            var result = display.Show(() => TrainingLoop.Run(options, display, cancellation));
            if (result.Validation is { } validation)
            {
                console.WriteLine($"top-1 accuracy  {100 * validation.Top1:0.00} %");
                console.WriteLine($"top-5 accuracy  {100 * validation.Top5:0.00} %");
            }

            console.WriteLine($"Model file: {result.ModelFile}");
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Error.WriteLine($"Stopped. The checkpoint is in {options.OutputFolder}; the same command with --resume goes on from it.");
            return CommandLine.Failed;
        }
    }

    /// <summary>The same proportion of resized and cropped size as before.</summary>
    private static int? Resized(ImagePreprocessing standard, int crop) => standard.Resize is { } resize ? (int)Math.Round((double)crop * resize / standard.Crop) : null;
}
