namespace ResNet.Tests;

/// <summary>
/// What README.md and docs say in C# is true: each block compiles against the public API and runs. Blocks of a page run in order, in a
/// folder with photographs of three classes (photos/), a table of them (tags.csv), a model file (run/model.onnx) and small networks in
/// place of published weights.
/// </summary>
[TestClass]
public sealed class DocumentationTests
{
    private const string Fence = "```csharp";

    /// <summary>The folders whose readmes have code: the repository's, and those of the packages.</summary>
    private static readonly string[] Readmes = ["", "ResNet.MLNet", "ResNet.MLNet.Weights.ResNet18", "ResNet.Training"];

    /// <summary>The pages that have code.</summary>
    public static IEnumerable<string> Pages => Directory.GetFiles(Repository.PathOf("docs"), "*.md")
        .Concat(Readmes.Select(folder => Repository.PathOf(folder, "README.md")))
        .Where(page => File.ReadLines(page).Contains(Fence))
        .Select(page => Path.GetRelativePath(Repository.Root, page));

    [TestMethod]
    [TestCategory("EndToEnd")]
    [DynamicData(nameof(Pages))]
    public void Every_block_of_code_of_a_page_runs(string page)
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        var result = Run(folder, Repository.PathOf(page));
        Assert.AreEqual(0, result.ExitCode, result.Output + result.Errors);
        var blocks = File.ReadLines(Repository.PathOf(page)).Count(line => line == Fence);
        Assert.HasCount(blocks, result.Lines.Where(line => line.EndsWith("): done", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("var lost = File.ReadAllText(\"nowhere.txt\");", "page.md(5): System.IO.FileNotFoundException")]
    [DataRow("int two = one + \"1\";", "page.md(6,11): error CS0029")]
    [DataRow("ResNet.MLNet.Guard.Above(one, 0);", "page.md(6,14): error CS0122")]
    public void A_block_that_fails_is_named_with_its_line(string code, string expected)
    {
        using var folder = new TemporaryFolder();
        var page = folder.PathOf("page.md");
        File.WriteAllText(page, $"{Fence}\nvar one = 1;\n```\n\n{Fence}\n{code}\n```\n");
        var result = Run(folder, page);
        Assert.AreEqual(1, result.ExitCode);
        StringAssert.Contains(result.Lines[0], "page.md(1): done");
        StringAssert.Contains(result.Lines[1], expected);
    }

    [TestMethod]
    public void The_code_that_a_run_ends_with_runs()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        var page = folder.PathOf("page.md");
        var code = ExampleCode.For("run/model.onnx").Replace("using var", "var", StringComparison.Ordinal);
        File.WriteAllText(page, $"{Fence}\nusing Microsoft.ML;\nvar mlContext = new MLContext();\n```\n\n{Fence}\n{code}\n```\n");
        var result = Run(folder, page);
        Assert.AreEqual(0, result.ExitCode, result.Output + result.Errors);
        StringAssert.Contains(result.Output, "Probability");
    }

    private static CommandResult Run(TemporaryFolder folder, string page) =>
        Command.RunAt(folder.Path, folder.PathOf("cache"), "PageProcess.dll", page);

    private static void Prepare(TemporaryFolder folder)
    {
        string[] classes = ["blue", "green", "red"];
        for (var i = 0; i < 36; i++)
            ClassFolders.Write(folder.PathOf("photos", classes[i % 3], $"{i}.jpg"), channel: 2 - i % 3, size: 24, seed: i);
        var tags = Enumerable.Range(0, 36).Select(i => $"photos/{classes[i % 3]}/{i}.jpg,{classes[i % 3]}{(i % 2 == 0 ? ";even" : "")}");
        File.WriteAllLines(folder.PathOf("tags.csv"), ["path,labels", .. tags]);
        ClassFolders.Write(folder.PathOf("photo.jpg"), channel: 0, size: 24, seed: 100);
        SmallNetwork.Write(folder.PathOf("run", "model.onnx"), "cifar-resnet8:width=4", classes);
        foreach (var name in new[] { "resnet18", "resnet50" }) SmallNetwork.WritePublished(folder.PathOf("cache"), name, classes);
    }
}
