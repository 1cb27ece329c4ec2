using Google.Protobuf;
using Microsoft.ML;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>Whole runs with other losses, up to the model file.</summary>
[TestClass]
public sealed class LossRunTests
{
    [TestMethod]
    public void A_network_of_binary_cross_entropy_gives_sigmoids_and_its_card_says_so()
    {
        using var folders = new ClassFolders();
        var recipe = SmallRun.Recipe(8) with { Loss = LossFunction.BinaryCrossEntropy };
        var result = ResNetTraining.Run(SmallRun.Options(folders, recipe));
        Assert.IsGreaterThan(0.8, result.Validation!.Top1);
        using var model = ResNetModel.Open(result.ModelFile);
        Assert.AreEqual(ScoreFunction.Sigmoid, model.Card.ScoreFunction);
        Assert.IsNull(model.Card.Thresholds);
        var image = folders.PathOf("red", "002.png");
        var (logits, probabilities) = (model.Run(image, ResNetOutput.Logits), model.Run(image));
        foreach (var (logit, probability) in logits.Zip(probabilities)) Assert.AreEqual(1 / (1 + Math.Exp(-logit)), probability, 1e-5);
        Assert.AreEqual("red", model.Classify(image)[0].Label);
        StringAssert.Contains(File.ReadAllText(Path.Combine(folders.Output, "recipe.json")), "BinaryCrossEntropy");
    }

    [TestMethod]
    public void Sigmoids_of_one_class_an_image_are_evaluated_by_ML_NET()
    {
        using var folders = new ClassFolders();
        var context = new MLContext(seed: 1);
        var data = context.Transforms.Conversion.MapValueToKey("Label").Fit(Rows()).Transform(Rows());
        var recipe = SmallRun.Recipe(8) with { Loss = LossFunction.BinaryCrossEntropy };
        using var model = TrainerRun.Fit(context, data, TrainerRun.Options with { Recipe = recipe });
        var metrics = context.MulticlassClassification.Evaluate(model.Transform(data));
        Assert.IsGreaterThan(0.8, metrics.MicroAccuracy);
        Assert.IsTrue(double.IsFinite(metrics.LogLoss));

        IDataView Rows() => context.Data.LoadFromEnumerable(TrainerRun.Rows(folders));
    }

    [TestMethod]
    public void The_card_of_a_file_from_elsewhere_says_that_it_has_sigmoids()
    {
        using var folder = new TemporaryFolder();
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", 3);
        foreach (var function in new[] { ScoreFunction.Softmax, ScoreFunction.Sigmoid })
        {
            var card = ModelCard.For(network) with { ScoreFunction = function };
            var file = ModelProto.Parser.ParseFrom(ModelFile.ToBytes(network, RandomWeights.For(network), card));
            file.MetadataProps.Clear();
            File.WriteAllBytes(folder.PathOf("elsewhere.onnx"), file.ToByteArray());
            using var opened = ResNetModel.Open(folder.PathOf("elsewhere.onnx"), ImagePreprocessing.Small(32));
            Assert.AreEqual(function, opened.Card.ScoreFunction);
        }
    }

    [TestMethod]
    public void A_new_head_is_balanced_where_the_epochs_are()
    {
        using var folders = new ClassFolders();
        var first = ResNetTraining.Run(SmallRun.Options(folders, SmallRun.Recipe(2)));
        File.Copy(first.ModelFile, folders.PathOf("start.onnx"));
        var start = StartingPoint.Open(folders.PathOf("start.onnx"));
        Directory.Move(folders.PathOf("red"), folders.PathOf("crimson"));
        foreach (var file in Directory.GetFiles(folders.PathOf("crimson")).Order().Skip(4)) File.Delete(file);
        var weighted = HeadOf(recipe => recipe with { ClassWeighting = ClassWeighting.Balanced });
        Assert.AreEqual(weighted, HeadOf(recipe => recipe with { Sampling = Sampling.Balanced }));
        Assert.AreNotEqual(weighted, HeadOf(recipe => recipe));

        string HeadOf(Func<TrainingRecipe, TrainingRecipe> change)
        {
            var recipe = change(SmallRun.Recipe(0) with { FineTuning = new() { HeadCrops = 1 } });
            ResNetTraining.Run(SmallRun.Options(folders, recipe) with { Architecture = null, StartFrom = start });
            var (tensors, _) = WeightFile.ReadStored(Path.Combine(folders.Output, "last.safetensors"));
            return string.Join(' ', tensors.Values.SelectMany(tensor => tensor.Values));
        }
    }
}
