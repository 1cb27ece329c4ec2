using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>Integer networks compute nearly what the float ones do, in integers, and are used like them.</summary>
[TestClass]
public sealed class QuantizerTests
{
    [TestMethod]
    [DataRow("resnet18:width=8")]
    [DataRow("resnet34:A,width=8")]
    [DataRow("resnet50:width=8")]
    [DataRow("resnet50:v1,width=8")]
    [DataRow("resnet50:width=16,groups=4,width-per-group=32")]
    [DataRow("wide_resnet50_2:width=8")]
    [DataRow("resnet18:stages=2.2.2.3,width=8")]
    [DataRow("resnet18:C,width=8")]
    [DataRow("plain18:width=8")]
    [DataRow("cifar-resnet20:width=8")]
    [DataRow("cifar-resnet20:B,width=8")]
    [DataRow("cifar-plain20:width=8")]
    public void Every_kind_of_network_keeps_its_features_and_has_no_float_convolution_left(string name)
    {
        using var world = new ImageWorld(images: 24, architecture: name);
        var output = world.PathOf("int8.onnx");
        var report = ResNetQuantizer.Quantize(world.ModelFile, world.Paths, output, new() { CalibrationImages = 12 });
        Assert.AreEqual(12, report.Images);
        Assert.IsGreaterThan(0.99, report.FeatureCosine!.Value);
        Assert.IsLessThan(report.FloatBytes, report.IntegerBytes);

        // ONNX Runtime would remove what is not used with a warning on the console for each.
        var written = ModelProto.Parser.ParseFrom(File.ReadAllBytes(output)).Graph;
        var unused = written.Initializer.Select(tensor => tensor.Name).Except(written.Node.SelectMany(node => node.Input));
        Assert.AreEqual("", string.Join(", ", unused));

        var optimized = world.PathOf("optimized.onnx");
        using (var options = new SessionOptions())
        {
            options.OptimizedModelFilePath = optimized;
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED;
            options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
            new InferenceSession(output, options).Dispose();
        }

        var graph = ModelProto.Parser.ParseFrom(File.ReadAllBytes(optimized)).Graph;
        var operators = graph.Node.CountBy(node => node.OpType).ToDictionary();
        foreach (var left in new[] { "Conv", "FusedConv", "Add", "Relu", "Pad", "Slice" })
            Assert.IsFalse(operators.ContainsKey(left), left);
        Assert.AreEqual(1, operators["QuantizeLinear"]);
        Assert.AreEqual(1, operators["DequantizeLinear"]);
    }

    [TestMethod]
    [DataRow(CalibrationMethod.Mse)]
    [DataRow(CalibrationMethod.MinMax)]
    [DataRow(CalibrationMethod.Percentile)]
    [DataRow(CalibrationMethod.Entropy)]
    public void Every_method_gives_a_network_that_pipelines_take_like_any_other(CalibrationMethod method)
    {
        using var world = new ImageWorld(images: 12, architecture: "cifar-resnet20:width=8");
        var output = world.PathOf("int8.onnx");
        var report = ResNetQuantizer.Quantize(world.ModelFile, world.Paths, output, new() { Method = method, LabelOf = _ => 1 });
        Assert.AreEqual(12, report.Images);
        Assert.IsNotNull(report.IntegerTop1);
        var estimator = world.Context.Transforms.ApplyResNet("Score", null, output, ResNetOutput.Probabilities, "PredictedLabel");
        using var model = estimator.Fit(world.Data());
        var scores = model.Transform(world.Data()).GetColumn<float[]>("Score").ToList();
        for (var i = 0; i < scores.Count; i++)
        {
            Assert.AreEqual(1, scores[i].Sum(), 1e-5);
            var expected = world.Expected(world.Paths[i], ResNetOutput.Probabilities);
            var difference = scores[i].Zip(expected, (left, right) => Math.Abs(left - right)).Max();
            if (method != CalibrationMethod.Entropy) Assert.IsLessThan(0.15, difference);
        }

        world.Context.Model.Save(model, world.Data().Schema, world.PathOf("saved.zip"));
        var loaded = world.Context.Model.Load(world.PathOf("saved.zip"), out _);
        var again = loaded.Transform(world.Data()).GetColumn<float[]>("Score").ToList();
        for (var i = 0; i < scores.Count; i++) CollectionAssert.AreEqual(scores[i], again[i]);
        Assert.Contains(method.ToString().ToLowerInvariant(), model.Model.Card.Quantization!);
        CollectionAssert.AreEqual(new[] { "class0", "class1", "class2" }, model.Model.Labels!.ToList());
    }

    [TestMethod]
    public void A_foreign_network_is_quantized_too()
    {
        using var world = new ImageWorld(images: 10);
        var foreign = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "foreign", "scores.onnx");
        var options = new QuantizationOptions { Preprocessing = new() { Resize = 40, Crop = 40 } };
        var report = ResNetQuantizer.Quantize(foreign, world.Paths, world.PathOf("int8.onnx"), options);
        Assert.IsGreaterThan(0.99, report.FeatureCosine!.Value);
        using var model = ResNetModel.Open(world.PathOf("int8.onnx"));
        Assert.HasCount(5, model.Run(world.Paths[0]));
    }

    [TestMethod]
    public void What_cannot_be_quantized_is_refused_and_nothing_is_written()
    {
        using var world = new ImageWorld(images: 4);
        var output = world.PathOf("int8.onnx");
        ResNetQuantizer.Quantize(world.ModelFile, world.Paths, world.PathOf("done.onnx"));
        Refused("quantized already", world.PathOf("done.onnx"), world.Paths);
        Refused("no images to calibrate", world.ModelFile, []);
        Refused("all the same", world.ModelFile, [world.Paths[0], world.Paths[0]]);
        Refused("one image is not enough", world.ModelFile, [world.Paths[0]]);
        Refused("not one of the 1 images", world.ModelFile, [world.ModelFile]);
        var strange = ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.ModelFile));
        strange.Graph.Node.Single(node => node.OpType == "Softmax").OpType = "Hardmax";
        File.WriteAllBytes(world.PathOf("strange.onnx"), ModelFile.ToBytes(strange));
        Refused("Hardmax", world.PathOf("strange.onnx"), world.Paths);
        Assert.IsFalse(File.Exists(output));
        using var canceled = new CancellationTokenSource();
        canceled.Cancel();
        Assert.Throws<OperationCanceledException>(
            () => ResNetQuantizer.Quantize(world.ModelFile, world.Paths, output, cancellation: canceled.Token));

        void Refused(string reason, string model, IReadOnlyList<string> images)
        {
            var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetQuantizer.Quantize(model, images, output));
            StringAssert.Contains(problem.Message, reason);
        }
    }

    [TestMethod]
    public void The_command_reports_and_its_exit_code_tells_of_too_great_a_loss()
    {
        using var world = new ImageWorld(images: 12, architecture: "cifar-resnet20:width=8");
        Directory.CreateDirectory(world.PathOf("images"));
        foreach (var path in world.Paths) File.Copy(path, world.PathOf(Path.Combine("images", Path.GetFileName(path))));
        string[] source = ["--model", world.ModelFile, "--calibration", world.PathOf("images")];
        string[] command = ["quantize", .. source, "--output", world.PathOf("int8.onnx"), "--max-loss"];
        var done = Command.Resnet([.. command, "100"]);
        Assert.AreEqual(0, done.ExitCode, done.Errors);
        StringAssert.Contains(done.Output, "Cosine of the features");
        const string Same = "all of which were used for calibration, too";
        StringAssert.Contains(done.Output, Same);
        Assert.DoesNotContain(Same, Command.Resnet([.. command, "100", "--images", "6"]).Output);
        var foreign = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "foreign", "scores.onnx");
        string[] foreignSource = ["--model", foreign, "--calibration", world.PathOf("images"), "--resize", "40", "--crop", "40"];
        var other = Command.Resnet(["quantize", .. foreignSource, "--output", world.PathOf("other8.onnx"), "--max-loss", "100"]);
        Assert.AreEqual(0, other.ExitCode, other.Errors);
        using (var model = ResNetModel.Open(world.PathOf("other8.onnx"))) Assert.AreEqual(40, model.Preprocessing.Crop);
        var failed = Command.Resnet([.. command, "-1"]);
        Assert.AreEqual(1, failed.ExitCode);
        StringAssert.Contains(failed.Errors, "--max-loss");
    }

    [TestMethod]
    public void A_histogram_that_grows_keeps_its_counts_where_they_belong()
    {
        var random = new Random(1);
        var values = new float[6000];
        for (var i = 0; i < values.Length; i++) values[i] = (float)((random.NextDouble() * 2 - 1) * Math.Pow(3, i / 1000));
        var histogram = new ActivationHistogram();
        foreach (var part in values.Chunk(500)) histogram.Add(part, 2);
        Assert.AreEqual((values.Min(), values.Max()), (histogram.Min, histogram.Max));
        long below = 0;
        for (var bin = 0; bin < histogram.Bins.Length; bin++)
        {
            below += histogram.Bins[bin];
            var edge = histogram.Middle(bin) + histogram.BinWidth / 2;
            // Doubling keeps edges, so that the count below one is exact but for values on it.
            Assert.AreEqual(values.Count(value => value < edge), below, 2, $"bin {bin}");
        }

        Assert.AreEqual(values.Chunk(500).SelectMany(part => part[..250]).Average(), histogram.MeanOf(0), 1e-3);
    }
}
