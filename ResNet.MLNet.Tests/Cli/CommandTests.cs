using System.Text.Json;

namespace ResNet.Tests;

/// <summary>The `resnet` command as a user runs it: real processes, real files, exit codes.</summary>
[TestClass]
public sealed class CommandTests
{
    /// <summary>Options for a network that trains in seconds.</summary>
    private static readonly string[] TinyNetwork = ["--architecture", "cifar-resnet8:width=4", "--size", "12"];

    [TestMethod]
    public void Train_info_and_predict_work_on_the_users_own_folders()
    {
        using var folders = new ClassFolders();
        var model = Path.Combine(folders.Output, "model.onnx");
        string[] run = ["train", "--data", folders.Folder, "--output", folders.Output];
        var train = Command.Resnet([.. run, .. TinyNetwork, "--epochs", "12", "--learning-rate", "0.1", "--device", "cpu"]);
        Assert.AreEqual(0, train.ExitCode, train.Errors);
        StringAssert.Contains(train.Output, "epoch  12 of 12");
        StringAssert.Contains(train.Lines[0], "cifar-resnet8:width=4 from random weights");
        StringAssert.Matches(train.Output, new(@"top-1 accuracy  \d+\.\d\d %  \(\d+\.\d\d to \d+\.\d\d\)"));
        StringAssert.Contains(train.Output, "majority class  33.33 %  (blue)");
        // With three classes it says nothing.
        Assert.DoesNotContain("top-5", train.Output);
        CollectionAssert.AreEqual(new[] { "top1" }, ModelCard.Read(model)!.Metrics!.Keys.ToArray());
        foreach (var use in new[] { $"resnet predict --model {model} photo.jpg", $"ResNetModel.Open(\"{model}\")" })
            StringAssert.Contains(train.Output, use);
        StringAssert.Contains(Command.Resnet(run).Errors, "--overwrite");

        var info = Command.Resnet("info", model);
        Assert.AreEqual(0, info.ExitCode, info.Errors);
        StringAssert.Contains(info.Output, "blue, green, red");

        var predict = Command.Resnet("predict", "--model", model, "--format", "json", "--top", "2", folders.Folder);
        Assert.AreEqual(0, predict.ExitCode, predict.Errors);
        Assert.HasCount(48, predict.Lines);
        var right = predict.Lines.Count(line =>
        {
            using var json = JsonDocument.Parse(line);
            var best = json.RootElement.GetProperty("predictions")[0];
            Assert.AreEqual(2, json.RootElement.GetProperty("predictions").GetArrayLength());
            Assert.IsTrue(best.GetProperty("probability").GetSingle() is > 0 and <= 1);
            var folder = Path.Combine(folders.Folder, best.GetProperty("label").GetString()!) + Path.DirectorySeparatorChar;
            return json.RootElement.GetProperty("path").GetString()!.StartsWith(folder, StringComparison.Ordinal);
        });
        Assert.IsGreaterThan(40, right);
    }

    [TestMethod]
    [TestCategory("EndToEnd")]
    public void A_model_learns_other_classes_on_the_command_line_and_leaves_a_report()
    {
        using var folders = new ClassFolders();
        var (first, second) = (Path.Combine(folders.Output, "first"), Path.Combine(folders.Output, "second"));
        string[] common = ["train", "--data", folders.Folder, "--device", "cpu", "--batch", "8"];
        var start = Command.Resnet([.. common, .. TinyNetwork, "--output", first, "--epochs", "3", "--recipe", "modern"]);
        Assert.AreEqual(0, start.ExitCode, start.Errors);
        Directory.Move(folders.PathOf("red"), folders.PathOf("crimson"));
        var transfer = Command.Resnet([.. common, "--output", second, "--start-from", Path.Combine(first, "model.onnx"), "--epochs", "0"]);
        Assert.AreEqual(0, transfer.ExitCode, transfer.Errors);
        StringAssert.Contains(transfer.Output, "new head");
        StringAssert.Contains(transfer.Output, "cifar-resnet8:width=4 from model.onnx");
        var page = File.ReadAllText(Path.Combine(second, "report.html"));
        StringAssert.Contains(page, "crimson");
        StringAssert.Contains(page, "--start-from");
        Assert.IsNotEmpty(Directory.GetFiles(Path.Combine(first, "tensorboard")));

        // The recipe that a run leaves repeats it.
        string[] network = ["--architecture", "cifar-resnet8:width=4"];
        string[] recipe = ["--recipe", Path.Combine(first, "recipe.json"), "--epochs", "1"];
        var again = Command.Resnet([.. common, .. network, .. recipe, "--output", Path.Combine(folders.Output, "third")]);
        Assert.AreEqual(0, again.ExitCode, again.Errors);
        StringAssert.Contains(again.Output, "12 x 12 pixels");
    }

    [TestMethod]
    public void A_learning_rate_is_found_and_plotted()
    {
        using var folders = new ClassFolders();
        var plot = Path.Combine(folders.Output, "rates.svg");
        var found = Command.Resnet(["find-rate", "--data", folders.Folder, .. TinyNetwork, "--steps", "20", "--output", plot]);
        Assert.AreEqual(0, found.ExitCode, found.Errors);
        StringAssert.Matches(found.Output, new(@"suggested learning rate  \S+"));
        StringAssert.Contains(File.ReadAllText(plot), "<svg");
    }

    [TestMethod]
    public void A_bad_image_is_named_the_others_are_predicted_and_the_exit_code_says_so()
    {
        using var world = new ImageWorld(images: 3);
        var text = world.PathOf("text.jpg");
        File.WriteAllText(text, "no image");
        string[] images = [text, world.PathOf("?.png"), world.Paths[0], world.PathOf("none.png")];
        var predict = Command.Resnet(["predict", "--model", world.ModelFile, "--format", "csv", "--top", "1", .. images]);
        Assert.AreEqual(1, predict.ExitCode);
        StringAssert.Contains(predict.Errors, $"'{text}'");
        StringAssert.Contains(predict.Errors, "2 of 4 images");
        Assert.AreEqual("path,label,index,probability", predict.Lines[0]);
        var scores = world.Expected(world.Paths[1], ResNetOutput.Probabilities);
        var best = Array.IndexOf(scores, scores.Max());
        Assert.AreEqual(FormattableString.Invariant($"{world.Paths[1]},class{best},{best},{scores[best]}"), predict.Lines[1]);
        StringAssert.StartsWith(predict.Lines[2], world.Paths[0]);
    }

    [TestMethod]
    public void Weights_from_elsewhere_are_imported_and_used()
    {
        using var world = new ImageWorld(images: 1);
        var fixture = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "cifar14.th");
        File.WriteAllLines(world.PathOf("labels.txt"), ["a", "b", "c", "d", "e", "f"]);
        string[] options = ["--labels", world.PathOf("labels.txt"), "--crop", "40", "--mean", "0.5,0.5,0.5"];
        var import = Command.Resnet(["import", "--weights", fixture, "--output", world.PathOf("imported.onnx"), .. options]);
        Assert.AreEqual(0, import.ExitCode, import.Errors);
        StringAssert.Contains(import.Output, "cifar-resnet14:width=4, 6 named classes");
        using (var model = ResNetModel.Open(world.PathOf("imported.onnx")))
        {
            Assert.AreEqual(40, model.Preprocessing.Crop);
            Assert.AreEqual(40, model.Preprocessing.Resize);
            Assert.AreEqual(new Rgb(0.5f, 0.5f, 0.5f), model.Preprocessing.Mean);
        }

        var predict = Command.Resnet("predict", "--model", world.PathOf("imported.onnx"), "--format", "csv", world.Paths[0]);
        Assert.HasCount(6, predict.Lines);
        var published = Command.Resnet("import", "--weights", "resnet50", "--output", world.PathOf("r50.onnx"));
        StringAssert.Contains(published.Errors, "resnet50-0676ba61.pth");
        var image = Command.Resnet("import", "--weights", world.Paths[0], "--output", world.PathOf("x.onnx"));
        StringAssert.Contains(image.Errors, "not a file of weights");
    }

    [TestMethod]
    public void A_closed_terminal_leaves_a_checkpoint_of_which_a_model_and_a_report_are_made()
    {
        using var folders = new ClassFolders();
        string[] train = ["train", "--data", folders.Folder, "--output", folders.Output, .. TinyNetwork, "--epochs", "200"];
        var stopped = Command.ResnetHungUpAt(line => line.StartsWith("epoch   2 of 200", StringComparison.Ordinal), train);
        Assert.AreEqual(1, stopped.ExitCode);
        StringAssert.Contains(stopped.Errors, $"resnet export {folders.Output}");
        var export = Command.Resnet("export", folders.Output);
        Assert.AreEqual(0, export.ExitCode, export.Errors);
        StringAssert.Contains(export.Output, "top-1 accuracy");
        Assert.IsTrue(File.Exists(Path.Combine(folders.Output, "report.html")));
        var model = Path.Combine(folders.Output, "model.onnx");
        Assert.AreEqual(0, Command.Resnet("predict", "--model", model, folders.Folder).ExitCode);

        // The checkpoint keeps what the network was trained for; options replace it with a word.
        var best = Path.Combine(folders.Output, "best.safetensors");
        var (kept, changed) = (Path.Combine(folders.Output, "kept.onnx"), Path.Combine(folders.Output, "changed.onnx"));
        var import = Command.Resnet("import", "--weights", best, "--output", kept);
        Assert.AreEqual("", import.Errors);
        StringAssert.Contains(import.Output, "3 named classes");
        Assert.AreEqual(ModelCard.Read(model)!.Preprocessing, ModelCard.Read(kept)!.Preprocessing);
        var other = Command.Resnet("import", "--weights", best, "--output", changed, "--crop", "16");
        StringAssert.Contains(other.Errors, "preparation of images");
        Assert.AreEqual(16, ModelCard.Read(changed)!.Preprocessing.Crop);
        StringAssert.Contains(Command.Resnet("import", "--weights", best, "--output", best).Errors, "same file as the input");
    }

    [TestMethod]
    public void Ctrl_C_leaves_a_checkpoint_from_which_training_goes_on()
    {
        using var folders = new ClassFolders();
        string[] options = ["--epochs", "200", "--device", "cpu", "--batch", "auto"];
        string[] train = ["train", "--data", folders.Folder, "--output", folders.Output, .. TinyNetwork, .. options];
        var stopped = Command.ResnetStoppedAt(line => line.StartsWith("epoch   2 of 200", StringComparison.Ordinal), train);
        Assert.AreEqual(1, stopped.ExitCode);
        StringAssert.Contains(stopped.Errors, "--resume");
        Assert.IsFalse(File.Exists(Path.Combine(folders.Output, "model.onnx")));
        var goesOn = Command.ResnetStoppedAt(line => line.StartsWith("epoch ", StringComparison.Ordinal), [.. train, "--resume"]);
        var first = goesOn.Lines.First(line => line.StartsWith("epoch ", StringComparison.Ordinal));
        var epoch = int.Parse(first.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        Assert.IsGreaterThanOrEqualTo(3, epoch, "Epochs that were complete are not done again.");
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("train")]
    [DataRow("train --data . --output . --epochs 0 --from-scratch")]
    [DataRow("train --data . --output . --start-from a.onnx --from-scratch")]
    [DataRow("train --data . --output . --batch 0")]
    [DataRow("train --data . --output . --batch large")]
    [DataRow("train --data . --output . --resume --overwrite")]
    [DataRow("predict --model m.onnx --format xml a.jpg")]
    [DataRow("train --data . --output . --architecture resnet19")]
    [DataRow("train --data . --output . --recipe secret")]
    [DataRow("tune --data . --output . --time 10s --recipe secret")]
    [DataRow("train --data . --output . --recipe head --from-scratch")]
    [DataRow("train --data . --output . --device tpu")]
    [DataRow("find-rate --data . --steps 9")]
    [DataRow("find-rate --data . --output .")]
    [DataRow("find-rate --data . --learning-rate 0.1")]
    [DataRow("export . --report .")]
    public void Wrong_usage_is_exit_code_2(string arguments)
    {
        var result = Command.Resnet(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.AreEqual(2, result.ExitCode);
        Assert.IsGreaterThan(20, result.Errors.Length);
        StringAssert.Contains(result.Errors, "--help");
    }

    [TestMethod]
    [DataRow("predict --model none.onnx a.jpg", "There is no model file 'none.onnx'.\n")]
    [DataRow("predict --model resnt18 a.jpg", "The nearest names are resnet18, ")]
    [DataRow("predict --model resnt18 a.jpg", "`resnet info` lists all.")]
    [DataRow("predict --model Fixtures a.jpg", "'Fixtures' is a folder, not a model file.")]
    [DataRow("train --data none --output out", "'none'")]
    [DataRow("info resnet19", "resnet18")]
    [DataRow("info none.onnx", "none.onnx")]
    public void What_fails_is_exit_code_1_and_a_message(string arguments, string expected)
    {
        var result = Command.Resnet(arguments.Split(' '));
        Assert.AreEqual(1, result.ExitCode);
        StringAssert.Contains(result.Errors, expected);
        Assert.DoesNotContain("   at ", result.Errors);
    }

    [TestMethod]
    public void A_run_that_cannot_be_names_the_options_that_help()
    {
        using var folders = new ClassFolders();
        string[] train = ["train", "--data", folders.Folder, "--output", folders.Output, .. TinyNetwork];
        StringAssert.Contains(Command.Resnet([.. train, "--recipe", "finetune"]).Errors, "--start-from");
        StringAssert.Contains(Command.Resnet([.. train, "--patience", "3", "--validation", "0"]).Errors, "--validation must be above 0");
        var diverged = Command.Resnet([.. train, "--learning-rate", "1e30", "--epochs", "2", "--device", "cpu"]);
        Assert.AreEqual(1, diverged.ExitCode);
        StringAssert.Contains(diverged.Errors, "--learning-rate");
        StringAssert.Contains(diverged.Errors, "resnet find-rate");
        // True for the installed tool, too.
        StringAssert.Contains(Command.Resnet([.. train, "--device", "cuda"]).Errors, "The installed tool uses a GPU with RESNET_LIBTORCH");
    }

    [TestMethod]
    public void Info_lists_every_architecture_and_doctor_finds_all_that_the_tests_need()
    {
        var info = Command.Resnet("info").Output;
        foreach (var architecture in ResNetArchitecture.All) StringAssert.Contains(info, architecture.Name);
        StringAssert.Contains(Command.Resnet("info", "resnet50:v1").Output, "layer4.2.conv3");
        var doctor = Command.Resnet("doctor");
        Assert.AreEqual(0, doctor.ExitCode, doctor.Output);
        string[] rows = ["libtorch", "functions that TorchSharp calls are there", "NVIDIA driver", "CUDA for training", "CPU"];
        foreach (var row in rows) StringAssert.Contains(doctor.Output, row);
        StringAssert.StartsWith(doctor.Lines[^1], "All ");
    }

    [TestMethod]
    public void A_libtorch_that_does_not_fit_is_a_message_and_not_a_crash()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Only ELF libraries are compared.");
        using var folder = new TemporaryFolder();
        var lib = Directory.CreateDirectory(folder.PathOf("lib")).FullName;
        var library = new ElfFile().Exports("_ZN2at3absERKNS_6TensorE").ToArray();
        foreach (var name in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" }) File.WriteAllBytes(Path.Combine(lib, name), library);
        File.WriteAllText(folder.PathOf("version.py"), "__version__ = '1.13.0'\ncuda = None\n");
        var doctor = Command.ResnetWith("RESNET_LIBTORCH", lib, "doctor");
        Assert.AreEqual(1, doctor.ExitCode);
        StringAssert.StartsWith(doctor.Lines[^1], "First problem: libtorch files: ");
        foreach (var part in new[] { lib, "1.13.0", "2.10", "are missing" }) StringAssert.Contains(doctor.Lines[^1], part);
        using var folders = new ClassFolders();
        var train = Command.ResnetWith("RESNET_LIBTORCH", lib, "train", "--data", folders.Folder, "--output", folders.Output);
        Assert.AreEqual(1, train.ExitCode);
        StringAssert.Contains(train.Errors, "does not fit TorchSharp");
        StringAssert.Contains(train.Errors, "resnet doctor");
        Assert.DoesNotContain("   at ", train.Errors);
    }

    [TestMethod]
    public void A_folder_without_a_libtorch_is_named_by_doctor()
    {
        var doctor = Command.ResnetWith("RESNET_LIBTORCH", Path.GetTempPath(), "doctor");
        Assert.AreEqual(1, doctor.ExitCode);
        StringAssert.Contains(doctor.Output, "RESNET_LIBTORCH");
        StringAssert.Contains(doctor.Output, Path.GetTempPath());
        StringAssert.StartsWith(doctor.Lines[^1], "First problem: ");
    }
}
