using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>samples/BatchJob runs as its README says.</summary>
[TestClass]
[TestCategory("EndToEnd")]
public sealed class BatchSampleTests
{
    private static readonly string[] TaskVariables = ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID"];

    [TestMethod]
    public async Task The_shards_of_several_processes_together_are_what_one_pipeline_gives_bad_images_included()
    {
        using var world = new ImageWorld(images: 6);
        var photos = world.PathOf("photos");
        Directory.CreateDirectory(photos);
        foreach (var path in world.Paths) File.Move(path, Path.Combine(photos, Path.GetFileName(path)));
        File.Move(Path.Combine(photos, "4.jpg"), Path.Combine(photos, "=4, \"four\".jpg"));
        File.WriteAllText(Path.Combine(photos, "bad.jpg"), "not an image");

        // As a person, an indexed job of Kubernetes and an array of Slurm say which shard it is.
        var output = world.PathOf("output");
        var results = await Task.WhenAll(
            Task.Run(() => Run([], world, photos, output, "--features", "--of", "3", "--shard", "0")),
            Task.Run(() => Run(new() { ["JOB_COMPLETION_INDEX"] = "1" }, world, photos, output, "--features", "--of", "3")),
            Task.Run(() => Run(new() { ["SLURM_ARRAY_TASK_ID"] = "2" }, world, photos, output, "--features", "--of", "3")));
        foreach (var result in results) Assert.AreEqual(0, result.ExitCode, result.Errors);

        var files = Directory.GetFiles(output).Order(StringComparer.Ordinal).ToArray();
        CollectionAssert.AreEqual(
            new[] { "shard-00000-of-00003.csv", "shard-00001-of-00003.csv", "shard-00002-of-00003.csv" },
            files.Select(Path.GetFileName).ToArray());
        var lines = files.SelectMany(file => File.ReadLines(file).Skip(1));
        CollectionAssert.AreEquivalent(FeatureLines(world, ImageFiles.Below(photos)), lines.ToList());
        foreach (var file in files)
            StringAssert.StartsWith(File.ReadLines(file).First(), "path,f0,f1,");
        var bad = results.Single(result => result.Errors.Contains("of which 1 could not be read", StringComparison.Ordinal));
        StringAssert.Contains(bad.Errors, "bad.jpg");
    }

    [TestMethod]
    public void A_list_of_images_is_classified_and_a_shard_that_is_there_is_not_done_again()
    {
        using var world = new ImageWorld(images: 3);
        var list = world.PathOf("list.txt");
        File.WriteAllLines(list, world.Paths);
        var output = world.PathOf("output");

        var first = Run([], world, list, output);

        Assert.AreEqual(0, first.ExitCode, first.Errors);
        var file = Directory.GetFiles(output).Single();
        using var model = ResNetModel.Open(world.ModelFile);
        var expected = world.Paths.Select(path => (Path: path, Best: model.Classify(path, top: 1)[0]))
            .Select(each => $"{each.Path},{each.Best.Label},{each.Best.Probability}");
        CollectionAssert.AreEqual(expected.Prepend("path,label,probability").ToArray(), File.ReadAllLines(file));

        File.WriteAllText(file, "as it was");
        var again = Run([], world, list, output);
        Assert.AreEqual(0, again.ExitCode);
        StringAssert.Contains(again.Errors, "is there already");
        Assert.AreEqual("as it was", File.ReadAllText(file));
    }

    [TestMethod]
    public void What_cannot_be_is_explained_and_leaves_no_file()
    {
        using var world = new ImageWorld(images: 1);
        var list = world.PathOf("list.txt");
        File.WriteAllText(list, "nowhere/1.jpg\nnowhere/2.jpg\n");
        var output = world.PathOf("output");
        Refuses(2, "with --of 3 it is 0 to 2", Run(new() { ["SLURM_ARRAY_TASK_ID"] = "3" }, world, list, output, "--of", "3"));
        Refuses(2, "--of 3 needs --shard", Run([], world, list, output, "--of", "3"));
        Refuses(2, "is required", Sample.Run("BatchJob"));
        Refuses(1, "No image could be read", Run([], world, list, output));
        Assert.IsEmpty(Directory.GetFiles(output));
        Refuses(1, "missing.txt", Run([], world, world.PathOf("missing.txt"), output));
        Assert.IsEmpty(Directory.GetFiles(output));
    }

    private static void Refuses(int code, string reason, CommandResult result)
    {
        Assert.AreEqual(code, result.ExitCode, result.Errors);
        StringAssert.Contains(result.Errors, reason);
    }

    private static CommandResult Run(
        Dictionary<string, string?> variables, ImageWorld world, string images, string output, params string[] more)
    {
        foreach (var variable in TaskVariables) variables.TryAdd(variable, null);
        return Sample.RunWith(variables, "BatchJob", ["--model", world.ModelFile, "--images", images, "--output", output, .. more]);
    }

    /// <summary>The lines of all images, by one pass of the pipeline.</summary>
    private static List<string> FeatureLines(ImageWorld world, IReadOnlyList<string> paths)
    {
        var rows = world.Context.Data.LoadFromEnumerable(paths.Select(path => new ImageRow { ImagePath = path }));
        var estimator = world.Context.Transforms.ApplyResNet(new ResNetEstimator.Options
        {
            Model = world.ModelFile,
            OnBadImage = BadImagePolicy.Mark,
        });
        var features = estimator.Fit(rows).Transform(rows).GetColumn<float[]>("Features");
        return [.. paths.Zip(features, Line)];

        static string Line(string path, float[] values)
        {
            var field = path.Contains('"') ? $"\"{path.Replace("\"", "\"\"")}\"" : path;
            return $"{field},{string.Join(',', values.Select(value => float.IsNaN(value) ? "" : $"{value}"))}";
        }
    }
}
