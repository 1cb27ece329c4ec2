using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace ResNet.Tests;

/// <summary>The ImageNet ResNet-18 of ML.NET's package, which lies in these tests' output folder as in any application's.</summary>
[TestClass]
public sealed class PackagedNetworkTests
{
    private const int Size = 224;

    private static readonly PretrainedResNet Entry = PretrainedResNet.Find("resnet18-mlnet")!;

    [TestMethod]
    public void ApplyResNet18_takes_it_without_a_connection_says_so_and_gives_what_its_own_graphs_give()
    {
        using var world = new ImageWorld(images: 3);
        List<string> log = [];
        world.Context.Log += (_, message) => log.Add(message.Message);
        using var transformer = world.Context.Transforms.ApplyResNet18().Fit(world.Data());
        Assert.IsTrue(log.Exists(line => line.Contains("resnet18-mlnet") && line.Contains(Entry.Package!.Id)), string.Join('\n', log));
        Assert.Contains($"SHA-256 {Entry.Sha256}", transformer.Model.Card.Source!);
        var features = transformer.Transform(world.Data()).GetColumn<float[]>("Features").ToList();
        using var original = new OriginalGraphs();
        var preparer = new ImagePreparer(Entry.Preprocessing);
        var pixels = new float[preparer.Length];
        for (var i = 0; i < features.Count; i++)
        {
            preparer.Prepare(new(world.Paths[i]), pixels);
            var expected = original.Run(pixels);
            var difference = expected.Zip(features[i], (left, right) => Math.Abs(left - right)).Max() / expected.Max();
            Assert.IsLessThan(1e-5, difference, $"image {i}");
        }
    }

    [TestMethod]
    public void Scores_need_a_network_with_a_classifier_so_torchvisions_is_preferred_for_them()
    {
        using var folder = new TemporaryFolder();
        var store = Store(folder.Path, AppContext.BaseDirectory);
        Assert.AreEqual("resnet18-mlnet", store.Prefer(ResNetArchitecture.ResNet18).Name);
        Assert.AreEqual("resnet18-imagenet-v1", store.Prefer(ResNetArchitecture.ResNet18, needsClasses: true).Name);
        Assert.AreEqual("resnet50-imagenet-v1", store.Prefer(ResNetArchitecture.ResNet50).Name);
        File.WriteAllText(folder.PathOf("resnet18-imagenet-v1.onnx"), "");
        Assert.AreEqual("resnet18-imagenet-v1", store.Prefer(ResNetArchitecture.ResNet18).Name);
    }

    [TestMethod]
    public void Without_the_package_the_message_names_it_and_where_it_was_looked_for()
    {
        using var folder = new TemporaryFolder();
        var problem = Assert.ThrowsExactly<FileNotFoundException>(() => Store(folder.Path, folder.PathOf("nowhere")).Get(Entry));
        Assert.Contains("dotnet add package Microsoft.ML.DnnImageFeaturizer.ResNet18", problem.Message);
        Assert.Contains(folder.PathOf("nowhere"), problem.Message);
    }

    [TestMethod]
    public void Another_file_in_its_place_is_refused_and_nothing_is_kept()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { Entry.Package!.GraphFile, Entry.Package.PreprocessingFile })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.PathOf(file))!);
            File.Copy(Path.Combine(AppContext.BaseDirectory, Entry.Package.PreprocessingFile), folder.PathOf(file));
        }

        var problem = Assert.ThrowsExactly<IOException>(() => Store(folder.PathOf("store"), folder.Path).Get(Entry));
        Assert.Contains("its SHA-256 should be e2552f19", problem.Message);
        Assert.IsEmpty(Directory.GetFiles(folder.PathOf("store"), "*.onnx"));
    }

    private static ModelStore Store(string folder, string packages) => new(folder, null, new()) { PackageFolders = [packages] };

    /// <summary>The two graphs of the package in ONNX Runtime, as they are.</summary>
    private sealed class OriginalGraphs : IDisposable
    {
        private readonly InferenceSession _prepare = Open(Entry.Package!.PreprocessingFile);
        private readonly InferenceSession _network = Open(Entry.Package!.GraphFile);

        public float[] Run(float[] pixels) => Run(_network, Run(_prepare, pixels));

        public void Dispose()
        {
            _prepare.Dispose();
            _network.Dispose();
        }

        private static InferenceSession Open(string file)
        {
            // Old graphs list their weights as inputs, of which ONNX Runtime would warn.
            using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            return new(Path.Combine(AppContext.BaseDirectory, file), options);
        }

        private static float[] Run(InferenceSession session, float[] values)
        {
            using var input = OrtValue.CreateTensorValueFromMemory(values, [1, 3, Size, Size]);
            using var options = new RunOptions();
            using var outputs = session.Run(options, [session.InputNames[0]], [input], [session.OutputNames[0]]);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
    }
}
