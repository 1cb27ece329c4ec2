// The cells of inside-a-resnet.ipynb as a program: dotnet run inside-a-resnet.cs
// Made from the notebook: change it there.
#:package ResNet.MLNet.Weights.ResNet18@*
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

// # Inside a ResNet
//
// What does a residual network compute between a photograph and its classes? Here its layers are counted, its first filters and
// its feature maps are drawn, the places that speak for a class are colored, and three things are measured: how much each layer
// changes what it gets, what int8 does to each layer, and whether the probabilities can be trusted.
//
// The network is the ImageNet ResNet-18 of the package `ResNet.MLNet.Weights.ResNet18`, which gives features and has no classes;
// the photographs are those of `ResNet.MLNet.Interactive` (CC BY 2.0, `CREDITS.txt` beside them). For the head that is trained, a
// libtorch is referenced, here the one for Linux; on Windows it is `libtorch-cpu-win-x64`, on a Mac `libtorch-cpu-osx-arm64`.

// ## The network
//
// The layers with weights, in the order of torchvision's names. `layer2.0` is the first block of the second stage; two
// convolutions of 3 x 3 are a block, and `downsample.0` is the 1 x 1 convolution on the shortcut where the number of channels
// changes. This ResNet-18 has three blocks in its last stage, torchvision's has two.

var modelFile = ModelStore.Default.Find("resnet18-mlnet");
var imageNet = ResNetModel.Open(modelFile);
var architecture = imageNet.Architecture;

var mlContext = new MLContext(seed: 1);
Views.Table(mlContext.Data.LoadFromEnumerable(architecture.Layers.Select(layer => new LayerRow
{
    Layer = layer.Name,
    Kernel = $"{layer.Kernel} x {layer.Kernel}",
    Channels = $"{layer.Inputs} to {layer.Outputs}",
    Stride = layer.Stride.Value,
    Weights = $"{(long)layer.Kernel * layer.Kernel * layer.Inputs / layer.Groups * layer.Outputs:N0}",
})), rows: 30).Display();
$"{architecture.Name}: {architecture.ParameterCount:N0} parameters".Display();
$"{architecture.MultiplyAdds(224, 224):N0} multiply-adds for an image of 224 x 224 pixels".Display();

// ## The first filters
//
// 64 filters of 7 x 7 pixels see the image itself, so they can be drawn: gray is 0, and each filter is scaled to its own greatest
// weight.
//
// In a model file batch norm is folded into the convolutions, and the standard deviation of pixels into the first one.
// `ModelFile.ReadWeights` takes the latter out again. So these are the filters that were trained, each multiplied by the factor of
// its batch norm; the scaling of the picture hides the size of that factor, but a negative one would invert the colors of its
// filter.

var filters = ModelFile.ReadWeights(modelFile)["conv1.weight"];
Views.Filters(filters).Display();

// ## Feature maps
//
// One photograph, and what `relu` (after the first convolution) and the four stages make of it: of each the six channels whose
// values differ most from place to place, each from its least value (dark) to its greatest (bright). Maps become smaller and have
// more channels from stage to stage.

var photographs = ImageDataset.FromFolder(SampleImages.Flowers("flowers"));
var labels = photographs.Labels.ToArray();
var paths = Enumerable.Range(0, photographs.Count).Select(photographs.NameOf).ToArray();
string LabelOf(string path) => Path.GetFileName(Path.GetDirectoryName(path));

double Deviation(IReadOnlyList<float> values)
{
    var mean = values.Average(value => (double)value);
    return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
}

var photograph = paths[132];
Views.Pictures([new Picture(photograph, LabelOf(photograph))], height: 160).Display();

var stages = imageNet.OpenLayers("relu", "layer1", "layer2", "layer3", "layer4");
foreach (var map in stages.Run(photograph))
{
    var byDeviation = Enumerable.Range(0, map.Channels).OrderByDescending(channel => Deviation(map.Channel(channel).ToArray()));
    Views.Maps(map, byDeviation.Take(6)).Display();
}

stages.Dispose();

// The maps after the first convolution show edges and colors at every place. Later ones lose that detail; in the last stage each
// of these channels is bright in one region.
//
// ## Where it sees a class
//
// The network gets a head for five classes of flowers: every second photograph is for training, the others are for what follows.
// `TrainingRecipe.Head` fits a linear classifier to the features and changes nothing else, in the time of one pass over the
// photographs.

int[] EverySecond(int first) => Enumerable.Range(0, paths.Length).Where(index => index % 2 == first).ToArray();
var start = StartingPoint.Open("resnet18-mlnet");
var data = new TrainingData(photographs.Subset(EverySecond(0)), photographs.Subset(EverySecond(1)));
var recipe = TrainingRecipe.Head(start.Architecture, start.Preprocessing, data.Training.Count);
var result = ResNetTraining.Run(new TrainingOptions
{
    Data = data,
    StartFrom = start,
    Recipe = recipe with { FineTuning = recipe.FineTuning with { HeadCrops = 0 } },
    OutputFolder = "flowers-head",
    IfExists = ExistingRun.Overwrite,
    DataName = "flowers",
});

var model = ResNetModel.Open(result.ModelFile);
var others = EverySecond(1).Select(index => paths[index]).ToArray();
var predictions = others.Select(path => model.Classify(path, top: 1)[0]).ToArray();
bool IsCorrect(int index) => predictions[index].Label == LabelOf(others[index]);
var correct = Enumerable.Range(0, others.Length).Count(IsCorrect);
$"{data.Training.Count} photographs to train on; of the other {others.Length}, {correct} are correct".Display();

// The network ends in a mean over the 7 x 7 places of its last map and a linear layer, so the share of each place in a logit is
// known exactly. Two photographs, one of a correct prediction (as sure as the median of them) and that of the surest wrong one,
// with the map of the predicted class and that of the true class (or, where both are the same, of the second most probable one).
// Each map is colored from its least place to its greatest, so colors say where, not how much.

void ShowMaps(int index)
{
    var path = others[index];
    var truth = LabelOf(path);
    var classes = model.Classify(path, top: 2);
    var second = IsCorrect(index) ? classes[1].Index : Array.IndexOf(labels, truth);
    var maps = new[] { model.ActivationMap(path), model.ActivationMap(path, second) };
    Picture Colored(ActivationMap map) =>
        new(map, $"{map.Prediction.Label}, {map.Prediction.Probability:P1}", isCorrect: map.Prediction.Label == truth);
    Views.Pictures([new Picture(path, truth), .. maps.Select(Colored)], height: 160).Display();
}

var bySureness = Enumerable.Range(0, others.Length).OrderByDescending(index => predictions[index].Probability).ToArray();
ShowMaps(bySureness.Where(IsCorrect).ElementAt(correct / 2));
ShowMaps(bySureness.First(index => !IsCorrect(index)));

// Of the first photograph, the petals speak for a daisy and the yellow center for a sunflower.
//
// ## Layer responses
//
// He et al. 2015 (Figure 7) look at layer responses: the standard deviation of what a layer gives after batch norm, before the
// ReLU or the addition. Here they are of 20 photographs. On the left all layers in order, the shortcuts apart; on the right for
// each block its first layer, its last layer, and what the shortcut brings, to which the last layer's output is added.

var some = paths.Where((_, index) => index % 10 == 0).ToArray();
var names = imageNet.LayerNames.Where(name => !name.StartsWith("layer") || name.Contains('.')).ToArray();
var sums = names.ToDictionary(name => name, _ => new double[3]);
var every = imageNet.OpenLayers(names);
foreach (var map in some.SelectMany(path => every.Run(path)))
{
    var sum = sums[map.Layer];
    sum[0] += map.Values.Count;
    foreach (var value in map.Values)
    {
        sum[1] += value;
        sum[2] += (double)value * value;
    }
}

every.Dispose();
double Response(string name) => Math.Sqrt(sums[name][2] / sums[name][0] - Math.Pow(sums[name][1] / sums[name][0], 2));

string Short(string name) => name.Replace("layer", "");
var blocks = names.Where(name => name.StartsWith("layer") && name.Count(letter => letter == '.') == 1).ToArray();
string ShortcutOf(int block)
{
    var projection = $"{blocks[block]}.downsample.1";
    if (sums.ContainsKey(projection)) return projection;
    return block == 0 ? "maxpool" : blocks[block - 1];
}

var norms = names.Where(name => name.Contains("bn")).ToArray();
Views.Plots(
    new Plot("Layer responses", [new("standard deviation", norms.Select(Response))])
    {
        XName = "layer", XNames = norms.Select(Short).ToArray(), YFormat = "0.00",
    },
    new Plot("Layer responses by block",
    [
        new("first layer", blocks.Select(block => Response($"{block}.bn1"))),
        new("last layer", blocks.Select(block => Response($"{block}.bn2"))),
        new("shortcut", blocks.Select((_, block) => Response(ShortcutOf(block))), isDashed: true),
    ])
    {
        XName = "block", XNames = blocks.Select(Short).ToArray(), YFormat = "0.00",
    }).Display();

bool AddsMore(int block) => Response($"{blocks[block]}.bn2") > Response(ShortcutOf(block));
var adding = Enumerable.Range(0, blocks.Length).Count(AddsMore);
$"In {adding} of {blocks.Length} blocks the last layer's response is greater than what the shortcut brings".Display();

// The responses of the blocks' first layers fall from stage to stage. Those of their last layers do not, and they are greater than
// what they are added to: in this network of nine blocks a block is not a small correction of its input. The paper's finding is
// another comparison, which takes more networks than this one: residual networks have smaller responses than plain ones, and
// deeper residual networks smaller ones than shallower.
//
// ## int8 against float
//
// `ResNetQuantizer` makes a network of bytes of the one with the head: ranges are found from the photographs of the training half,
// and both networks are compared on the others.

var report = ResNetQuantizer.Quantize(result.ModelFile, paths, "int8.onnx", new QuantizationOptions
{
    CalibrationImages = paths.Length / 2,
    LabelOf = path => Array.IndexOf(labels, LabelOf(path)),
});
mlContext.Data.LoadFromEnumerable(new FigureRow[]
{
    new() { Figure = "photographs compared", Value = $"{report.Images}" },
    new() { Figure = "same class predicted", Value = $"{report.Agreement:P0}" },
    new() { Figure = "correct, float", Value = $"{report.FloatTop1:P0}" },
    new() { Figure = "correct, int8", Value = $"{report.IntegerTop1:P0}" },
    new() { Figure = "cosine of features, mean", Value = $"{report.FeatureCosine:0.0000}" },
    new() { Figure = "file, float", Value = $"{report.FloatBytes / 1e6:0.0} MB" },
    new() { Figure = "file, int8", Value = $"{report.IntegerBytes / 1e6:0.0} MB" },
    new() { Figure = "times as fast on one core, here", Value = $"{report.SpeedUp:0.0}" },
}).Display();

// Which layers lose most? The cosine of the float network's map and the int8 network's, layer by layer, as the mean of five
// photographs. It depends on the processor's instructions in the last digits.

var integers = ResNetModel.Open("int8.onnx");
var floatLayers = model.OpenLayers(names);
var integerLayers = integers.OpenLayers(names);
var cosines = names.ToDictionary(name => name, _ => 0.0);
var looked = others.Where((_, index) => index % 20 == 0).ToArray();
foreach (var path in looked)
{
    foreach (var (one, other) in floatLayers.Run(path).Zip(integerLayers.Run(path)))
    {
        double Product(FeatureMap left, FeatureMap right) => left.Values.Zip(right.Values, (a, b) => (double)a * b).Sum();
        cosines[one.Layer] += Product(one, other) / Math.Sqrt(Product(one, one) * Product(other, other)) / looked.Length;
    }
}

floatLayers.Dispose();
integerLayers.Dispose();
Plot CosinePlot(string title, string[] layers) => new(title, [new("cosine", layers.Select(name => cosines[name]))])
{
    XName = "layer", XNames = layers.Select(Short).ToArray(), YFormat = "0.0000",
};

Views.Plots(
    CosinePlot("int8 and float, after batch norm", norms),
    CosinePlot("int8 and float, outputs of blocks", ["maxpool", .. blocks])).Display();

// In every block the last layer's map agrees less than the first layer's. The outputs of blocks agree less towards the end,
// because the roundings of all layers before are in them. Every cosine is above 0.99.
//
// ## Can the probabilities be trusted?
//
// A network is calibrated if of all predictions with a confidence of, say, 80 %, 80 % are correct. The photographs that the head
// was not trained on are divided: 40 fit one number, the temperature by which all logits are divided (Guo et al. 2017), and 60 are
// put into bins by their confidence. The expected calibration error is the mean difference between confidence and accuracy of the
// bins, weighted by their photographs.

var logits = others.Select(path => model.Run(path, ResNetOutput.Logits)).ToArray();
var truths = others.Select(path => Array.IndexOf(labels, LabelOf(path))).ToArray();
var fitting = Enumerable.Range(0, others.Length).Where(index => index % 5 < 2).ToArray();
var testing = Enumerable.Range(0, others.Length).Except(fitting).ToArray();

double[] Probabilities(int index, double temperature)
{
    var powers = logits[index].Select(logit => Math.Exp((logit - logits[index].Max()) / temperature)).ToArray();
    return powers.Select(power => power / powers.Sum()).ToArray();
}

double Loss(int[] images, double temperature) =>
    images.Average(index => -Math.Log(Probabilities(index, temperature)[truths[index]]));

// From 0.1 to 10, in steps of 1 %.
var temperature = Enumerable.Range(0, 464).Select(step => 0.1 * Math.Pow(1.01, step)).MinBy(each => Loss(fitting, each));

ReliabilityBin[] Reliability(double temperature) => testing
    .Select(index => (Confidence: Probabilities(index, temperature).Max(), IsCorrect: IsCorrect(index)))
    .GroupBy(each => Math.Min((int)(each.Confidence * 5), 4)).OrderBy(bin => bin.Key)
    .Select(bin => new ReliabilityBin(
        $"{20 * bin.Key} to {20 * bin.Key + 20} %",
        bin.Count(),
        bin.Average(each => each.Confidence),
        bin.Average(each => each.IsCorrect ? 1.0 : 0.0))).ToArray();

double CalibrationError(ReliabilityBin[] bins) =>
    bins.Sum(bin => bin.Photographs * Math.Abs(bin.Confidence - bin.Accuracy)) / bins.Sum(bin => bin.Photographs);

$"temperature {temperature:0.00}".Display();
foreach (var each in new[] { 1, temperature })
{
    var bins = Reliability(each);
    var error = $"calibration error {CalibrationError(bins):P1}, loss {Loss(testing, each):0.00}";
    $"logits divided by {each:0.00}: {error}".Display();
    mlContext.Data.LoadFromEnumerable(bins.Select(bin => new ReliabilityRow
    {
        Bin = bin.Name,
        Photographs = bin.Photographs,
        Confidence = $"{bin.Confidence:P0}",
        Accuracy = $"{bin.Accuracy:P0}",
    })).Display();
}

Plot ReliabilityPlot(string title, ReliabilityBin[] bins) => new(title,
[
    new("accuracy", bins.Select(bin => bin.Accuracy)),
    new("confidence", bins.Select(bin => bin.Confidence), isDashed: true),
])
{
    XName = "confidence", XNames = bins.Select(bin => bin.Name).ToArray(), YFormat = "0 %",
};

Views.Plots(
    ReliabilityPlot("As trained", Reliability(1)),
    ReliabilityPlot("Divided by the temperature", Reliability(temperature))).Display();

// The head is too careful: of the photographs whose confidence is above 80 %, more are correct than it says. A temperature below 1
// makes it surer, and both the calibration error and the loss become smaller. The predicted classes stay the same, because
// dividing all logits by one number does not change their order. With 60 photographs this shows how it is done, not how well this
// network is calibrated: in a bin of eight, one more that is correct is 12.5 points.
//
// ## Next
//
// docs/layers.md says what each layer name is, docs/quantization.md how networks of integers are made. The notebook degradation
// trains plain and residual networks; transfer-learning trains more than the head.

foreach (var each in new[] { imageNet, model, integers }) each.Dispose();

public class LayerRow
{
    public string Layer { get; set; } = "";
    public string Kernel { get; set; } = "";
    public string Channels { get; set; } = "";
    public int Stride { get; set; }
    public string Weights { get; set; } = "";
}

public class FigureRow
{
    public string Figure { get; set; } = "";
    public string Value { get; set; } = "";
}

public record ReliabilityBin(string Name, int Photographs, double Confidence, double Accuracy);

public class ReliabilityRow
{
    public string Bin { get; set; } = "";
    public int Photographs { get; set; }
    public string Confidence { get; set; } = "";
    public string Accuracy { get; set; } = "";
}
