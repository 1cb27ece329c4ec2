using Microsoft.ML;
using Microsoft.ML.Data;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>What a graph from elsewhere says and does not say of its images.</summary>
[TestClass]
public sealed class GraphPreprocessingTests
{
    private const int Size = 6;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "graphs");

    [TestMethod]
    public void A_graph_that_swaps_channels_and_subtracts_an_image_is_measured()
    {
        using var folder = new TemporaryFolder();
        float[] image = [.. Enumerable.Range(0, 3 * Size * Size).Select(index => 10f + index)];
        var path = folder.PathOf("prepare.onnx");
        File.WriteAllBytes(path, ModelFileBytes(graph =>
        {
            var order = graph.Constant("order", 2L, 1L, 0L);
            var swapped = graph.Node("Gather", "swapped", ["x", order], OnnxGraph.Attribute("axis", 1));
            return graph.Node("Sub", "y", [swapped, graph.Constant("image", image, 1, 3, Size, Size)]);
        }));
        var read = ResNetImporter.ReadPreprocessing(path);
        Assert.AreEqual(ChannelOrder.Bgr, read.ChannelOrder);
        Assert.AreEqual(Size, read.Crop);
        Assert.AreEqual(1 / 255.0, read.Std.G, 1e-7);
        // The graph's first channel is blue.
        const int Area = Size * Size;
        Assert.AreEqual(image[0] / 255, read.MeanImage!.Values[2 * Area], 1e-6);
        Assert.AreEqual(image[^1] / 255, read.MeanImage.Values[Area - 1], 1e-6);
    }

    [TestMethod]
    public void A_graph_that_mixes_channels_or_is_not_linear_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("prepare.onnx");
        File.WriteAllBytes(path, ModelFileBytes(graph => graph.Node("Sqrt", "y", ["x"])));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetImporter.ReadPreprocessing(path));
        Assert.Contains("prepare.onnx", problem.Message);
        Assert.Contains("a factor and a sum", problem.Message);
    }

    [TestMethod]
    public void What_a_graph_tells_is_assumed_and_said()
    {
        using var folder = new TemporaryFolder();
        List<string> notes = [];
        var card = ResNetImporter.Import(Path.Combine(Folder, "cntk.onnx"), folder.PathOf("model.onnx"), note: notes.Add);
        Assert.AreEqual(64, card.Preprocessing.Crop);
        Assert.Contains("Assumed: shorter side 73, crop 64", notes.Single());

        notes.Clear();
        card = ResNetImporter.Import(Path.Combine(Folder, "torch-normalised.onnx"), folder.PathOf("model.onnx"), note: notes.Add);
        Assert.Contains("pixels from 0 to 255", notes.Single());
        // It subtracts ImageNet's means itself, from blue, green, red; as it was not said, it gets red, green, blue.
        Assert.AreEqual(0.406, card.Preprocessing.Mean.R, 1e-5);
    }

    [TestMethod]
    public void A_batch_of_one_size_only_serves_any_number_of_rows()
    {
        using var world = new ImageWorld(images: 6);
        var preprocessing = new ImagePreprocessing { Resize = 40, Crop = 40 };
        var path = Path.Combine(Folder, "outputs-sigmoid.onnx");
        var options = new ResNetEstimator.Options
        {
            Model = path,
            Preprocessing = preprocessing,
            Output = ResNetOutput.Probabilities,
            BatchSize = 4,
            OutputColumnName = "Out",
        };
        var data = new MLContext().Data.LoadFromEnumerable(world.Paths.Select(each => new ImageRow { ImagePath = each }));
        using var transformer = new MLContext().Transforms.ApplyResNet(options).Fit(data);
        var rows = transformer.Transform(data).GetColumn<float[]>("Out").ToList();
        using var model = ResNetModel.Open(path, preprocessing);
        for (var i = 0; i < rows.Count; i++)
            CollectionAssert.AreEqual(model.Run(world.Paths[i], ResNetOutput.Probabilities), rows[i], $"row {i}");
    }

    [TestMethod]
    public void Training_starts_from_a_graph_with_its_statistics_and_not_from_one_that_is_no_ResNet()
    {
        var preprocessing = new ImagePreprocessing { Resize = 48, Crop = 40 };
        var start = StartingPoint.Open(Path.Combine(Folder, "torch-unfolded.onnx"), preprocessing: preprocessing);
        Assert.IsFalse(start.IsFolded);
        Assert.AreEqual("resnet18:width=2", start.Architecture.Name);
        Assert.AreEqual(preprocessing.Crop, start.Preprocessing.Crop);
        var path = Path.Combine(Folder, "pre-activation.onnx");
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => StartingPoint.Open(path, preprocessing: preprocessing));
        Assert.Contains("training cannot start from it", problem.Message);
    }

    [TestMethod]
    public void On_the_command_line_a_graph_is_used_and_imported_with_what_the_options_say()
    {
        using var world = new ImageWorld(images: 1);
        var graph = Path.Combine(Folder, "torch-external.onnx");
        string[] how = ["--resize", "40", "--crop", "40"];
        var direct = Command.Resnet(["predict", "--model", graph, "--format", "csv", .. how, world.Paths[0]]);
        Assert.AreEqual(0, direct.ExitCode, direct.Errors);
        var imported = Command.Resnet(["import", "--weights", graph, "--output", world.PathOf("imported.onnx"), .. how]);
        Assert.AreEqual(0, imported.ExitCode, imported.Errors);
        Assert.Contains("resnet18:width=2", imported.Output);
        var own = Command.Resnet("predict", "--model", world.PathOf("imported.onnx"), "--format", "csv", world.Paths[0]);
        Assert.AreEqual(direct.Output, own.Output);

        // A file that says it itself is not told otherwise.
        var told = Command.Resnet(["predict", "--model", world.PathOf("imported.onnx"), .. how, world.Paths[0]]);
        Assert.AreNotEqual(0, told.ExitCode);
        Assert.Contains("Leave out --resize, --crop", told.Errors);
    }

    private static byte[] ModelFileBytes(Func<OnnxGraph, string> build)
    {
        var graph = new OnnxGraph("prepare");
        graph.Input("x", 1, 3, Size, Size);
        graph.Output(build(graph), 1, 3, Size, Size);
        var model = new ModelProto
        {
            IrVersion = 8,
            Graph = graph.Graph,
            OpsetImport = { new OperatorSetIdProto { Version = 13 } },
        };
        using var bytes = new MemoryStream();
        using (var stream = new Google.Protobuf.CodedOutputStream(bytes, leaveOpen: true)) model.WriteTo(stream);
        return bytes.ToArray();
    }
}
