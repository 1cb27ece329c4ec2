namespace ResNet.Tests;

/// <summary>The network is found among all that training programs leave in a checkpoint, and what is chosen or left out is said.</summary>
[TestClass]
public sealed class TrainingCheckpointTests
{
    private static readonly StateDict Weights = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=2", classes: 5));
    private static readonly StateDict Others = RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=2", classes: 5), seed: 2);

    /// <summary>What lies beside the weights, in front of them.</summary>
    private static readonly Dictionary<string, object?> Beside = new()
    {
        ["the best accuracy, a tensor"] = new WeightTensor([], [70]),
        ["an optimizer"] = Entries(("state", Entries(("0", Entries(("momentum_buffer", Weights["conv1.weight"])))))),
        ["argparse's arguments"] = new PythonObject("argparse", "Namespace", [], Entries(("lr", 1))),
        ["a number of NumPy"] = new PythonObject(
            "numpy.core.multiarray", "scalar", [new PythonObject("numpy", "dtype", ["f8"], new object?[] { 3 }, true), "x"], null, true),
        ["a Counter"] = new PythonObject("collections", "Counter", [Entries(("30", 1))], null, true),
        ["a path"] = new PythonObject("pathlib", "PosixPath", ["/", "data"], null, true),
        ["a function's result of a function's result"] =
            new PythonObject("operator", "call", [new PythonObject("os", "system", ["true"], null, true)], null, true),
        ["a list of tensors"] = new List<object?> { new WeightTensor([2], [1, 2]) },
    };

    public static IEnumerable<object[]> BesideNames => Beside.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(BesideNames))]
    public void What_lies_beside_the_weights_does_not_disturb(string name)
    {
        var (read, notes) = Read(Entries(("beside", Beside[name]), ("state_dict", Prefixed(Weights, "module.")), ("epoch", 3)));
        AssertSame(Weights, read);
        Assert.IsEmpty(notes);
    }

    [TestMethod]
    public void The_network_is_found_in_lists_and_in_the_state_of_objects()
    {
        AssertSame(Weights, Read(new List<object?> { 1, new object?[] { Weights } }).Weights);
        AssertSame(Weights, Read(new PythonObject("my.code", "Holder", [], Entries(("weights", Weights)))).Weights);
    }

    [TestMethod]
    public void Tensors_that_are_not_the_networks_are_left_out_and_named()
    {
        var lightning = Prefixed(Weights, "model.");
        lightning.Add("criterion.weight", new([5], new float[5]));
        lightning.Add("normalize.mean", new([1, 3, 1, 1], new float[3]));
        var (read, notes) = Read(Entries(("state_dict", lightning)));
        AssertSame(Weights, read);
        Assert.Contains("criterion.weight, normalize.mean", notes.Single());
        // But a part that takes part in what the network computes is not left out.
        var changed = Prefixed(Weights, "");
        changed.Add("conv2.weight", new([2, 2, 3, 3], new float[36]));
        Assert.IsTrue(Read(changed).Weights.ContainsKey("conv2.weight"));
    }

    [TestMethod]
    public void Averaged_weights_are_preferred_and_that_is_said()
    {
        foreach (var file in new[]
        {
            Entries(("state_dict", Others), ("state_dict_ema", Weights)),
            Entries(("state_dict_ema", Weights), ("state_dict", Others)),
            Entries(("model", Others), ("model_ema", Prefixed(Weights, "module."))),
        })
        {
            var (read, notes) = Read(file);
            AssertSame(Weights, read);
            Assert.Contains("averaged weights", notes.Single());
        }

        AssertSame(Others, Read(Entries(("state_dict", Others), ("state_dict_ema", Weights)), "state_dict").Weights);
    }

    [TestMethod]
    public void Of_several_networks_the_user_chooses()
    {
        var file = Entries(("student", Prefixed(Others, "module.")), ("teacher", Prefixed(Weights, "backbone.")));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => Read(file)).Message;
        Assert.Contains("'student.module', 'teacher.backbone'", problem);
        foreach (var entry in new[] { "teacher", "backbone", "teacher.backbone" }) AssertSame(Weights, Read(file, entry).Weights);
        problem = Assert.ThrowsExactly<InvalidDataException>(() => Read(file, "teach")).Message;
        Assert.Contains("'student.module', 'teacher.backbone'", problem);
    }

    [TestMethod]
    public void One_network_by_two_names_is_one()
    {
        var twice = Prefixed(Weights, "model.");
        foreach (var (name, tensor) in Weights) twice.Add($"backbone.{name}", tensor);
        var (read, notes) = Read(twice);
        AssertSame(Weights, read);
        Assert.IsEmpty(notes);
    }

    [TestMethod]
    public void MoCos_query_encoder_is_taken_without_its_projection()
    {
        var both = Prefixed(Weights, "module.encoder_q.");
        foreach (var (name, tensor) in Others) both.Add($"module.encoder_k.{name}", tensor);
        var (read, notes) = Read(Entries(("state_dict", both)));
        Assert.IsFalse(read.ContainsKey("fc.weight"));
        CollectionAssert.AreEqual(Weights["conv1.weight"].Values, read["conv1.weight"].Values);
        Assert.IsTrue(notes.Exists(note => note.Contains("projection")));
    }

    [TestMethod]
    public void A_whole_model_is_refused_with_its_class_and_the_line_that_saves_its_weights()
    {
        var parts = Entries(("_parameters", Entries()), ("_modules", Entries(("conv1", Weights["conv1.weight"]))));
        var model = new PythonObject("my.nets", "Net", [], parts);
        foreach (var file in new object[] { model, Entries(("model", model)) })
        {
            var problem = Assert.ThrowsExactly<InvalidDataException>(() => Read(file)).Message;
            Assert.Contains("'my.nets.Net'", problem);
            Assert.Contains("torch.save(model.state_dict(), 'weights.pth')", problem);
        }
    }

    [TestMethod]
    public void A_weight_that_is_an_object_is_refused_by_its_class()
    {
        var file = Weights.Select(each => (each.Key, each.Key == "layer2.0.conv1.weight"
            ? new PythonObject("numpy.core.multiarray", "_reconstruct", [], null, true)
            : (object?)each.Value)).ToArray();
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => Read(file)).Message;
        Assert.Contains("'layer2.0.conv1.weight'", problem);
        Assert.Contains("'numpy.core.multiarray._reconstruct'", problem);
        Assert.Contains("torch.from_numpy", problem);
    }

    [TestMethod]
    public void A_TorchScript_archive_and_a_file_of_NumPy_say_what_they_are()
    {
        using var folder = new TemporaryFolder();
        byte[] script = [0x80, 2, .. "c__torch__.my.nets\nNet\n)"u8, 0x81, .. "}b."u8];
        Write(folder.PathOf("script.pt"), TorchFile.Zip(("data.pkl", script), ("constants.pkl", [])));
        Write(folder.PathOf("arrays.npz"), TorchFile.Zip(("conv1.weight.npy", [])));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.Read(folder.PathOf("script.pt"))).Message;
        Assert.Contains("TorchScript", problem);
        Assert.Contains("'my.nets.Net'", problem);
        Assert.Contains("torch.jit.load", problem);
        problem = Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.Read(folder.PathOf("arrays.npz"))).Message;
        Assert.Contains("torch.from_numpy", problem);
    }

    private static void Write(string path, MemoryStream content) => File.WriteAllBytes(path, content.ToArray());

    private static (StateDict Weights, List<string> Notes) Read(object root, string? entry = null)
    {
        using var folder = new TemporaryFolder();
        List<string> notes = [];
        TorchFile.Save(folder.PathOf("w.pth"), root);
        return (WeightFile.Read(folder.PathOf("w.pth"), entry, notes.Add), notes);
    }

    private static (string, object?)[] Entries(params (string, object?)[] entries) => entries;

    private static StateDict Prefixed(StateDict weights, string prefix)
    {
        var prefixed = new StateDict();
        foreach (var (name, tensor) in weights) prefixed.Add(prefix + name, tensor);
        return prefixed;
    }

    private static void AssertSame(StateDict expected, StateDict read)
    {
        CollectionAssert.AreEqual(expected.Keys.ToList(), read.Keys.ToList());
        foreach (var (name, tensor) in expected) CollectionAssert.AreEqual(tensor.Values, read[name].Values, name);
    }
}
