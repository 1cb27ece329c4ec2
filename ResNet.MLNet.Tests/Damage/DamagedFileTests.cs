using System.Reflection;
using System.Text;
using Microsoft.ML;

namespace ResNet.Tests;

/// <summary>
/// Damaged model files, checkpoints and saved pipelines are refused, or give what the undamaged file gives; never another class.
/// </summary>
[TestClass]
public sealed class DamagedFileTests
{
    private const int Few = 300;
    private const int Many = 20_000;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(Few)]
    public void A_damaged_model_file_is_refused_or_predicts_the_same(int count)
    {
        using var world = new ImageWorld(images: 1);
        var damaged = world.PathOf("damaged.onnx");
        var expected = Predictions(world.ModelFile);
        Mutations.Try(File.ReadAllBytes(world.ModelFile), count, Outcome, TestContext);

        string Outcome(byte[] bytes)
        {
            File.WriteAllBytes(damaged, bytes);
            try
            {
                CollectionAssert.AreEqual(expected, Predictions(damaged));
                return "predict the same";
            }
            catch (InvalidDataException problem)
            {
                Assert.Contains("damaged.onnx", problem.Message);
                return "refused";
            }
        }

        List<ClassPrediction> Predictions(string file)
        {
            using var model = ResNetModel.Open(file);
            return [.. model.Classify(world.Paths[0])];
        }
    }

    /// <summary>A graph from elsewhere has no digest, so that damage to its weights cannot be seen; but it ends no process.</summary>
    [TestMethod]
    [DataRow(Few / 3)]
    public void A_damaged_graph_from_elsewhere_is_refused_or_opens(int count)
    {
        using var folder = new TemporaryFolder();
        var damaged = folder.PathOf("damaged.onnx");
        var original = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "graphs", "cntk.onnx");
        Mutations.Try(File.ReadAllBytes(original), count, Outcome, TestContext);

        string Outcome(byte[] bytes)
        {
            File.WriteAllBytes(damaged, bytes);
            try
            {
                using var model = ResNetModel.Open(damaged, new() { Resize = null, Crop = 64 });
                return model.Architecture is null ? "is used as it is" : "is read";
            }
            catch (InvalidDataException problem)
            {
                Assert.Contains("damaged.onnx", problem.Message);
                return "refused";
            }
        }
    }

    [TestMethod]
    [DataRow(Few)]
    public void A_damaged_checkpoint_is_refused_or_holds_the_same(int count)
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        ResNetTraining.Run(SmallRun.Options(folders, SmallRun.Recipe(epochs: 1)));
        AssertWeights(File.ReadAllBytes(Path.Combine(folders.Output, "last.safetensors")), ".safetensors", count);
    }

    [TestMethod]
    [DataRow(Few)]
    public void A_damaged_checkpoint_of_PyTorch_is_refused_or_holds_the_same(int count)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "torchvision18.pth");
        AssertWeights(File.ReadAllBytes(file), ".pth", count);
    }

    /// <summary>A table has no digest either; what is damaged in it are names and labels, or its form.</summary>
    [TestMethod]
    [DataRow(".csv", Few)]
    [DataRow(".tsv", Few)]
    public void A_damaged_table_is_read_or_refused(string ending, int count)
    {
        using var folder = new TemporaryFolder();
        var damaged = folder.PathOf("damaged" + ending);
        var separator = ending == ".csv" ? ',' : '\t';
        string[] head = ["path,label,split", "a/1.jpg,ant,train", "\"b, \"\"2\"\".jpg\",bée,train", "c/3.jpg,\"an\nt\",train"];
        string[] labels = ["ant", "bée"], parts = ["val", "train", "train"];
        var rows = Enumerable.Range(4, 40).Select(i => $"d/{i}.jpg,{labels[i % 2]},{parts[i % 3]}");
        var original = string.Join("\r\n", head.Concat(rows)).Replace(',', separator);
        Mutations.Try(Encoding.UTF8.GetBytes(original), count, Outcome, TestContext);

        string Outcome(byte[] bytes)
        {
            File.WriteAllBytes(damaged, bytes);
            try
            {
                var data = TrainingData.Open(damaged);
                for (var i = 0; i < data.Training.Count; i++) Assert.IsInRange(0, data.Training.Labels.Count - 1, data.Training.LabelOf(i));
                return "are read";
            }
            catch (InvalidDataException problem)
            {
                Assert.Contains("damaged", problem.Message);
                return "refused";
            }
        }
    }

    [TestMethod]
    [DataRow(Few)]
    public void A_damaged_pipeline_is_refused_or_predicts_the_same(int count)
    {
        using var world = new ImageWorld(images: 1);
        var saved = world.PathOf("pipeline.zip");
        var apply = world.Context.Transforms.ApplyResNet(world.ModelFile, ResNetOutput.Probabilities, "Score", null, "PredictedLabel");
        var estimator = apply.Append(world.Context.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel"));
        using (var model = estimator.Fit(world.Data())) world.Context.Model.Save(model, world.Data().Schema, saved);
        var original = File.ReadAllBytes(saved);
        var expected = Predict(original);
        Mutations.Try(original, count, Outcome, TestContext);

        string Outcome(byte[] bytes)
        {
            string prediction;
            try
            {
                prediction = Predict(bytes);
            }
            catch (Exception problem) when (problem is not (OutOfMemoryException or AssertFailedException))
            {
                return $"refused ({(problem is TargetInvocationException ? problem.InnerException! : problem).GetType().Name})";
            }

            Assert.AreEqual(expected, prediction);
            return "predict the same";
        }

        string Predict(byte[] bytes)
        {
            var context = new MLContext();
            var model = context.Model.Load(new MemoryStream(bytes), out _);
            using var disposable = (IDisposable)model;
            var row = context.Data.CreateEnumerable<Prediction>(model.Transform(world.Data()), reuseRowObject: false).Single();
            return $"{row.Name}: {string.Join(' ', row.Score)}";
        }
    }

    [TestMethod]
    [TestCategory("Slow")]
    public void Twenty_thousand_of_each_kind()
    {
        A_damaged_model_file_is_refused_or_predicts_the_same(Many);
        A_damaged_graph_from_elsewhere_is_refused_or_opens(Many / 10);
        A_damaged_checkpoint_is_refused_or_holds_the_same(Many);
        A_damaged_checkpoint_of_PyTorch_is_refused_or_holds_the_same(Many);
        A_damaged_pipeline_is_refused_or_predicts_the_same(Many);
        A_damaged_table_is_read_or_refused(".csv", Many);
        A_damaged_table_is_read_or_refused(".tsv", Many);
    }

    private void AssertWeights(byte[] original, string ending, int count)
    {
        using var folder = new TemporaryFolder();
        var damaged = folder.PathOf("damaged" + ending);
        var expected = Read(original);
        Mutations.Try(original, count, Outcome, TestContext);

        string Outcome(byte[] bytes)
        {
            StateDict weights;
            try
            {
                weights = Read(bytes);
            }
            catch (InvalidDataException problem)
            {
                Assert.Contains("damaged", problem.Message);
                return "refused";
            }

            CollectionAssert.AreEqual(expected.Select(each => each.Key).ToList(), weights.Select(each => each.Key).ToList());
            foreach (var (name, tensor) in expected)
            {
                CollectionAssert.AreEqual(tensor.Shape.ToArray(), weights[name].Shape.ToArray());
                Assert.IsTrue(tensor.Values.AsSpan().SequenceEqual(weights[name].Values), name);
            }

            return "hold the same";
        }

        StateDict Read(byte[] bytes)
        {
            File.WriteAllBytes(damaged, bytes);
            return WeightFile.Read(damaged);
        }
    }

    private sealed class Prediction
    {
        public string Name { get; set; } = "";

        public float[] Score { get; set; } = [];
    }
}
