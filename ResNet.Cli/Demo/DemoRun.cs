using System.Diagnostics;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>The demo's steps, and what it shows of them.</summary>
internal sealed class DemoRun(IAnsiConsole console, string folder, TrainingRecipe recipe)
{
    private const int ImagesPerNewClass = 10;
    private const int PixelSide = 32;
    private const string ImageNetWeights = "resnet18-mlnet";
    private const string ImageNetPackage = "ResNet.MLNet.Weights.ResNet18";

    /// <summary>The new task: where a thing is worn, by the number of its class. The network is not trained for it.</summary>
    private static readonly string[] WornOn =
        ["upper body", "legs", "upper body", "whole body", "upper body", "feet", "upper body", "feet", "carried", "feet"];

    private readonly Table _table = CommandWork.CreateTable("", "Correct", "Time", "Images/s");
    private readonly string _imageFolder = Path.Combine(folder, "images");
    private readonly string _fewFolder = Path.Combine(folder, "few");
    private readonly string _pipelineFile = Path.Combine(folder, "where-worn.zip");
    private readonly string _flowerFolder = Path.Combine(folder, "flowers");
    private readonly string _flowerPipeline = Path.Combine(folder, "flowers.zip");

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
        var pipelines = new DemoPipelines((int)recipe.Seed);
        Classify(pipelines, modelFile, test);
        Transfer(pipelines, modelFile, data.Training, test);
        TrainOnPhotographs(pipelines, cancellation);

        console.Write(_table);
        console.WriteLine("\"Correct\" is the share of the test images, none of which was used in training.");
        console.WriteLine("\"Images/s\" is how fast the features of the test images are computed, once warm.");
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

    private void Classify(DemoPipelines pipelines, string modelFile, List<DemoImage> test)
    {
        var watch = Stopwatch.StartNew();
        var metrics = pipelines.Classify(modelFile, test);
        AddRow("the same network in an ML.NET pipeline", metrics.MicroAccuracy, watch.Elapsed);
    }

    private void Transfer(DemoPipelines pipelines, string modelFile, ImageDataset training, List<DemoImage> test)
    {
        // The first images of each new class.
        var few = Enumerable.Range(0, training.Count)
            .GroupBy(index => WornOn[training.LabelOf(index)])
            .SelectMany(group => group.Take(ImagesPerNewClass))
            .ToList();
        console.WriteLine($"Training ML.NET for a new task (LbfgsMaximumEntropy) with {few.Count} images: where is it worn?");
        var newTraining = DemoData.WriteFiles(training, few, _fewFolder, label => WornOn[label]);
        var newTest = test.ConvertAll(image => new DemoImage { ImagePath = image.ImagePath, Label = NewLabelOf(image) });
        AddHeading($"Where is it worn? ({few.Count} training images)");

        var watch = Stopwatch.StartNew();
        var onFeatures = pipelines.Transfer(modelFile, newTraining, newTest, _pipelineFile);
        AddRow("ML.NET's trainer on the network's features", onFeatures, watch.Elapsed);
        watch.Restart();
        var onPixels = pipelines.TrainOnPixels(newTraining, newTest, DemoData.Size);
        AddRow("the same trainer on the raw pixels", onPixels, watch.Elapsed);
    }

    /// <summary>The second act: photographs, and a network that was trained on ImageNet.</summary>
    private void TrainOnPhotographs(DemoPipelines pipelines, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var store = ModelStore.Default;
        // Always these, whatever else is on this machine: DnnFeaturizeImage has them, too.
        var weights = PretrainedResNet.Find(ImageNetWeights)!;
        if (!store.Has(weights))
        {
            console.WriteLine($"There are no ImageNet weights here: add the package {ImageNetPackage} to see the demo's photographs.");
            return;
        }

        var flowers = DemoFlowers.Write(_flowerFolder, (int)recipe.Seed);
        console.WriteLine(
            $"Training ML.NET to recognize {flowers.Classes} kinds of flowers with {flowers.Training.Count} photographs; " +
            $"{flowers.Test.Count} others are for testing.");
        // Made of its package once; that is not part of the comparison.
        store.Get(weights, cancellation: cancellation);
        AddHeading($"Photographs of flowers ({flowers.Training.Count} for training)");
        Measure("ML.NET's trainer on ApplyResNet18", () =>
            pipelines.TrainOnImageNet(weights.Name, flowers.Training, flowers.Test, _flowerPipeline));
        // DnnFeaturizeImage looks for them beside the program only.
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, weights.Package!.GraphFile)))
            Measure("the same trainer on stock DnnFeaturizeImage", () => pipelines.TrainOnStockFeatures(flowers.Training, flowers.Test));
        else
            console.WriteLine($"Without DnnFeaturizeImage, because the files of {weights.Package.Id} are not beside this program.");
        Measure($"the same trainer on raw pixels ({PixelSide} x {PixelSide})", () =>
            pipelines.TrainOnPixels(flowers.Training, flowers.Test, PixelSide));

        void Measure(string what, Func<DemoFigures> train)
        {
            cancellation.ThrowIfCancellationRequested();
            console.WriteLine($"  {what}");
            var watch = Stopwatch.StartNew();
            AddRow(what, train(), watch.Elapsed);
        }
    }

    private static string NewLabelOf(DemoImage image) =>
        WornOn[DemoData.Labels.Index().Single(label => label.Item == image.Label).Index];

    private void AddHeading(string text) => _table.AddRow($"[bold]{text}[/]", "", "", "");

    private void AddRow(string what, DemoFigures figures, TimeSpan time) =>
        AddRow(what, figures.Accuracy, time, $"{figures.ImagesPerSecond:0}");

    private void AddRow(string what, double correct, TimeSpan time, string imagesPerSecond = "") => _table.AddRow(
        new Text("  " + what), new Text($"{100 * correct:0.0} %"), new Text($"{time.TotalSeconds:0.0} s"), new Text(imagesPerSecond));

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
        if (!File.Exists(_flowerPipeline)) return;
        Show(_flowerPipeline, "the flowers as a saved ML.NET pipeline, ImageNet network included");
        Show(_flowerFolder + Path.DirectorySeparatorChar, "the photographs in a folder for each class, with their credits");

        void Show(string path, string what) => console.WriteLine($"  {path,-32} {what}");
    }

    private void ShowNext(string modelFile)
    {
        console.WriteLine("Next, for example:");
        console.WriteLine($"  resnet info {modelFile}");
        console.WriteLine($"  resnet predict --model {modelFile} \"{Path.Combine(_imageFolder, "Ankle boot")}\"");
        console.WriteLine("  resnet train --data YOUR-IMAGES --output my-run");
        console.WriteLine("In a clone without the installed tool, type `dotnet run -c Release --project ResNet.Cli --` for `resnet`.");
    }
}
