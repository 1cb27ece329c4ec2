using System.Diagnostics;

namespace ResNet.Tests;

/// <summary>
/// What an application is to do with the packages: applications outside the repository restore them from a folder, are published in each of
/// .NET's ways, and predict what this process predicts.
/// </summary>
[TestClass]
[TestCategory("Packages")]
public sealed class PackageUseTests
{
    private const string OwnPlatform = "--use-current-runtime";

    /// <summary>Prints the class and its probability of each image.</summary>
    private const string Predicts = """
        using ResNet.MLNet;

        using var model = ResNetModel.Open(args[0]);
        foreach (var path in args[1..]) Console.WriteLine(model.Classify(path)[0]);
        """;

    /// <summary>The same with ML.NET.</summary>
    private const string PredictsInPipeline = """
        using Microsoft.ML;
        using Microsoft.ML.Data;
        using ResNet.MLNet;

        var context = new MLContext();
        var data = context.Data.LoadFromEnumerable(args[1..].Select(path => new Photo { ImagePath = path }));
        var transformer = context.Transforms.ApplyResNet(args[0], ResNetOutput.Probabilities, "Score", "ImagePath").Fit(data);
        context.Model.Save(transformer, data.Schema, args[0] + ".zip");
        var loaded = context.Model.Load(args[0] + ".zip", out _);
        foreach (var scores in loaded.Transform(data).GetColumn<float[]>("Score"))
            Console.WriteLine($"{Array.IndexOf(scores, scores.Max())}");

        public class Photo
        {
            public string ImagePath { get; set; } = "";
        }
        """;

    private static readonly Lazy<PackageFeed> Feed = new(() => new("ResNet.MLNet", "ResNet.MLNet.AspNetCore", "ResNet.Training"));

    private static string OnnxRuntime => $"Microsoft.ML.OnnxRuntime/{PackageFeed.OnnxRuntimeVersion}";

    [ClassCleanup]
    public static void Clean()
    {
        if (Feed.IsValueCreated) Feed.Value.Dispose();
    }

    [TestMethod]
    [DataRow("portable")]
    [DataRow("platform", OwnPlatform, "--no-self-contained")]
    [DataRow("selfcontained", OwnPlatform, "--self-contained")]
    [DataRow("singlefile", OwnPlatform, "--self-contained", "-p:PublishSingleFile=true")]
    [DataRow("onefile", OwnPlatform, "--self-contained", "-p:PublishSingleFile=true", "-p:IncludeNativeLibrariesForSelfExtract=true")]
    [DataRow("readytorun", OwnPlatform, "--no-self-contained", "-p:PublishReadyToRun=true")]
    [DataRow("trimmed", OwnPlatform, "--self-contained", "-p:PublishTrimmed=true")]
    [DataRow("aot", OwnPlatform, "-p:PublishAot=true")]
    public void A_published_application_predicts_with_a_model_file(string name, params string[] arguments)
    {
        using var world = new ImageWorld(images: 2);
        // ML.NET, which such an application does not call, is not made for trimming, and the compiler says so.
        var warnings = name is "trimmed" or "aot" ? "<NoWarn>$(NoWarn);IL2104;IL3053</NoWarn>" : "";
        var folder = Feed.Value.WriteApp(name, ["ResNet.MLNet", OnnxRuntime], Predicts, warnings);
        var output = Publish(folder, name, arguments);
        using var model = ResNetModel.Open(world.ModelFile);
        var expected = world.Paths.Select(path => $"{model.Classify(path)[0]}");
        CollectionAssert.AreEqual(expected.ToList(), Lines(output, [world.ModelFile, .. world.Paths]));
    }

    [TestMethod]
    [DataRow("pipeline-portable")]
    [DataRow("pipeline-singlefile", OwnPlatform, "--self-contained", "-p:PublishSingleFile=true")]
    [DataRow("pipeline-readytorun", OwnPlatform, "--no-self-contained", "-p:PublishReadyToRun=true")]
    public void A_published_application_runs_saves_and_loads_a_pipeline(string name, params string[] arguments)
    {
        using var world = new ImageWorld(images: 2);
        var folder = Feed.Value.WriteApp(name, ["ResNet.MLNet", OnnxRuntime], PredictsInPipeline);
        var output = Publish(folder, name, arguments);
        using var model = ResNetModel.Open(world.ModelFile);
        var expected = world.Paths.Select(path => $"{model.Classify(path)[0].Index}");
        CollectionAssert.AreEqual(expected.ToList(), Lines(output, [world.ModelFile, .. world.Paths]));
    }

    [TestMethod]
    public void A_program_of_one_file_predicts()
    {
        using var world = new ImageWorld(images: 1);
        var folder = Directory.CreateDirectory(Feed.Value.PathOf("file")).FullName;
        Feed.Value.UseFeed(folder);
        var file = Path.Combine(folder, "predict.cs");
        File.WriteAllText(file, $"""
            #:package ResNet.MLNet@{Feed.Value.Version}
            #:package {OnnxRuntime.Replace('/', '@')}
            {Predicts}
            """);
        var (code, output) = DotNet.Run("run", file, "--", world.ModelFile, world.Paths[0]);
        Assert.AreEqual(0, code, output);
        using var model = ResNetModel.Open(world.ModelFile);
        Assert.Contains($"{model.Classify(world.Paths[0])[0]}", output);
    }

    [TestMethod]
    [DataRow("web-portable")]
    [DataRow("web-selfcontained", OwnPlatform, "--self-contained")]
    public void A_published_web_application_classifies_what_is_posted(string name, params string[] arguments)
    {
        using var world = new ImageWorld(images: 1);
        var folder = Feed.Value.WriteApp(name, ["ResNet.MLNet.AspNetCore", OnnxRuntime], """
            using ResNet.MLNet.AspNetCore;

            var builder = WebApplication.CreateBuilder(args);
            builder.Services.AddResNet(args[0]);
            var app = builder.Build();
            app.MapResNet("/classify");
            await app.StartAsync();
            using var client = new HttpClient { BaseAddress = new(app.Urls.First()) };
            using var image = new ByteArrayContent(File.ReadAllBytes(args[1]));
            var answer = await client.PostAsync("/classify", image);
            while (answer.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable) answer = await client.PostAsync("/classify", image);
            Console.WriteLine($"answer {await answer.Content.ReadAsStringAsync()}");
            await app.StopAsync();
            """, sdk: "Microsoft.NET.Sdk.Web");
        var program = Publish(folder, name, arguments);
        var lines = Lines(program, [world.ModelFile, world.Paths[0], "--urls", "http://127.0.0.1:0"]);
        using var model = ResNetModel.Open(world.ModelFile);
        var best = model.Classify(world.Paths[0])[0];
        Assert.Contains(best.Label, lines.Single(line => line.StartsWith("answer ", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void An_application_trains_and_predicts()
    {
        using var world = new ImageWorld(images: 6);
        var folder = Feed.Value.WriteApp("training", ["ResNet.Training", OnnxRuntime, PackageFeed.LibTorch], """
            using Microsoft.ML;
            using Microsoft.ML.Data;
            using ResNet.MLNet;
            using ResNet.Training;

            var context = new MLContext(seed: 1);
            var rows = args.Select((path, i) => new Photo { ImagePath = path, Label = i % 2 == 0 ? "even" : "odd" });
            var data = context.Data.LoadFromEnumerable(rows);
            var trainer = context.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
            {
                Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4"),
                Epochs = 2,
            });
            var model = context.Transforms.Conversion.MapValueToKey("Label").Append(trainer).Fit(data);
            Console.WriteLine($"{model.Transform(data).GetColumn<float[]>("Score").Count()} rows");

            public class Photo
            {
                public string ImagePath { get; set; } = "";
                public string Label { get; set; } = "";
            }
            """);
        var (code, output) = DotNet.Run(["run", "--project", folder, "--", .. world.Paths]);
        Assert.AreEqual(0, code, output);
        Assert.Contains("6 rows", output);
    }

    [TestMethod]
    [DataRow("ResNet.MLNet", "RESNET001", "Microsoft.ML.OnnxRuntime --version")]
    [DataRow("ResNet.MLNet Microsoft.ML.OnnxRuntime/1.30.0", "RESNET002", "1.30.0")]
    [DataRow("ResNet.Training", "RESNET003", "libtorch-cpu-")]
    public void An_application_without_the_right_natives_is_told_while_it_is_built(string packages, string code, string advice)
    {
        var folder = Feed.Value.WriteApp($"natives-{code[^1]}", packages.Split(' '), "Console.WriteLine();");
        var (exit, output) = DotNet.Run("build", folder, "--nologo");
        Assert.AreEqual(0, exit, output);
        Assert.Contains($"warning {code}", output);
        Assert.Contains(advice, output);
        (exit, output) = DotNet.Run("build", folder, "--nologo", "-p:ResNetNativeChecks=false");
        Assert.AreEqual(0, exit, output);
        Assert.DoesNotContain("RESNET0", output);
    }

    [TestMethod]
    public void A_library_is_told_nothing_since_applications_choose()
    {
        var folder = Feed.Value.WriteApp("library", ["ResNet.Training"], "namespace Nothing;");
        var (exit, output) = DotNet.Run("build", folder, "--nologo", "-p:OutputType=Library");
        Assert.AreEqual(0, exit, output);
        Assert.DoesNotContain("RESNET0", output);
    }

    [TestMethod]
    public void The_tool_is_installed_and_predicts()
    {
        using var world = new ImageWorld(images: 1);
        var tools = Feed.Value.PathOf("tools");
        PackageFeed.Pack("ResNet.Cli", Feed.Value.Folder, $"-p:PackageVersion={Feed.Value.Version}");
        var packages = Directory.GetFiles(Feed.Value.Folder, "ResNet.Cli.*.nupkg");
        Assert.HasCount(2, packages);
        Assert.IsLessThan(200_000_000, packages.Max(path => new FileInfo(path).Length));
        var (code, text) = DotNet.Run(
            "tool", "install", "ResNet.Cli", "--version", Feed.Value.Version, "--tool-path", tools, "--add-source", Feed.Value.Folder);
        Assert.AreEqual(0, code, text);
        var tool = Path.Combine(tools, OperatingSystem.IsWindows() ? "resnet.exe" : "resnet");
        var doctor = Lines(tool, ["doctor"]);
        // Advice may follow, as on a machine that hides its caches.
        Assert.StartsWith("All checks passed.", doctor[^1]);
        var predicted = string.Join('\n', Lines(tool, ["predict", "--model", world.ModelFile, world.Paths[0]]));
        using var model = ResNetModel.Open(world.ModelFile);
        Assert.Contains(model.Classify(world.Paths[0])[0].Label, predicted);
    }

    private static string Publish(string folder, string name, string[] arguments)
    {
        var output = Path.Combine(folder, "published");
        var (code, text) = DotNet.Run(["publish", folder, "--nologo", "--output", output, .. arguments]);
        Assert.AreEqual(0, code, text);
        Assert.DoesNotContain("RESNET0", text);
        return Path.Combine(output, OperatingSystem.IsWindows() ? name + ".exe" : name);
    }

    private static List<string> Lines(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, errors.GetAwaiter().GetResult());
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
    }
}
