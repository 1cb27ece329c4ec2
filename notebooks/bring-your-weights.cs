// The cells of bring-your-weights.ipynb as a program: dotnet run bring-your-weights.cs
// Made from the notebook: change it there.
#:package ResNet.MLNet.Interactive@*
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:property PublishAot=false
#:property Nullable=disable
#:property ResNetNativeChecks=false

using ResNet.MLNet;
using ResNet.MLNet.Interactive;
using System.IO;
using System.Text.Json.Nodes;

NotebookFormatters.Register();

// # Bring your weights: PyTorch checkpoints, safetensors, ONNX graphs
//
// A network that was trained elsewhere becomes a model file of ResNet.MLNet, without Python: from a `.pth`, from safetensors with
// Hugging Face's names, from an `.onnx`. Each time its outputs are compared with those that torchvision gave for the same
// photographs.
//
// The files are in the folder `weights` beside this notebook: a small ResNet of torchvision's own class (one block a stage, 6
// channels in the first stage), trained on photographs of flowers; `weights/README.md` says how. Run the notebook with its own
// folder as the current one, as editors do, or from the repository's.

// ## The files, and what torchvision computed
//
// `torchvision.json` has the logits that torchvision's network gave in PyTorch for 50 photographs of the test set, decoded by
// Pillow and prepared by torchvision's transforms: shorter side 73 pixels, the center's 64 x 64, ImageNet's mean and deviation.
// The photographs come with `ResNet.MLNet.Interactive` (CC BY 2.0, `CREDITS.txt` beside them).

var weights = Directory.Exists("weights") ? "weights" : Path.Combine("notebooks", "weights");
var flowers = SampleImages.Flowers("flowers");
var labels = new[] { "daisy", "dandelion", "roses", "sunflowers", "tulips" };

var torchvision = JsonNode.Parse(File.ReadAllText(Path.Combine(weights, "torchvision.json")));
var photographs = torchvision["photographs"].AsArray().Select(name => Path.Combine(flowers, (string)name)).ToArray();
float[][] ExpectedOf(string file) => torchvision["logits"][file].AsArray()
    .Select(row => row.AsArray().Select(value => (float)value).ToArray()).ToArray();

// The greatest difference of all logits, relative to the greatest of them.
double Difference(ResNetModel model, float[][] expected)
{
    var differences = photographs.Zip(expected, (path, row) =>
        model.Run(path, ResNetOutput.Logits).Zip(row, (ours, theirs) => Math.Abs(ours - theirs)).Max());
    return differences.Max() / expected.Max(row => row.Max(Math.Abs));
}

string LabelOf(string path) => Path.GetFileName(Path.GetDirectoryName(path));
$"{photographs.Length} photographs, {ExpectedOf("flowers.pth")[0].Length} logits each".Display();

// ## A PyTorch checkpoint
//
// `flowers.pth` is what a training script leaves: a dictionary with the epoch, the script's arguments, and the weights under
// `state_dict`, their names with the prefix `module.` of a parallel run. The reader finds the network in it and runs nothing of
// the file. Which network it is follows from names and shapes.
//
// A checkpoint says neither what the classes are called nor how images are prepared; what is known goes into the card of the model
// file.

var card = ResNetImporter.Import(
    Path.Combine(weights, "flowers.pth"),
    "from-pth.onnx",
    card: known => known with
    {
        Labels = labels,
        Preprocessing = ImagePreprocessing.ImageNet with { Resize = 73, Crop = 64 },
    },
    note: text => text.Display());
$"{card.Architecture}: {card.Source}".Display();

// The model file is all that an application needs:

var fromPth = ResNetModel.Open("from-pth.onnx");
Picture Predicted(string path)
{
    var best = fromPth.Classify(path, top: 1)[0];
    return new(path, $"{best.Label}, {best.Probability:P0}", best.Label == LabelOf(path));
}

Views.Pictures(photographs.Where((_, index) => index % 6 == 0).Select(Predicted)).Display();
$"{photographs.Count(path => fromPth.Classify(path, top: 1)[0].Label == LabelOf(path))} of {photographs.Length} are correct".Display();

// 150 photographs are few for a network without a start; the notebook transfer-learning has a better one. Here the question is
// whether it is the *same* network as in PyTorch, from the JPEG file to the logits:

var differenceOfPth = Difference(fromPth, ExpectedOf("flowers.pth"));
$"greatest difference from torchvision: {differenceOfPth:0.0e+0} of the greatest value".Display();

string Agrees(double difference) => difference <= 1e-5 ? "agrees to 1e-5 of the greatest value" : $"DIFFERS by {difference:0.0e+0}";
Agrees(differenceOfPth).Display();

// ## Safetensors with a configuration
//
// The folder `hugging-face` is laid out as models are published there: `model.safetensors` (half precision, the names of the
// transformers library), `config.json` with the classes, `preprocessor_config.json` with the preparation of images. Nothing needs
// to be said:

card = ResNetImporter.Import(Path.Combine(weights, "hugging-face"), "from-safetensors.onnx", note: text => text.Display());
$"{card.Architecture}: {string.Join(", ", card.Labels)}".Display();
$"shorter side {card.Preprocessing.Resize}, crop {card.Preprocessing.Crop}".Display();

// The numbers in this file are rounded to half precision, so its outputs are a little different; `torchvision.json` has those that
// torchvision's network gives with the rounded numbers.

var fromSafetensors = ResNetModel.Open("from-safetensors.onnx");
var differenceOfSafetensors = Difference(fromSafetensors, ExpectedOf("hugging-face"));
$"greatest difference from torchvision: {differenceOfSafetensors:0.0e+0} of the greatest value".Display();
$"from the logits before rounding: {Difference(fromSafetensors, ExpectedOf("flowers.pth")):0.0e+0}".Display();

Agrees(differenceOfSafetensors).Display();

// The weights themselves are a dictionary of tensors by torchvision's names, whatever they are called in the file. They can be
// changed and written as safetensors again:

var state = WeightFile.Read(Path.Combine(weights, "hugging-face"));
foreach (var (name, tensor) in state.Take(3)) $"{name} [{string.Join(", ", tensor.Shape)}]".Display();
WeightFile.Write("own.safetensors", state);
$"{state.Count} tensors, {WeightFile.Read("own.safetensors").Count} in own.safetensors".Display();

// ## An ONNX graph of another exporter
//
// `flowers.onnx` is `torch.onnx.export`'s. The network is read out of the graph, and both are run on the same images: if they
// agree, the result is a model file like any other, which can be trained further and quantized. How its images are prepared a
// graph does not say; what is assumed is told, and here it is right. If it were not, `known with { Preprocessing = ... }` would
// say so.

card = ResNetImporter.Import(
    Path.Combine(weights, "flowers.onnx"),
    "from-graph.onnx",
    card: known => known with { Labels = labels },
    note: text => text.Display());
$"{card.Architecture}: {card.Source}".Display();

var fromGraph = ResNetModel.Open("from-graph.onnx");
var differenceOfGraph = Difference(fromGraph, ExpectedOf("flowers.pth"));
$"greatest difference from torchvision: {differenceOfGraph:0.0e+0} of the greatest value".Display();

Agrees(differenceOfGraph).Display();

// It can also be opened without an import, with the preparation beside it:

var preparation = ImagePreprocessing.ImageNet with { Resize = 73, Crop = 64 };
var asItIs = ResNetModel.Open(Path.Combine(weights, "flowers.onnx"), preparation);
Agrees(Difference(asItIs, ExpectedOf("flowers.pth"))).Display();

// ## Wrong files
//
// What cannot be read is refused with what it is and what to do. A download that gave a page, a pointer of Git LFS, a file that
// was cut off, another architecture than the one that was asked for, and a graph for images of another size:

void Try(Action action)
{
    try
    {
        action();
        "nothing was refused".Display();
    }
    catch (InvalidDataException problem)
    {
        problem.Message.Replace(weights + Path.DirectorySeparatorChar, "").Display();
    }
}

File.WriteAllText("page.pth", "<!DOCTYPE html><html><body>Please log in</body></html>");
Try(() => ResNetImporter.Import("page.pth", "none.onnx"));

File.WriteAllText("pointer.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 46830571\n");
Try(() => ResNetImporter.Import("pointer.safetensors", "none.onnx"));

var whole = File.ReadAllBytes(Path.Combine(weights, "flowers.pth"));
File.WriteAllBytes("half.pth", whole[..(whole.Length / 2)]);
Try(() => ResNetImporter.Import("half.pth", "none.onnx"));

Try(() => ResNetImporter.Import(Path.Combine(weights, "flowers.pth"), "none.onnx", ResNetArchitecture.ResNet18));
Try(() => ResNetModel.Open(Path.Combine(weights, "flowers.onnx"), ImagePreprocessing.ImageNet));
$"none.onnx is {(File.Exists("none.onnx") ? "there" : "not there")}".Display();

foreach (var model in new[] { fromPth, fromSafetensors, fromGraph, asItIs }) model.Dispose();

// ## Next
//
// `StartingPoint.Open` takes the same files to fine-tune them, `ApplyResNet` takes a model file into an ML.NET pipeline, and
// `resnet import` does on the command line what `ResNetImporter` does here. The pages docs/weights.md and docs/model-file.md say
// what is recognized.
