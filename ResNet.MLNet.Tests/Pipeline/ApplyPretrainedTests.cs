using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>ApplyResNet18 to 152: published weights from the cache, or a model file of the same network.</summary>
[TestClass]
public sealed class ApplyPretrainedTests
{
    [TestMethod]
    public void Each_network_takes_a_model_file_of_its_own_kind_and_refuses_others()
    {
        using var world = new ImageWorld(images: 2);
        var transforms = world.Context.Transforms;
        var applied = new Dictionary<string, Func<string, ResNetEstimator>>
        {
            ["resnet18"] = model => transforms.ApplyResNet18(model: model),
            ["resnet34"] = model => transforms.ApplyResNet34(model: model),
            ["resnet50"] = model => transforms.ApplyResNet50(model: model),
            ["resnet101"] = model => transforms.ApplyResNet101(model: model),
            ["resnet152"] = model => transforms.ApplyResNet152(model: model),
        };
        foreach (var (name, apply) in applied)
        {
            var file = Export(world, $"{name}:width=2");
            using var model = apply(file).Fit(world.Data());
            // Basic blocks end with 8 times the width, bottlenecks with 32 times.
            var isBasic = name is "resnet18" or "resnet34";
            Assert.HasCount(isBasic ? 16 : 64, model.Transform(world.Data()).GetColumn<float[]>("Features").First());
            var problem = Assert.ThrowsExactly<ArgumentException>(() => applied[name == "resnet18" ? "resnet34" : "resnet18"](file));
            StringAssert.Contains(problem.Message, $"are of a {name}:width=2");
        }
    }

    [TestMethod]
    public void Published_weights_are_taken_from_the_cache_by_default_and_by_name()
    {
        using var world = new ImageWorld(images: 2);
        var models = Directory.CreateDirectory(Path.Combine(AssemblySettings.CacheHome, "models")).FullName;
        var source = PretrainedResNet.Find("resnet34")!.ToCard().Source;
        File.Copy(Export(world, "resnet34:width=2", source), Path.Combine(models, "resnet34-imagenet-v1.onnx"), overwrite: true);
        using var standard = world.Context.Transforms.ApplyResNet34("Features", "ImagePath").Fit(world.Data());
        using var named = world.Context.Transforms.ApplyResNet("Features", "ImagePath", "resnet34-imagenet-v1").Fit(world.Data());
        var (first, second) = (Features(standard), Features(named));
        for (var i = 0; i < 2; i++) CollectionAssert.AreEqual(first[i], second[i]);
        var problem = Assert.ThrowsExactly<IOException>(() => world.Context.Transforms.ApplyResNet101("Features", "ImagePath"));
        foreach (var expected in new[] { "resnet101-imagenet-v1", "http://127.0.0.1:9/resnet101-63fe2227.pth", models })
            StringAssert.Contains(problem.Message, expected);

        List<float[]> Features(ResNetTransformer model) => [.. model.Transform(world.Data()).GetColumn<float[]>("Features")];
    }

    [TestMethod]
    public void A_network_that_the_store_did_not_make_is_not_taken_for_published_weights()
    {
        using var world = new ImageWorld(images: 1);
        var models = Directory.CreateDirectory(Path.Combine(AssemblySettings.CacheHome, "models")).FullName;
        var kept = Path.Combine(models, "resnet152-imagenet-v2.onnx");
        var entry = PretrainedResNet.Find("resnet152-imagenet-v2")!;
        File.Copy(Export(world, "resnet152:width=2", "a network of somebody"), kept, overwrite: true);
        StringAssert.Contains(Refusal(), "its source is a network of somebody");

        var bytes = File.ReadAllBytes(Export(world, "resnet152:width=2", entry.ToCard().Source));
        File.WriteAllBytes(kept, bytes);
        Assert.AreEqual(kept, ModelStore.Default.Get(entry));
        bytes[bytes.AsSpan().LastIndexOf("class6"u8)] ^= 1;
        File.WriteAllBytes(kept, bytes);
        StringAssert.Contains(Refusal(), "damaged");

        string Refusal()
        {
            var problem = Assert.ThrowsExactly<IOException>(() => world.Context.Transforms.ApplyResNet(entry.Name));
            StringAssert.Contains(problem.Message, kept);
            StringAssert.Contains(problem.Message, "Delete it");
            return problem.Message;
        }
    }

    private static string Export(ImageWorld world, string name, string? source = null)
    {
        var architecture = ResNetArchitecture.Parse(name, classes: 7);
        var file = world.PathOf(name.Replace(':', '-') + ".onnx");
        ModelFile.Write(file, architecture, RandomWeights.For(architecture), RandomWeights.Card(architecture) with { Source = source });
        return file;
    }
}
