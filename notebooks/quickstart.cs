// The cells of quickstart.ipynb as a program: dotnet run quickstart.cs
// Made from the notebook: change it there.
#:package ResNet.MLNet.Weights.ResNet18@*
#:package ResNet.MLNet.Interactive@*
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:property PublishAot=false
#:property Nullable=disable
#:property ResNetNativeChecks=false

using Microsoft.ML;
using Microsoft.ML.Data;
using ResNet.MLNet;
using ResNet.MLNet.Interactive;
using System.IO;

NotebookFormatters.Register();

// # Quick start: classify photographs with ML.NET and a ResNet
//
// An ImageNet ResNet-18 turns each photograph into 512 numbers (features). ML.NET's own trainer learns five classes of flowers
// from a hundred of them in a second; the same features find similar pictures. No training of a network, no GPU, no download of
// weights: they come with a package.
//
// The first cell references the packages; the native ONNX Runtime is one of them.

// ## The photographs
//
// 200 photographs of flowers come with `ResNet.MLNet.Interactive` (CC BY 2.0; `CREDITS.txt`, which is written beside them, names
// the photographers). They lie in a folder for each class. For photographs of your own replace the folder.

var folder = SampleImages.Flowers("flowers");
var paths = Directory.GetFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
string LabelOf(string path) => Path.GetFileName(Path.GetDirectoryName(path));
string.Join(", ", paths.CountBy(LabelOf).Select(each => $"{each.Value} {each.Key}")).Display();
Views.Pictures(paths.Where((_, index) => index % 20 == 0), LabelOf).Display();

// ## The pipeline
//
// A row is a path and a label. `ApplyResNet18` decodes, resizes and runs the images on all cores while ML.NET reads the rows.

var mlContext = new MLContext(seed: 1);
var photos = mlContext.Data.LoadFromEnumerable(paths.Select(path => new Photo { ImagePath = path, Label = LabelOf(path) }));
var split = mlContext.Data.TrainTestSplit(photos, testFraction: 0.5);

var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.Transforms.ApplyResNet18("Features", "ImagePath"))
    .AppendCacheCheckpoint(mlContext)
    .Append(mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
var model = pipeline.Fit(split.TrainSet);

// ## How good is it?
//
// On the photographs that it was not trained on:

var test = mlContext.Data.Cache(model.Transform(split.TestSet), "Label", "Features", "Score", "PredictedLabel");
var metrics = mlContext.MulticlassClassification.Evaluate(test);
$"accuracy {metrics.MicroAccuracy:P1}".Display();

VBuffer<ReadOnlyMemory<char>> keys = default;
test.Schema["Label"].GetKeyValues(ref keys);
var labels = keys.DenseValues().Select(label => label.ToString()).ToArray();
Views.Confusion(labels, metrics.ConfusionMatrix).Display();

// A row of the result: the columns that the pipeline has added.

var columns = mlContext.Transforms.SelectColumns("Label", "Features", "PredictedLabel").Fit(test).Transform(test);
mlContext.Data.TakeRows(columns, 3).Display();

// ## Predictions
//
// Wrong ones are orange.

var engine = mlContext.Model.CreatePredictionEngine<Photo, PhotoPrediction>(model);
var tested = mlContext.Data.CreateEnumerable<Photo>(split.TestSet, reuseRowObject: false).Select(photo => photo.ImagePath);
Picture Predicted(string path)
{
    var prediction = engine.Predict(new Photo { ImagePath = path });
    return new(path, $"{prediction.PredictedLabel}, {prediction.Score.Max():P0}", prediction.PredictedLabel == LabelOf(path));
}

Views.Pictures(tested.Where((_, index) => index % 8 == 0).Select(Predicted)).Display();

// ## Similar pictures
//
// The features of similar photographs point the same way. The first picture of each row is the one that is searched for.

var featurized = model.Transform(photos);
var features = featurized.GetColumn<float[]>("Features").ToArray();
float Similarity(float[] one, float[] other) => System.Numerics.Tensors.TensorPrimitives.CosineSimilarity(one, other);

foreach (var query in new[] { 3, 90, 170 })
{
    var similar = Enumerable.Range(0, paths.Length).OrderByDescending(index => Similarity(features[query], features[index])).Take(6);
    string Caption(int index) => $"{LabelOf(paths[index])}, {Similarity(features[query], features[index]):0.00}";
    Views.Pictures(similar.Select(index => new Picture(paths[index], Caption(index)))).Display();
}

// ## Keep it
//
// The saved pipeline contains the network. An application loads it with the package ResNet.MLNet and a native ONNX Runtime.

mlContext.Model.Save(model, split.TrainSet.Schema, "flowers.zip");
var loaded = mlContext.Model.Load("flowers.zip", out _);
var again = mlContext.Model.CreatePredictionEngine<Photo, PhotoPrediction>(loaded).Predict(new Photo { ImagePath = paths[0] });
$"{again.PredictedLabel}, {new FileInfo("flowers.zip").Length / 1_000_000} MB".Display();

public class Photo
{
    public string ImagePath { get; set; } = "";
    public string Label { get; set; } = "";
}

public class PhotoPrediction
{
    public string PredictedLabel { get; set; } = "";
    public float[] Score { get; set; } = [];
}
