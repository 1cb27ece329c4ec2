using System.Reflection;

namespace ResNet.Tests;

/// <summary>The notebooks: their programs say the same, what they show is committed, and all of them run in a kernel.</summary>
[TestClass]
public sealed class NotebookTests
{
    private const long LargestFolder = 4_000_000;

    private static readonly string Folder = Repository.PathOf("notebooks");

    public static IEnumerable<string> Names =>
        Directory.GetFiles(Folder, "*.ipynb").Select(path => Path.GetFileNameWithoutExtension(path)!);

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void The_program_beside_a_notebook_has_the_same_cells(string name)
    {
        var notebook = Notebook.Read(PathOf(name));
        Assert.AreEqual(FileApp.From(notebook), File.ReadAllText(FileApp.PathFor(notebook.Path)));
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_notebook_is_committed_with_what_it_shows_and_without_paths_of_a_machine(string name)
    {
        var notebook = Notebook.Read(PathOf(name));
        var outputs = notebook.Cells.Where(cell => cell.IsCode).SelectMany(cell => cell.Outputs).ToList();
        Assert.IsTrue(outputs.Any(output => output.Formats.ContainsKey("text/html")));
        foreach (var text in outputs.SelectMany(output => output.Formats.Values).Concat(notebook.Cells.Select(cell => cell.Source)))
            Assert.DoesNotContain(Path.GetTempPath(), text);
    }

    [TestMethod]
    public void The_notebooks_are_small() =>
        Assert.IsLessThan(LargestFolder, Files().Sum(path => new FileInfo(path).Length));

    [TestMethod]
    public void A_program_has_the_packages_usings_and_types_of_the_cells_where_a_program_has_them()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("small.ipynb");
        File.WriteAllText(path, """
            {"cells": [
              {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "Text"]},
              {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["#r \"nuget: One\"\n", "#r \"nuget: Two, 1.2\""]},
              {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["public class Row\n", "{\n", "}"]},
              {"cell_type": "code", "metadata": {}, "outputs": [], "source": "using System.Text;\nvar one = 1;"}
            ]}
            """);
        Assert.AreEqual(
            """
            // The cells of small.ipynb as a program: dotnet run small.cs
            // Made from the notebook: change it there.
            #:package One@*
            #:package Two@1.2
            #:property PublishAot=false
            #:property Nullable=disable
            #:property ResNetNativeChecks=false

            using System.Text;

            NotebookFormatters.Register();

            // # Title
            // Text

            var one = 1;

            public class Row
            {
            }

            """.ReplaceLineEndings("\n"),
            FileApp.From(Notebook.Read(path)));
    }

    /// <summary>A program without libtorch does not train: the warning of its absence (RESNET003) is turned off.</summary>
    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_program_checks_for_native_libraries_only_if_it_trains(string name)
    {
        var program = File.ReadAllText(FileApp.PathFor(PathOf(name)));
        Assert.AreNotEqual(program.Contains("#:package libtorch-"), program.Contains("#:property ResNetNativeChecks=false"));
    }

    /// <summary>
    /// Minutes. A cell that fails, or shows other text than the file has, fails. With RESNET_REFRESH_NOTEBOOKS=1 the files get what the
    /// cells show now.
    /// </summary>
    [TestMethod]
    [TestCategory("Notebooks")]
    public void Every_cell_of_every_notebook_runs_in_a_kernel_and_shows_what_the_file_has()
    {
        // All in one process, which makes the packages once.
        var (code, output) = RunNotebooks();
        Assert.AreEqual(0, code, output);
    }

    /// <summary>The files of the folder and of weights/; other folders are what notebooks wrote.</summary>
    private static IEnumerable<string> Files() =>
        Directory.GetFiles(Folder).Concat(Directory.GetFiles(Path.Combine(Folder, "weights"), "*", SearchOption.AllDirectories));

    private static string PathOf(string name) => Path.Combine(Folder, $"{name}.ipynb");

    private static (int Code, string Output) RunNotebooks()
    {
        var configuration = typeof(NotebookTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        string[] refresh = Environment.GetEnvironmentVariable("RESNET_REFRESH_NOTEBOOKS") == "1" ? ["--refresh"] : [];
        var project = Repository.PathOf("ResNet.MLNet.Tests", "NotebookProcess");
        return DotNet.Run(["run", "--project", project, "--configuration", configuration, Repository.Root, .. refresh]);
    }
}
