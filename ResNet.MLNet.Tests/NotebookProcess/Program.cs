using ResNet.Tests;

// Runs the notebooks of a folder in a kernel and compares what they show with what their files have.
//   NotebookProcess REPOSITORY [--refresh] [NAME...]    --refresh writes the outputs, and the programs made of the notebooks
//   NotebookProcess REPOSITORY --page NAME FILE         writes a notebook with its outputs as an HTML page
var repository = Path.GetFullPath(args[0]);
var folder = Path.Combine(repository, "notebooks");
if (args is [_, "--page", var name, var file])
{
    NotebookPage.Write(Notebook.Read(Path.Combine(folder, $"{name}.ipynb")), file);
    return 0;
}

var refresh = args.Contains("--refresh");
var names = args.Skip(1).Where(argument => argument != "--refresh").ToArray();
var paths = Directory.GetFiles(folder, "*.ipynb").Order(StringComparer.Ordinal)
    .Where(path => names.Length == 0 || names.Contains(Path.GetFileNameWithoutExtension(path)))
    .ToList();
if (paths.Count == 0) throw new ArgumentException($"There is no notebook {string.Join(", ", names)} in {folder}.");

var temporary = Directory.CreateTempSubdirectory("resnet-notebooks-").FullName;
try
{
    var feed = Path.Combine(temporary, "feed");
    PackageFeed.Pack(repository, feed);
    // New packages go to a folder of this run; those that are on this machine are used from where they are.
    var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
    Environment.SetEnvironmentVariable("NUGET_FALLBACK_PACKAGES", packages);
    Environment.SetEnvironmentVariable("NUGET_PACKAGES", Path.Combine(temporary, "packages"));
    var isGood = true;
    foreach (var path in paths)
    {
        // A notebook's files go to its current folder, which also has the weights that lie beside the notebooks.
        var work = Path.Combine(temporary, Path.GetFileNameWithoutExtension(path));
        WeightFiles.Copy(folder, work);
        Environment.CurrentDirectory = work;
        var notebook = Notebook.Read(path);
        if (refresh) File.WriteAllText(FileApp.PathFor(path), FileApp.From(notebook));
        isGood &= await new NotebookRun(feed, refresh, Console.WriteLine).RunAsync(notebook);
    }

    return isGood ? 0 : 1;
}
finally
{
    Environment.CurrentDirectory = repository;
    Directory.Delete(temporary, recursive: true);
}
