using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>A model file is opened by its header, says what is wrong with it, and stays the file that was opened.</summary>
[TestClass]
public sealed class OpenModelTests
{
    private const string Name = "other.onnx";

    [TestMethod]
    public void What_is_not_a_model_file_is_named()
    {
        using var world = new ImageWorld(images: 1);
        var missing = Assert.ThrowsExactly<FileNotFoundException>(() => ResNetModel.Open(world.PathOf("none.onnx")));
        StringAssert.Contains(missing.Message, "none.onnx");
        Assert.ThrowsExactly<ArgumentException>(() => ResNetModel.Open(""));
        AssertRefused(world.Paths[0], "0.jpg", "not an ONNX model");

        File.WriteAllBytes(world.PathOf(Name), []);
        AssertRefused(world.PathOf(Name), Name, "no graph");
        File.WriteAllBytes(world.PathOf(Name), File.ReadAllBytes(world.ModelFile)[..^50]);
        AssertRefused(world.PathOf(Name), Name, "not an ONNX model");
    }

    [TestMethod]
    public void A_network_without_image_input_or_known_outputs_or_with_a_card_of_another_is_refused()
    {
        using var world = new ImageWorld(images: 1);
        Change(world, model => model.Graph.Input[0].Name = "pixels");
        AssertRefused(world.PathOf(Name), Name, "no input 'image'");

        Change(world, model => model.Graph.Output.Clear());
        AssertRefused(world.PathOf(Name), Name, "neither features nor scores");

        Change(world, model => model.MetadataProps[0].Value = model.MetadataProps[0].Value.Replace("\"crop\": 32", "\"crop\": 16384"));
        AssertRefused(world.PathOf(Name), Name, "Crop must be 1 to 4096 pixels");

        Change(world, model => SetCard(model, card => card with { Architecture = "resnet19" }));
        AssertRefused(world.PathOf(Name), Name, "resnet19");
    }

    [TestMethod]
    [DataRow("cifar-resnet8:width=8", "has 32 features, and the network gives 16")]
    [DataRow("resnet152:width=4", "features")]
    [DataRow("cifar-resnet14:width=4", "convolutions, and the graph has 9")]
    [DataRow("cifar-resnet8:width=4", "has 7 convolutions, and the graph has 9")]
    [DataRow("resnet18:width=0", "architecture")]
    public void A_card_of_another_network_than_the_graph_s_is_refused(string architecture, string problem)
    {
        using var world = new ImageWorld(images: 1, architecture: "cifar-resnet8:width=4,B");
        Change(world, model => SetCard(model, card => card with { Architecture = architecture }));
        AssertRefused(world.PathOf(Name), Name, problem);
    }

    [TestMethod]
    public void A_card_with_fewer_or_more_labels_than_classes_is_refused()
    {
        using var world = new ImageWorld(images: 1);
        foreach (var labels in new[] { new[] { "a" }, ["a", "b", "c", "d"] })
        {
            Change(world, model => SetCard(model, card => card with { Labels = labels }));
            AssertRefused(world.PathOf(Name), Name, $"has {labels.Length} labels, and the network 3 classes");
        }
    }

    [TestMethod]
    public void What_ONNX_Runtime_cannot_load_is_named_with_the_first_image()
    {
        using var world = new ImageWorld(images: 1);
        Change(world, model => model.Graph.Node[0].OpType = "NoSuchOperation");
        using var model = ResNetModel.Open(world.PathOf(Name));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => model.Run(world.Paths[0]));
        StringAssert.Contains(problem.Message, Name);
        StringAssert.Contains(problem.Message, "NoSuchOperation");
    }

    [TestMethod]
    public void A_device_that_cannot_be_used_is_an_error_or_a_warning()
    {
        using var world = new ImageWorld(images: 1);
        // The CPU package of ONNX Runtime, which the tests use, knows no CUDA.
        var problem = Assert.ThrowsExactly<InvalidOperationException>(() => ResNetModel.Open(world.ModelFile, gpuDeviceId: 0));
        StringAssert.Contains(problem.Message, "Microsoft.ML.OnnxRuntime.Gpu");
        var transforms = world.Context.Transforms;
        Assert.ThrowsExactly<InvalidOperationException>(() => transforms.ApplyResNet(world.ModelFile, gpuDeviceId: 0));

        List<string> log = [];
        world.Context.Log += (_, message) => log.Add(message.Message);
        using var fitted = transforms.ApplyResNet(world.ModelFile, gpuDeviceId: 0, fallbackToCpu: true).Fit(world.Data());
        var features = fitted.Transform(world.Data()).GetColumn<float[]>("Features").Single();
        CollectionAssert.AreEqual(world.Expected(world.Paths[0]), features);
        Assert.IsTrue(log.Exists(message => message.Contains("Running on the CPU", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Two_transformers_of_an_estimator_share_the_network_until_both_are_disposed()
    {
        using var world = new ImageWorld(images: 1);
        var pipeline = world.Context.Transforms.ApplyResNet(world.ModelFile);
        var first = pipeline.Fit(world.Data());
        var second = pipeline.Fit(world.Data());
        Assert.AreSame(first.Model, second.Model);
        first.Dispose();
        first.Dispose();
        CollectionAssert.AreEqual(world.Expected(world.Paths[0]), second.Model.Run(world.Paths[0], ResNetOutput.Features));
        second.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => second.Model.Run(world.Paths[0]));
        using var third = pipeline.Fit(world.Data());
        CollectionAssert.AreEqual(world.Expected(world.Paths[0]), third.Model.Run(world.Paths[0], ResNetOutput.Features));
    }

    [TestMethod]
    public void A_network_that_nobody_disposed_is_collected()
    {
        using var world = new ImageWorld(images: 1);
        var engine = Use(world);
        for (var i = 0; i < 3 && engine.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.IsFalse(engine.IsAlive);
    }

    [TestMethod]
    public void Idle_workers_hold_no_more_memory_together_than_they_may()
    {
        using var world = new ImageWorld(images: 1);
        var model = OpenedModel.Open(world.ModelFile);
        using var engine = new InferenceEngine(model, default, Sharing.Throughput) { MostIdleBytes = 100_000 };
        Use(3);
        var held = engine.IdleBytes;
        Assert.IsTrue(held is > 0 and <= 100_000, $"{held}");
        Use(3);
        Assert.AreEqual(held, engine.IdleBytes);

        void Use(int workers)
        {
            if (workers == 0) return;
            using var worker = engine.Rent(Key(model));
            worker.Prepare(0, new ImageInput(world.Paths[0]));
            Use(workers - 1);
        }
    }

    /// <summary>In a method of its own, so that no local variable keeps the engine.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Use(ImageWorld world)
    {
        var model = OpenedModel.Open(world.ModelFile);
        var engine = new InferenceEngine(model, default, Sharing.Throughput);
        using (var worker = engine.Rent(Key(model))) worker.Prepare(0, new ImageInput(world.Paths[0]));
        return new(engine);
    }

    private static WorkerKey Key(OpenedModel model)
    {
        var output = OpenedModel.NameOf(ResNetOutput.Features);
        return new(model.Card.Preprocessing, output, model.FeatureCount!.Value, ImageLimits.Standard, BatchSize: 1);
    }

    private static void AssertRefused(string path, params string[] expected)
    {
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(path));
        foreach (var part in expected) StringAssert.Contains(problem.Message, part);
    }

    private static void Change(ImageWorld world, Action<ModelProto> change)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.ModelFile));
        change(model);
        File.WriteAllBytes(world.PathOf(Name), ModelFile.ToBytes(model));
    }

    private static void SetCard(ModelProto model, Func<ModelCard, ModelCard> change) =>
        ModelFile.SetCard(model, change(ModelFile.FindCard(model.MetadataProps)!));
}
