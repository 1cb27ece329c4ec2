using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>What users of ML.NET do with any model: move it to another machine, export it, make engines of it.</summary>
[TestClass]
public sealed class MLNetHabitsTests
{
    [TestMethod]
    public void The_folder_of_images_is_not_saved_and_is_set_after_loading()
    {
        using var world = new ImageWorld(images: 2);
        var names = world.Data(world.Paths.Select(path => Path.GetFileName(path)));
        var options = new ResNetEstimator.Options { Model = world.ModelFile, ImageFolder = world.Folder };
        var chain = world.Context.Transforms.ApplyResNet(options).Append(world.Context.Transforms.CopyColumns("Copy", "Features"));
        var fitted = chain.Fit(names);
        var expected = fitted.Transform(names).GetColumn<float[]>("Copy").ToList();
        world.Context.Model.Save(fitted, names.Schema, world.PathOf("saved.zip"));

        var loaded = new MLContext().Model.Load(world.PathOf("saved.zip"), out _);
        var missing = MessageOf(() => Read(loaded.Transform(names)));
        StringAssert.Contains(missing, "Row 0: There is no such file.");
        StringAssert.Contains(missing, $"from the current folder, '{Environment.CurrentDirectory}'");
        StringAssert.Contains(missing, "SetImageFolder");

        loaded.SetImageFolder(world.PathOf("nowhere"));
        StringAssert.Contains(
            MessageOf(() => Read(loaded.Transform(names))), $"ImageFolder, '{world.PathOf("nowhere")}'");

        loaded.SetImageFolder(world.Folder);
        var actual = loaded.Transform(names).GetColumn<float[]>("Copy").ToList();
        for (var i = 0; i < expected.Count; i++) CollectionAssert.AreEqual(expected[i], actual[i]);
        Assert.ThrowsExactly<ArgumentException>(() => world.Context.Transforms.CopyColumns("B", "Number").Fit(names).SetImageFolder(""));
    }

    [TestMethod]
    public void ConvertToOnnx_is_refused_with_the_way_to_the_network()
    {
        using var world = new ImageWorld(images: 6);
        var data = world.Data();
        var pipeline = world.Context.Transforms.Conversion.MapValueToKey("Label")
            .Append(world.Context.Transforms.ApplyResNet(world.ModelFile))
            .Append(world.Context.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
        var model = pipeline.Fit(data);
        using var written = new MemoryStream();
        var problem = Assert.ThrowsExactly<NotSupportedException>(() => world.Context.Model.ConvertToOnnx(model, data, written));
        StringAssert.Contains(problem.Message, "Model.Save(path)");
        Assert.AreEqual(0, written.Length);
    }

    [TestMethod]
    public void The_network_of_a_transformer_is_saved_as_a_model_file()
    {
        using var world = new ImageWorld(images: 1);
        using var model = world.Context.Transforms.ApplyResNet(world.ModelFile).Fit(world.Data());
        model.Model.Save(world.PathOf("again.onnx"));
        CollectionAssert.AreEqual(File.ReadAllBytes(world.ModelFile), File.ReadAllBytes(world.PathOf("again.onnx")));
    }

    [TestMethod]
    public void A_model_that_its_engine_disposed_of_says_how_to_keep_it()
    {
        using var world = new ImageWorld(images: 1);
        var model = world.Context.Transforms.ApplyResNet(world.ModelFile).Fit(world.Data());
        var row = new ImageRow { ImagePath = world.Paths[0] };
        var options = new PredictionEngineOptions { OwnsTransformer = false };
        using (var first = world.Context.Model.CreatePredictionEngine<ImageRow, Scored>(model, options)) first.Predict(row);
        using (var second = world.Context.Model.CreatePredictionEngine<ImageRow, Scored>(model)) second.Predict(row);
        using var third = world.Context.Model.CreatePredictionEngine<ImageRow, Scored>(model);
        var problem = Assert.ThrowsExactly<ObjectDisposedException>(() => third.Predict(row));
        StringAssert.Contains(problem.Message, "OwnsTransformer = false");
    }

    private static List<float[]> Read(IDataView scored) => [.. scored.GetColumn<float[]>("Features")];

    private static string MessageOf(Action action) => Assert.ThrowsExactly<InvalidImageException>(action).Message;

    private sealed class Scored
    {
        public float[] Features { get; set; } = [];
    }
}
