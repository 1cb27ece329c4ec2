using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>ApplyResNet in the pipelines that ML.NET users write.</summary>
[TestClass]
public sealed class ApplyResNetTests
{
    [TestMethod]
    public void Features_of_paths_are_those_of_the_network_in_the_order_of_the_rows()
    {
        using var world = new ImageWorld(images: 40);
        var view = Features(world).Fit(world.Data()).Transform(world.Data());
        var features = view.GetColumn<float[]>("Features").ToList();
        Assert.HasCount(40, features);
        for (var i = 0; i < features.Count; i++) CollectionAssert.AreEqual(world.Expected(world.Paths[i]), features[i]);
    }

    [TestMethod]
    public void The_model_may_come_first_last_or_by_name()
    {
        using var world = new ImageWorld(images: 2);
        var transforms = world.Context.Transforms;
        ResNetEstimator[] features =
        [
            transforms.ApplyResNet(world.ModelFile),
            transforms.ApplyResNet(world.ModelFile, outputColumnName: "Features", inputColumnName: "ImagePath"),
            transforms.ApplyResNet("Features", "ImagePath", world.ModelFile),
            transforms.ApplyResNet(model: world.ModelFile, outputColumnName: "Features", inputColumnName: null),
            transforms.ApplyResNet("Features", null, model: world.ModelFile),
        ];
        foreach (var estimator in features) AssertFeatures(world, world.Paths, estimator.Fit(world.Data()).Transform(world.Data()));

        var scores = transforms.ApplyResNet(world.ModelFile, ResNetOutput.Probabilities, "Score", null, "PredictedLabel");
        using var model = scores.Fit(world.Data());
        var score = model.Transform(world.Data()).GetColumn<float[]>("Score").First();
        CollectionAssert.AreEqual(world.Expected(world.Paths[0], ResNetOutput.Probabilities), score);
        Assert.IsNotNull(model.GetOutputSchema(world.Data().Schema).GetColumnOrNull("PredictedLabel"));
    }

    [TestMethod]
    public void Encoded_bytes_and_MLImages_give_the_features_of_the_files()
    {
        using var world = new ImageWorld(images: 4);
        var encoded = world.Paths.Select(path => new BytesRow { ImageBytes = File.ReadAllBytes(path) });
        var bytes = world.Context.Data.LoadFromEnumerable(encoded);
        // PNG only: ML.NET decodes JPEG with its own color conversion.
        var png = world.Paths.Where(path => path.EndsWith("png", StringComparison.Ordinal)).ToList();
        var images = world.Context.Transforms.LoadImages("Image", "", "ImagePath").Append(Features(world, "Image"));
        AssertFeatures(world, world.Paths, Features(world).Fit(bytes).Transform(bytes));
        AssertFeatures(world, png, images.Fit(world.Data(png)).Transform(world.Data(png)));
    }

    [TestMethod]
    public void Evaluate_shows_class_names_and_a_perfect_confusion_matrix_for_the_networks_own_predictions()
    {
        using var world = new ImageWorld(images: 30);
        // The labels are what the network says, so that accuracy must be 1 if keys and label order are right.
        var rows = world.Paths.Select(path => new ImageRow { ImagePath = path, Label = Predicted(path) }).Reverse().ToList();
        Assert.IsGreaterThan(1, rows.DistinctBy(row => row.Label).Count(), "One class only would prove nothing.");
        var data = world.Context.Data.LoadFromEnumerable(rows);
        var pipeline = world.Context.Transforms.MapResNetLabels(world.ModelFile)
            .Append(world.Context.Transforms.ApplyResNet("Score", null, world.ModelFile, ResNetOutput.Probabilities, "PredictedLabel"))
            .Append(world.Context.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel"));
        var scored = pipeline.Fit(data).Transform(data);
        var metrics = world.Context.MulticlassClassification.Evaluate(scored);
        Assert.AreEqual(1.0, metrics.MicroAccuracy);
        StringAssert.Contains(metrics.ConfusionMatrix.GetFormattedConfusionTable(), "class2");
        CollectionAssert.AreEqual(rows.ConvertAll(row => row.Label), scored.GetColumn<string>("Name").ToList());
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["Score"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "class0", "class1", "class2" }, names.DenseValues().Select(name => name.ToString()).ToList());

        string Predicted(string path) => $"class{Best(world.Expected(path, ResNetOutput.Probabilities))}";
    }

    [TestMethod]
    public void A_trainer_learns_from_the_features_and_CrossValidate_works()
    {
        using var world = new ImageWorld(images: 24);
        var transforms = world.Context.Transforms;
        var featurize = transforms.Conversion.MapValueToKey("Label").Append(Features(world)).Append(transforms.NormalizeMinMax("Features"));
        var trainer = world.Context.MulticlassClassification.Trainers.SdcaMaximumEntropy(maximumNumberOfIterations: 20);
        var results = world.Context.MulticlassClassification.CrossValidate(world.Data(), featurize.Append(trainer), numberOfFolds: 3);
        Assert.HasCount(3, results);
        Assert.IsTrue(results.All(result => double.IsFinite(result.Metrics.LogLoss)));
        var clusters = featurize.Append(world.Context.Clustering.Trainers.KMeans("Features", numberOfClusters: 2)).Fit(world.Data());
        Assert.HasCount(24, clusters.Transform(world.Data()).GetColumn<uint>("PredictedLabel").ToList());
    }

    [TestMethod]
    public void Preview_Cache_Filter_Shuffle_and_Skip_keep_rows_and_features_together()
    {
        using var world = new ImageWorld(images: 30);
        var expected = world.Paths.Select(path => world.Expected(path)).ToList();
        var data = world.Context.Data;
        var view = Features(world).Fit(world.Data()).Transform(world.Data());
        var shuffledSource = data.ShuffleRows(world.Data(), seed: 3);
        IDataView[] views =
        [
            view,
            data.Cache(view),
            data.FilterRowsByColumn(view, "Number", 5, 12),
            data.ShuffleRows(view, seed: 7),
            data.SkipRows(data.TakeRows(view, 20), 4),
            Features(world).Fit(shuffledSource).Transform(shuffledSource),
        ];
        foreach (var each in views)
        {
            var numbers = each.GetColumn<float>("Number").ToList();
            Assert.IsNotEmpty(numbers);
            var rows = world.Context.Data.CreateEnumerable<FeatureRow>(each, reuseRowObject: false).ToList();
            foreach (var row in rows) CollectionAssert.AreEqual(expected[(int)row.Number], row.Features);
        }

        Assert.AreEqual(5, view.Preview(maxRows: 5).RowView.Length);
    }

    [TestMethod]
    public void A_PredictionEngine_gives_the_same_as_a_pass()
    {
        using var world = new ImageWorld(images: 6);
        var model = Features(world).Fit(world.Data());
        using var engine = world.Context.Model.CreatePredictionEngine<ImageRow, FeatureRow>(model);
        foreach (var path in world.Paths)
            CollectionAssert.AreEqual(world.Expected(path), engine.Predict(new() { ImagePath = path }).Features);
    }

    [TestMethod]
    public void Eight_threads_that_share_a_transformer_get_bit_equal_results()
    {
        using var world = new ImageWorld(images: 16);
        using var transformer = Features(world).Fit(world.Data());
        var expected = world.Paths.Select(path => world.Expected(path)).ToList();
        Parallel.For(0, 8, _ =>
        {
            var features = transformer.Transform(world.Data()).GetColumn<float[]>("Features").ToList();
            for (var i = 0; i < expected.Count; i++) CollectionAssert.AreEqual(expected[i], features[i]);
        });
    }

    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(5, 2)]
    [DataRow(16, 3)]
    public void Batches_give_the_features_of_single_runs_and_a_bad_image_spoils_only_its_own_row(int batchSize, int threads)
    {
        using var world = new ImageWorld(images: 70);
        var options = new ResNetEstimator.Options
        {
            Model = world.ModelFile,
            BatchSize = batchSize,
            DegreeOfParallelism = threads,
            OnBadImage = BadImagePolicy.Mark,
        };
        var paths = world.Paths.Select((path, index) => index % 7 == 3 ? world.ModelFile : path).ToList();
        using var model = world.Context.Transforms.ApplyResNet(options).Fit(world.Data());
        var features = model.Transform(world.Data(paths)).GetColumn<float[]>("Features").ToList();
        Assert.HasCount(70, features);
        for (var i = 0; i < features.Count; i++)
        {
            if (i % 7 == 3) Assert.IsTrue(features[i].All(float.IsNaN));
            else CollectionAssert.AreEqual(world.Expected(paths[i]), features[i], $"row {i}");
        }
    }

    [TestMethod]
    public void The_network_runs_only_on_what_is_read()
    {
        using var world = new ImageWorld(images: 8);
        // Files that are not images tell by an exception that somebody tried to run them.
        var paths = world.Paths.Take(1).Concat(Enumerable.Repeat(world.ModelFile, 9)).ToList();
        var view = Features(world).Fit(world.Data(paths)).Transform(world.Data(paths));
        Assert.HasCount(1, world.Context.Data.TakeRows(view, 1).GetColumn<float[]>("Features").ToList());
        Assert.HasCount(10, view.GetColumn<float>("Number").ToList());
    }

    private static ResNetEstimator Features(ImageWorld world, string? input = null) =>
        world.Context.Transforms.ApplyResNet("Features", input, world.ModelFile);

    private static int Best(float[] scores) => Array.IndexOf(scores, scores.Max());

    private static void AssertFeatures(ImageWorld world, IReadOnlyList<string> paths, IDataView view)
    {
        var features = view.GetColumn<float[]>("Features").ToList();
        Assert.HasCount(paths.Count, features);
        for (var i = 0; i < paths.Count; i++) CollectionAssert.AreEqual(world.Expected(paths[i]), features[i]);
    }

    private sealed class BytesRow
    {
        public byte[] ImageBytes { get; set; } = [];
    }

    private sealed class FeatureRow
    {
        public float Number { get; set; }

        public float[] Features { get; set; } = [];
    }
}
