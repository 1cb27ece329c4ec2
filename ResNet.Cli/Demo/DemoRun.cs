using System.Diagnostics;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The demo's steps, and what it shows of them.</summary>
internal sealed class DemoRun(IAnsiConsole console, string folder, TrainingRecipe recipe)
{
    private const int ImagesPerNewClass = 10;

    /// <summary>The new task: where a thing is worn, by the number of its class. The network is not trained for it.</summary>
    private static readonly string[] WornOn =
        ["upper body", "legs", "upper body", "whole body", "upper body", "feet", "upper body", "feet", "carried", "feet"];

    private readonly Table _table = CommandWork.CreateTable("", "Correct", "Time");
    private readonly string _imageFolder = Path.Combine(folder, "images");
    private readonly string _fewFolder = Path.Combine(folder, "few");
    private readonly string _pipelineFile = Path.Combine(folder, "where-worn.zip");

    /// <exception cref="IOException">The folder has files that no demo made.</exception>
    public void Run(CancellationToken cancellation)
    {
        DemoMark.Claim(folder);
        var data = DemoData.Open();
        var modelFile = Train(data, cancellation);

        console.WriteLine("Writing the test images as PNG files and running the exported network on them in ML.NET.");
        var everyImage = Enumerable.Range(0, data.Validation.Count);
        var test = DemoData.WriteFiles(data.Validation, everyImage, _imageFolder, label => DemoData.Labels[label]);
        cancellation.ThrowIfCancellationRequested();
        var pipelines = new DemoPipelines(modelFile, (int)recipe.Seed);
        Classify(pipelines, test);
        Transfer(pipelines, data.Training, test);

        console.Write(_table);
        console.WriteLine($"\"Correct\" is the share of the {test.Count:N0} test images, none of which was used in training.");
        var example = test[0].ImagePath;
        console.WriteLine($"Loaded again, the saved pipeline predicts for {example}: {pipelines.Predict(_pipelineFile, example)}.");
        console.WriteLine();
        ShowFiles(modelFile);
        console.WriteLine();
        ShowNext(modelFile);
    }

    private string Train(TrainingData data, CancellationToken cancellation)
    {
        console.WriteLine(
            $"Training a ResNet-20 on {data.Training.Count:N0} images of clothes (Fashion-MNIST, {data.Training.Labels.Count} classes), " +
            $"with {data.Validation.Count:N0} others for validation.");
        var display = new TrainingDisplay(console);
        var options = new TrainingOptions
        {
            Architecture = ResNetArchitecture.CifarResNet(20),
            Data = data,
            Recipe = recipe,
            OutputFolder = folder,
            IfExists = ExistingRun.Overwrite,
            DataName = "Fashion-MNIST (subset)",
        };
        var watch = Stopwatch.StartNew();
        var trained = display.Show(() => ResNetTraining.Run(options, display, cancellation));
        AddHeading("Ten kinds of clothes");
        AddRow("ResNet-20, trained just now (TorchSharp)", trained.Validation!.Top1, watch.Elapsed);
        return trained.ModelFile;
    }

    private void Classify(DemoPipelines pipelines, List<DemoImage> test)
    {
        var watch = Stopwatch.StartNew();
        var metrics = pipelines.Classify(test);
        AddRow("the same network as a model file in an ML.NET pipeline", metrics.MicroAccuracy, watch.Elapsed);
    }

    private void Transfer(DemoPipelines pipelines, ImageDataset training, List<DemoImage> test)
    {
        // The first images of each new class.
        var few = Enumerable.Range(0, training.Count)
            .GroupBy(index => WornOn[training.LabelOf(index)])
            .SelectMany(group => group.Take(ImagesPerNewClass))
            .ToList();
        console.WriteLine($"Training ML.NET for a new task with {few.Count} images: where is it worn?");
        var newTraining = DemoData.WriteFiles(training, few, _fewFolder, label => WornOn[label]);
        var newTest = test.ConvertAll(image => new DemoImage { ImagePath = image.ImagePath, Label = NewLabelOf(image) });
        AddHeading($"New task: where is it worn? ({few.Count} training images)");

        var watch = Stopwatch.StartNew();
        var onFeatures = pipelines.Transfer(newTraining, newTest, _pipelineFile);
        AddRow("ML.NET's LbfgsMaximumEntropy on the network's features", onFeatures.MicroAccuracy, watch.Elapsed);
        watch.Restart();
        var onPixels = pipelines.TrainOnPixels(newTraining, newTest);
        AddRow("the same trainer on the raw pixels", onPixels.MicroAccuracy, watch.Elapsed);
    }

    private static string NewLabelOf(DemoImage image) =>
        WornOn[DemoData.Labels.Index().Single(label => label.Item == image.Label).Index];

    private void AddHeading(string text) => _table.AddRow($"[bold]{text}[/]", "", "");

    private void AddRow(string what, double correct, TimeSpan time) =>
        _table.AddRow(new Text("  " + what), new Text($"{100 * correct:0.0} %"), new Text($"{time.TotalSeconds:0.0} s"));

    private void ShowFiles(string modelFile)
    {
        console.WriteLine("Files:");
        Show(modelFile, "the network: ONNX, takes raw pixels, contains the names of its classes");
        Show(Path.Combine(folder, "report.html"), "the training report: curves, confusion matrix, mistakes; open it in a browser");
        Show(Path.Combine(folder, "metrics.csv"), "the training metrics, a line an epoch");
        Show(Path.Combine(folder, "last.safetensors"), "the checkpoint: weights and optimizer");
        Show(_pipelineFile, "the new task as a saved ML.NET pipeline, network included");
        Show(_imageFolder + Path.DirectorySeparatorChar, "the test images in a folder for each class");
        Show(_fewFolder + Path.DirectorySeparatorChar, "the training images of the new task");

        void Show(string path, string what) => console.WriteLine($"  {path,-32} {what}");
    }

    private void ShowNext(string modelFile)
    {
        console.WriteLine("Next, for example:");
        console.WriteLine($"  resnet info {modelFile}");
        console.WriteLine($"  resnet predict --model {modelFile} \"{Path.Combine(_imageFolder, "Ankle boot")}\"");
        console.WriteLine("  resnet train --data YOUR-IMAGES --output my-run");
        console.WriteLine("Here, `resnet` stands for `dotnet run -c Release --project ResNet.Cli --`.");
    }
}
