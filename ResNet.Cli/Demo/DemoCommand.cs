using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet demo`: the whole road on embedded data. Trains a ResNet-20, exports it, uses it in ML.NET, and teaches ML.NET a new task with its features.</summary>
internal static class DemoCommand
{
    private const int ImagesPerNewClass = 10;

    /// <summary>The new task: where a thing is worn, by the number of its class. The network is never told.</summary>
    private static readonly string[] WornOn = ["upper body", "legs", "upper body", "whole body", "upper body", "feet", "upper body", "feet", "carried", "feet"];

    /// <summary>Found by trying a few: more accurate in ten epochs than the paper's numbers, which are made for 160.</summary>
    private static readonly TrainingRecipe Recipe = new()
    {
        Epochs = 10,
        BatchSize = 64,
        LearningRate = 0.2,
        WeightDecay = 5e-4,
        Augmentation = new Augmentation.PadCropFlip(Padding: 3),
        Preprocessing = ImagePreprocessing.Small(DemoData.Size),
        Keep = KeptEpoch.Last,
    };

    public static Command Create()
    {
        var output = new Option<string>("--output") { HelpName = "DIR", Description = "Receives the files.", DefaultValueFactory = _ => "resnet-demo" };
        var epochs = CommonOptions.Positive("--epochs", $"How often every image is shown. [default: {Recipe.Epochs}]");
        var seed = CommonOptions.Seed();
        var command = new Command("demo", "The whole road on embedded data (Fashion-MNIST), in a minute or two: train, export, ML.NET, transfer learning.") { output, epochs, seed };
        command.SetWork((parsed, cancellation) =>
        {
            Run(AnsiConsole.Console, parsed.GetRequiredValue(output), Recipe with { Epochs = parsed.GetValue(epochs) ?? Recipe.Epochs, Seed = parsed.GetValue(seed) }, cancellation);
            return CommandLine.Done;
        });
        return command;
    }

    private static void Run(IAnsiConsole console, string folder, TrainingRecipe recipe, CancellationToken cancellation)
    {
        var data = DemoData.Open();
        var watch = Stopwatch.StartNew();
        console.WriteLine($"Training a ResNet-20 on {data.Training.Count:N0} images of clothes (Fashion-MNIST, {data.Training.Labels.Count} classes); judged by {data.Validation.Count:N0} others.");
        var display = new TrainingDisplay(console);
        var trained = display.Show(() => ResNetTraining.Run(
            new()
            {
                Architecture = ResNetArchitecture.CifarResNet(20),
                Data = data,
                Recipe = recipe,
                OutputFolder = folder,
                IfExists = ExistingRun.Overwrite,
                DataName = "Fashion-MNIST (subset)",
            }, display, cancellation));
        var trainingTime = Lap();

        console.WriteLine("Writing the test images as PNG files and running the exported network on them in ML.NET.");
        var images = Path.Combine(folder, "images");
        var test = DemoData.WriteFiles(data.Validation, Enumerable.Range(0, data.Validation.Count), images, label => DemoData.Labels[label]);
        cancellation.ThrowIfCancellationRequested();
        var pipelines = new DemoPipelines(trained.ModelFile, (int)recipe.Seed);
        watch.Restart();
        var classified = pipelines.Classify(test);
        var classifyTime = Lap();

        // Ten images for each new class: the first of those in the training images.
        var few = Enumerable.Range(0, data.Training.Count).GroupBy(index => WornOn[data.Training.LabelOf(index)]).SelectMany(group => group.Take(ImagesPerNewClass)).ToList();
        console.WriteLine($"Teaching ML.NET a new task from {few.Count} images: where is it worn?");
        var fewImages = DemoData.WriteFiles(data.Training, few, Path.Combine(folder, "few"), label => WornOn[label]);
        var newTest = test.ConvertAll(image => new DemoImage { ImagePath = image.ImagePath, Label = WornOn[DemoData.Labels.Index().Single(label => label.Item == image.Label).Index] });
        var savedPipeline = Path.Combine(folder, "where-worn.zip");
        watch.Restart();
        var transferred = pipelines.Transfer(fewImages, newTest, savedPipeline);
        var transferTime = Lap();
        var pixels = pipelines.TrainOnPixels(fewImages, newTest);
        var pixelTime = Lap();

        var table = CommandLine.CreateTable("", "Correct", "Time");
        table.AddRow("[bold]Ten kinds of clothes[/]", "", "");
        Row("ResNet-20, trained just now (TorchSharp)", trained.Validation!.Top1, trainingTime);
        Row("the same network as a model file in an ML.NET pipeline", classified.MicroAccuracy, classifyTime);
        table.AddRow($"[bold]New task: where is it worn? ({few.Count} images to learn from)[/]", "", "");
        Row("ML.NET's LbfgsMaximumEntropy on the network's features", transferred.MicroAccuracy, transferTime);
        Row("the same trainer on the raw pixels", pixels.MicroAccuracy, pixelTime);
        console.Write(table);
        console.WriteLine($"\"Correct\" is the share of the {test.Count:N0} test images, none of which was learned from.");
        var example = test[0].ImagePath;
        console.WriteLine($"Loaded again, the saved pipeline says of {example}: {pipelines.Predict(savedPipeline, example)}.");
        console.WriteLine();
        Files(console,
            (trained.ModelFile, "the network: ONNX, takes raw pixels, knows its classes"),
            (Path.Combine(folder, "report.html"), "what training gave: curves, confusion, mistakes; open it in a browser"),
            (Path.Combine(folder, "metrics.csv"), "how training went, a line an epoch"),
            (Path.Combine(folder, "last.safetensors"), "the checkpoint: weights and optimizer"),
            (savedPipeline, "the new task as a saved ML.NET pipeline, network included"),
            (images + Path.DirectorySeparatorChar, "the test images in a folder for each class"),
            (Path.Combine(folder, "few") + Path.DirectorySeparatorChar, "the images of the new task"));
        console.WriteLine();
        console.WriteLine("Next, for example:");
        console.WriteLine($"  resnet info {trained.ModelFile}");
        console.WriteLine($"  resnet predict --model {trained.ModelFile} \"{Path.Combine(images, "Ankle boot")}\"");
        console.WriteLine("  resnet train --data YOUR-IMAGES --output my-run");
        console.WriteLine("Here, `resnet` stands for `dotnet run -c Release --project ResNet.Cli --`.");

        TimeSpan Lap()
        {
            var elapsed = watch.Elapsed;
            watch.Restart();
            return elapsed;
        }

        void Row(string what, double right, TimeSpan time) => table.AddRow(new Text("  " + what), new Text($"{100 * right:0.0} %"), new Text($"{time.TotalSeconds:0.0} s"));
    }

    private static void Files(IAnsiConsole console, params ReadOnlySpan<(string Path, string What)> files)
    {
        console.WriteLine("Files:");
        foreach (var (path, what) in files) console.WriteLine($"  {path,-32} {what}");
    }
}
