// The cells of transfer-learning.ipynb as a program: dotnet run transfer-learning.cs
// Made from the notebook: change it there.
#:package ResNet.MLNet.Weights.ResNet18@*
#:package ResNet.MLNet.Interactive@*
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:package libtorch-cpu-linux-x64@2.10.0
#:property PublishAot=false
#:property Nullable=disable

using Microsoft.ML;
using Microsoft.ML.Data;
using ResNet.MLNet;
using ResNet.MLNet.Interactive;
using ResNet.Training;
using System.IO;
using System.Security.Cryptography;

NotebookFormatters.Register();

// # Transfer learning: a network for your own photographs
//
// An ImageNet ResNet-18 is fine-tuned for five classes of flowers, from 30 photographs of each. First the data is looked at, then
// the network is trained while curves grow, then come its confusion, its mistakes with class activation maps, and the use of the
// model file.
//
// Training needs a libtorch, here the one for Linux; on Windows it is `libtorch-cpu-win-x64`, on a Mac `libtorch-cpu-osx-arm64`.

// ## The data, looked at
//
// A folder for each class. How many photographs of each are there, and do they look like it?

var folder = SampleImages.Flowers("flowers");
var paths = Directory.GetFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
string LabelOf(string path) => Path.GetFileName(Path.GetDirectoryName(path));
foreach (var each in paths.GroupBy(LabelOf))
{
    $"{each.Key}: {each.Count()} photographs".Display();
    Views.Pictures(each.Take(6), height: 64).Display();
}

// The same photograph in training and in validation makes an accuracy too good. Copies of files, and the pairs of photographs
// whose ImageNet features are most alike:

var digests = paths.Select(path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
$"{paths.Length - digests.Distinct().Count()} copies of files".Display();

var mlContext = new MLContext(seed: 1);
var photos = mlContext.Data.LoadFromEnumerable(paths.Select(path => new Photo { ImagePath = path }));
var features = mlContext.Transforms.ApplyResNet18("Features", "ImagePath").Fit(photos).Transform(photos)
    .GetColumn<float[]>("Features").ToArray();
float Similarity(int one, int other) => System.Numerics.Tensors.TensorPrimitives.CosineSimilarity(features[one], features[other]);

var pairs = from one in Enumerable.Range(0, paths.Length)
            from other in Enumerable.Range(one + 1, paths.Length - one - 1)
            orderby Similarity(one, other) descending
            select new[] { one, other };
var closest = pairs.Take(4).SelectMany(pair => pair.Select(index => new Picture(paths[index], $"{Similarity(pair[0], pair[1]):0.00}")));
Views.Pictures(closest).Display();

// ## Training
//
// A quarter of each class is kept for validation. `DefaultStart` chooses the best network that is on this machine. The recipe fits
// a new head, tries on folds of the training photographs whether training all layers predicts better, and takes as much of the
// trained weights as did. Four epochs are fewer than it has of its own accord, to save time here.

var data = TrainingData.Open(folder, validationShare: 0.25);
var options = new TrainingOptions { Data = data, OutputFolder = "flowers-run", IfExists = ExistingRun.Overwrite, DataName = "flowers" };
var start = DefaultStart.Choose(options);
start.Reason.Display();

var network = start.Network;
var recipe = TrainingRecipe.FineTune(network.Architecture, network.Preprocessing, data.Training.Count).WithEpochs(4);
options = start.ApplyTo(options) with { Recipe = recipe };

var result = ResNetTraining.Run(options, new TrainingMonitor());

// ## How good is it?
//
// What the run says of its accuracy, the curves, and the confusion of the validation photographs:

foreach (var note in result.Notes) note.Display();
result.Display();

// The photographs that it was surest of and wrong about. The second picture is colored by how much each place speaks for the
// prediction, from dark (little) to bright (much).

Views.Mistakes(Path.Combine("flowers-run", "report.html")).Display();

// ## The model file, used
//
// The model file knows its classes and how images are prepared. This is all that an application needs, with ResNet.MLNet and a
// native ONNX Runtime:

var model = ResNetModel.Open(result.ModelFile);
var path = paths[25];
new Picture(path).Display();
model.Classify(path, top: 3).Display();
model.Dispose();

public class Photo
{
    public string ImagePath { get; set; } = "";
}
