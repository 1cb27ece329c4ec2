// The cells of degradation.ipynb as a program: dotnet run degradation.cs
// Made from the notebook: change it there.
#:package ResNet.MLNet.Interactive@*
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:package libtorch-cpu-linux-x64@2.10.0
#:property PublishAot=false
#:property Nullable=disable

using Microsoft.ML;
using ResNet.MLNet;
using ResNet.MLNet.Interactive;
using ResNet.Training;
using System.IO;

NotebookFormatters.Register();

// # The degradation experiment, small
//
// The observation that residual networks begin with (He et al. 2015, Figure 1): of two plain networks, the deeper one has the
// higher *training* error. That is not overfitting, and not a lack of capacity: the deeper network could be the shallower one with
// layers behind it that change nothing. With a shortcut around every two layers (Figure 6) the deeper network is no longer the
// worse one.
//
// Here are the four networks of that comparison, 20 and 56 layers deep, plain and residual, on small pictures of clothes. Training
// them takes a few minutes on two cores; the last cell says what so short a run shows, and what it does not.
//
// Training needs a libtorch, here the one for Linux; on Windows it is `libtorch-cpu-win-x64`, on a Mac `libtorch-cpu-osx-arm64`.

// ## The data
//
// 7,000 gray pictures of ten classes, 28 x 28 pixels, come with `ResNet.MLNet.Interactive`: a subset of Fashion-MNIST (copyright
// 2017 Zalando SE, MIT license, which is written beside them).

var folder = SampleImages.Clothes("clothes");
var data = TrainingData.Open(folder);
$"{data.Training.Count} pictures to train on, {data.Validation.Count} to validate with".Display();
string FirstOf(string label) => Directory.GetFiles(Path.Combine(folder, "train", label)).Min(StringComparer.Ordinal);
Views.Pictures(data.Training.Labels.Select(label => new Picture(FirstOf(label), label)), height: 56).Display();

// ## The networks
//
// The paper's networks for CIFAR-10 (section 4.2): 6n + 2 layers, here with 8 channels in the first stage instead of 16, for
// pictures reduced to 16 x 16 pixels. Their shortcuts have no weights (option A), so that the plain and the residual network of
// one depth have the same parameters and the same multiply-adds.

const int Size = 16;
var networks = new[]
{
    ResNetArchitecture.CifarPlain(20), ResNetArchitecture.CifarPlain(56),
    ResNetArchitecture.CifarResNet(20), ResNetArchitecture.CifarResNet(56),
}.Select(network => network with { Width = 8 }).ToArray();
string NameOf(ResNetArchitecture network) => $"{(network.Block == BlockKind.Plain ? "plain" : "residual")}-{network.Depth}";

var mlContext = new MLContext(seed: 1);
mlContext.Data.LoadFromEnumerable(networks.Select(network => new NetworkRow
{
    Network = NameOf(network),
    Parameters = $"{network.ParameterCount:N0}",
    MultiplyAdds = $"{network.MultiplyAdds(Size, Size):N0}",
})).Display();

// ## Training
//
// All four get the same recipe and the same seed: five epochs in batches of 60, SGD with momentum, a learning rate that rises to
// 0.1 and falls to 0, shifts and mirror images.

var recipe = TrainingRecipe.For(networks[0], data.Training.Count) with
{
    Epochs = 5,
    Preprocessing = ImagePreprocessing.Small(Size),
    Augmentation = new Augmentation.PadCropFlip(Padding: 2),
    Keep = KeptEpoch.Last,
};
$"{recipe.Epochs} epochs, {recipe.Epochs * data.Training.Count / recipe.BatchSize} steps".Display();

var histories = new Dictionary<string, IReadOnlyList<EpochMetrics>>();
foreach (var network in networks)
{
    var name = NameOf(network);
    name.Display();
    var options = new TrainingOptions
    {
        Architecture = network,
        Data = data,
        Recipe = recipe,
        OutputFolder = Path.Combine("degradation", name),
        IfExists = ExistingRun.Overwrite,
        DataName = "Fashion-MNIST (subset)",
    };
    histories[name] = ResNetTraining.Run(options, new TrainingMonitor()).History;
}

// ## The curves
//
// Plain networks are dashed. The training error of an epoch is the mean over its steps, in which the network changes, on shifted
// and mirrored pictures; the validation error is that of the network at the end of the epoch. So the second may be below the
// first.

Plot ErrorPlot(string title, Func<EpochMetrics, double> errorOf) => new(title, histories.Select(each =>
    new PlotLine(each.Key, each.Value.Select(errorOf), isDashed: each.Key.StartsWith("plain")))) { YFormat = "0 %" };

Views.Plots(
    ErrorPlot("Training error", epoch => 1 - epoch.TrainingAccuracy),
    ErrorPlot("Validation error", epoch => 1 - epoch.Top1.Value)).Display();

// After the last epoch:

mlContext.Data.LoadFromEnumerable(histories.Select(each => new ErrorRow
{
    Network = each.Key,
    TrainingError = $"{1 - each.Value[^1].TrainingAccuracy:P1}",
    ValidationError = $"{1 - each.Value[^1].Top1:P1}",
})).Display();

// The same as sentences. These have to come out alike on every machine:

double TrainingError(string name) => 1 - histories[name][^1].TrainingAccuracy;
string Compare(string deep, string shallow, double clearly = 0.1) => (TrainingError(deep) - TrainingError(shallow)) switch
{
    var gap when gap > clearly => $"{deep} has a clearly higher training error than {shallow}",
    var gap when gap < -clearly => $"{deep} has a clearly lower training error than {shallow}",
    _ => $"{deep} and {shallow} have about the same training error",
};
Compare("plain-56", "plain-20").Display();
Compare("residual-56", "residual-20").Display();
Compare("residual-56", "plain-56").Display();

// ## What this shows, and what it does not
//
// - The claim is about the training error, and there it is seen: the plain network of 56 layers is far behind the plain one of 20
// layers, though it has everything that the other has and more. The residual network of 56 layers, with the same number of
// weights, is not behind.
// - "Clearly" is ten points of error here. Another seed or machine moves each error by a few points.
// - 500 steps are a start. The paper trains for 64,000 steps and finds that the gap of the plain networks stays; this run shows
// that deep plain networks start slowly, which is a part of that, and cannot show that they stay behind.
// - That the deeper residual network becomes the better one (Table 6: 8.75 % and 6.97 % test error on CIFAR-10) takes training to
// the end, too. Here the two are about the same.
// - The networks are half as wide as the paper's and the pictures are simpler.
//
// For a longer run raise `Epochs`; `TrainingRecipe.PaperCifar` is the paper's recipe, and `TrainingData.Open` reads CIFAR-10's
// binary files.

public class NetworkRow
{
    public string Network { get; set; } = "";
    public string Parameters { get; set; } = "";
    public string MultiplyAdds { get; set; } = "";
}

public class ErrorRow
{
    public string Network { get; set; } = "";
    public string TrainingError { get; set; } = "";
    public string ValidationError { get; set; } = "";
}
