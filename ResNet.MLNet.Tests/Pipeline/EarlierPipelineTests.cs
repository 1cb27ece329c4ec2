using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>Pipelines that earlier versions saved still load, with all that was set (see Fixtures/Pipelines/README.md).</summary>
[TestClass]
public sealed class EarlierPipelineTests
{
    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    [TestMethod]
    public void A_pipeline_of_version_0_1_gives_the_values_that_it_gave()
    {
        var context = new MLContext();
        var pipeline = context.Model.Load(Path.Combine(Fixtures, "Pipelines", "pipeline-0.1.zip"), out _);
        var image = Path.Combine(Fixtures, "Imaging", "rgb.png");
        var data = context.Data.LoadFromEnumerable([new Row { Picture = image }, new Row { Picture = "missing.png" }]);
        var scored = pipeline.Transform(data);

        float[] expected = [0.09404209f, 0.012336001f, 0.19120531f];
        var logits = scored.GetColumn<float[]>("Logits").ToList();
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], logits[0][i], 1e-5f);
        Assert.IsTrue(logits[1].All(float.IsNaN), "Bad images are marked.");
        CollectionAssert.AreEqual(new uint[] { 3, 0 }, scored.GetColumn<uint>("Best").ToList());
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["Best"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(new[] { "cat", "dog", "eel" }, names.DenseValues().Select(name => name.ToString()).ToList());
    }

    [TestMethod]
    public void Saved_again_its_settings_but_the_folder_of_images_and_its_network_are_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext();
        var earlier = Path.Combine(Fixtures, "Pipelines", "pipeline-0.1.zip");
        context.Model.Save(context.Model.Load(earlier, out var schema), schema, folder.PathOf("again.zip"));
        CollectionAssert.AreEqual(ReadEntry(earlier, "model.onnx"), ReadEntry(folder.PathOf("again.zip"), "model.onnx"));
        var options = Encoding.UTF8.GetString(ReadEntry(earlier, "options.json"));
        Assert.AreEqual(
            options.Replace("\"ImageFolder\":\"pictures\"", "\"ImageFolder\":null", StringComparison.Ordinal),
            Encoding.UTF8.GetString(ReadEntry(folder.PathOf("again.zip"), "options.json")));
    }

    private static byte[] ReadEntry(string zip, string name)
    {
        using var archive = ZipFile.OpenRead(zip);
        using var content = archive.Entries.Single(entry => entry.Name == name).Open();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    private sealed class Row
    {
        public string Picture { get; set; } = "";
    }
}
