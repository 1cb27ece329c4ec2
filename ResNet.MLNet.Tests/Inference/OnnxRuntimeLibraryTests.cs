using Microsoft.ML;

namespace ResNet.Tests;

/// <summary>The native ONNX Runtime: what is said where an application lacks it, and that it leaves nothing behind.</summary>
[TestClass]
public sealed class OnnxRuntimeLibraryTests
{
    private const string TelemetrySwitch = "ORT_DISABLE_TELEMETRY";

    [TestMethod]
    public void Without_it_no_estimator_is_made_and_the_message_names_the_package_and_its_version()
    {
        using var world = new ImageWorld(images: 1);
        using var application = new TemporaryFolder();
        string[] managed = ["ResNet.MLNet", "SecondProcess", "Microsoft.ML", "Google.Protobuf", "System.", "SkiaSharp", "Newtonsoft"];
        foreach (var path in Directory.GetFiles(AppContext.BaseDirectory))
        {
            var name = Path.GetFileName(path);
            var isManaged = managed.Any(start => name.StartsWith(start, StringComparison.Ordinal));
            // Without the list of dependencies, what lies in the folder is what there is.
            if (isManaged && !name.EndsWith(".deps.json", StringComparison.Ordinal)) File.Copy(path, application.PathOf(name));
        }

        var result = Command.RunWith(new Dictionary<string, string?>(), application.Path, "SecondProcess.dll", "make", world.ModelFile);
        StringAssert.StartsWith(
            result.Output, "InvalidOperationException: The native ONNX Runtime (package Microsoft.ML.OnnxRuntime) is missing.");
        StringAssert.Contains(result.Output, $"dotnet add package Microsoft.ML.OnnxRuntime@{OnnxRuntimeLibrary.Load().Version}");
    }

    [TestMethod]
    public void A_prediction_leaves_no_file_in_the_user_s_folder_and_no_line_on_the_console()
    {
        using var world = new ImageWorld(images: 1);
        using var home = new TemporaryFolder();
        using (var model = world.Context.Transforms.ApplyResNet(world.ModelFile).Fit(world.Data()))
            world.Context.Model.Save(model, world.Data().Schema, world.PathOf("pipeline.zip"));
        Dictionary<string, string?> variables = new() { ["HOME"] = home.Path, ["XDG_CACHE_HOME"] = null, [TelemetrySwitch] = null };
        var result = Command.RunWith(
            variables, AppContext.BaseDirectory, "SecondProcess.dll", world.PathOf("pipeline.zip"), "Features", world.Paths[0]);
        Assert.AreEqual(0, result.ExitCode);
        Assert.AreEqual("", result.Errors);
        Assert.AreEqual("", string.Join(", ", Directory.GetFiles(home.Path, "*", SearchOption.AllDirectories)));
    }

    [TestMethod]
    [DataRow(null, "telemetry off")]
    [DataRow("1", "telemetry off")]
    [DataRow("0", "telemetry on")]
    public void Who_sets_the_variable_is_obeyed_and_doctor_says_so(string? value, string expected)
    {
        using var home = new TemporaryFolder();
        Dictionary<string, string?> variables = new() { ["HOME"] = home.Path, [TelemetrySwitch] = value };
        var result = Command.RunWith(variables, AppContext.BaseDirectory, "resnet.dll", "doctor");
        StringAssert.Contains(string.Join(' ', result.Output.Split([' ', '│', '\n'], StringSplitOptions.RemoveEmptyEntries)), expected);
    }
}
