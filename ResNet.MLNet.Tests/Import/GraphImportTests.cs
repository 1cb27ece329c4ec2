using System.Text.Json;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>Residual networks are read out of ONNX graphs, whoever wrote them, and compute what PyTorch computes (see Fixtures).</summary>
[TestClass]
public sealed class GraphImportTests
{
    private const double Tolerance = 1e-5;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "graphs");

    [TestMethod]
    [DataRow("torch-opset9.onnx")]
    [DataRow("torch-unfolded.onnx")]
    [DataRow("torch-external.onnx")]
    [DataRow("torch-half.onnx")]
    [DataRow("torch-grouped.onnx")]
    [DataRow("torch-option-a.onnx")]
    [DataRow("torch-normalised.onnx")]
    [DataRow("cntk.onnx")]
    [DataRow("keras.onnx")]
    [DataRow("outputs-features4d.onnx")]
    [DataRow("outputs-features-logits.onnx")]
    [DataRow("outputs-log_softmax.onnx")]
    public void A_residual_network_becomes_one_of_this_project(string file)
    {
        using var folder = new TemporaryFolder();
        using var expected = Expected(file);
        List<string> notes = [];
        var card = Import(file, folder, notes);
        Assert.AreEqual("", string.Join(' ', notes));
        Assert.AreEqual(expected.RootElement.GetProperty("architecture").GetString(), card.Architecture);
        AssertGives(expected.RootElement, folder.PathOf("model.onnx"));
        using var model = ResNetModel.Open(folder.PathOf("model.onnx"));
        Assert.AreEqual(ChannelOrder.Rgb, model.Preprocessing.ChannelOrder);
        Assert.AreEqual(0.485, model.Preprocessing.Mean.R, 1e-6);
        Assert.AreEqual(0.225, model.Preprocessing.Std.B, 1e-6);
    }

    [TestMethod]
    public void A_network_of_the_second_version_is_used_as_it_is_and_the_note_says_why()
    {
        using var folder = new TemporaryFolder();
        List<string> notes = [];
        var card = Import("pre-activation.onnx", folder, notes);
        Assert.AreEqual("foreign", card.Architecture);
        Assert.Contains("pre-activation", notes.Single());
        using var model = ResNetModel.Open(folder.PathOf("model.onnx"));
        Assert.AreEqual(5, model.ClassCount);
        Assert.AreEqual(4, model.FeatureCount);
    }

    [TestMethod]
    public void Probabilities_of_a_sigmoid_stay_what_they_are()
    {
        using var folder = new TemporaryFolder();
        using var expected = Expected("outputs-sigmoid.onnx");
        List<string> notes = [];
        Import("outputs-sigmoid.onnx", folder, notes);
        Assert.Contains("sigmoid", notes.Single());
        using var session = new OnnxSession(File.ReadAllBytes(folder.PathOf("model.onnx")));
        var pixels = Pixels(40);
        double[] sigmoid =
        [
            .. expected.RootElement.GetProperty("logits").EnumerateArray().Take(5).Select(each => 1 / (1 + Math.Exp(-each.GetDouble()))),
        ];
        AssertNear(sigmoid, session.Run("probabilities", pixels[..(3 * 1600)], 1, 3, 40, 40));
    }

    [TestMethod]
    public void Batch_norm_that_is_apart_keeps_its_statistics()
    {
        var graph = new GraphImport(ModelProtoOf("torch-unfolded.onnx"));
        Assert.IsFalse(graph.Network!.IsFolded);
        Assert.AreNotEqual(0, graph.Network.Weights["bn1.running_mean"].Values[0]);
        Assert.IsTrue(new GraphImport(ModelProtoOf("torch-opset9.onnx")).Network!.IsFolded);
    }

    [TestMethod]
    public void A_graph_that_computes_something_else_than_it_seems_to_is_not_taken_for_a_ResNet()
    {
        var model = ModelProtoOf("torch-unfolded.onnx");
        var kernel = model.Graph.Node.Where(node => node.OpType == "Conv").ElementAt(3);
        // Dilation changes no shape here, and no walk looks at it.
        foreach (var old in kernel.Attribute.Where(each => each.Name is "dilations" or "pads").ToList()) kernel.Attribute.Remove(old);
        kernel.Attribute.Add(OnnxGraph.Attribute("dilations", 2L, 2L));
        kernel.Attribute.Add(OnnxGraph.Attribute("pads", 2L, 2L, 2L, 2L));
        var imported = new GraphImport(model).ToModelFile(ForeignModel.CardOf(model, Preprocessing(40)));
        Assert.AreEqual("foreign", imported.Card.Architecture);
        Assert.Contains("differ", imported.Note!);
    }

    [TestMethod]
    public void Weights_in_another_file_are_found_from_any_folder_and_missing_ones_are_named()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Folder, "torch-external.onnx"), folder.PathOf("alone.onnx"));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(folder.PathOf("alone.onnx"), Preprocessing(40)));
        Assert.Contains("'torch-external.onnx.data', which is not beside it", problem.Message);

        using var model = ResNetModel.Open(Path.Combine(Folder, "torch-external.onnx"), Preprocessing(40));
        Assert.AreEqual("resnet18:width=2", model.Architecture?.Name);
        // Saved, it is one file.
        model.Save(folder.PathOf("saved.onnx"));
        using var expected = Expected("torch-external.onnx");
        AssertGives(expected.RootElement, folder.PathOf("saved.onnx"));
    }

    [TestMethod]
    [DataRow("../secret.data", "outside of its folder")]
    [DataRow("a\0b", "name is damaged")]
    public void Weights_in_a_file_that_is_not_beside_the_graph_are_refused(string location, string reason)
    {
        using var folder = new TemporaryFolder();
        var model = ModelProtoOf("torch-external.onnx");
        foreach (var tensor in model.Graph.Initializer)
        {
            foreach (var entry in tensor.ExternalData.Where(entry => entry.Key == "location")) entry.Value = location;
            // A key that is there twice is no reason to end otherwise.
            if (tensor.ExternalData.Count > 0) tensor.ExternalData.Add(tensor.ExternalData[0].Clone());
        }

        File.WriteAllBytes(folder.PathOf("graph.onnx"), Google.Protobuf.MessageExtensions.ToByteArray(model));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(folder.PathOf("graph.onnx"), Preprocessing(40)));
        Assert.Contains("graph.onnx", problem.Message);
        Assert.Contains(reason, problem.Message);
    }

    private static ModelCard Import(string file, TemporaryFolder folder, List<string> notes)
    {
        var size = file switch
        {
            "cntk.onnx" => 64,
            "torch-option-a.onnx" => 20,
            _ => 40,
        };
        var preprocessing = Preprocessing(size);
        if (file == "torch-normalised.onnx")
        {
            const float Scale = 1 / 255f;
            preprocessing = preprocessing with { ChannelOrder = ChannelOrder.Bgr, Mean = default, Std = new(Scale, Scale, Scale) };
        }

        return ResNetImporter.Import(
            Path.Combine(Folder, file),
            folder.PathOf("model.onnx"),
            card: known => known with { Preprocessing = preprocessing },
            note: notes.Add);
    }

    private static ImagePreprocessing Preprocessing(int size) => new() { Resize = null, Crop = size };

    private static ModelProto ModelProtoOf(string file) => ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(Folder, file)));

    private static JsonDocument Expected(string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file + ".json")));

    private static float[] Pixels(int size) => [.. Enumerable.Range(0, 2 * 3 * size * size).Select(index => (float)(index * 7919L % 256))];

    private static void AssertGives(JsonElement expected, string file)
    {
        using var session = new OnnxSession(File.ReadAllBytes(file));
        var size = expected.GetProperty("size").GetInt32();
        foreach (var output in session.Outputs.Where(name => name != "probabilities"))
        {
            double[] want = [.. expected.GetProperty(output).EnumerateArray().Select(value => value.GetDouble())];
            AssertNear(want, session.Run(output, Pixels(size), 2, 3, size, size));
        }
    }

    private static void AssertNear(double[] want, float[] got)
    {
        Assert.HasCount(want.Length, got);
        Assert.IsLessThan(Tolerance, want.Zip(got, (left, right) => Math.Abs(left - right)).Max() / want.Max(Math.Abs));
    }
}
