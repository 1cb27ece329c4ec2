namespace ResNet.Tests;

/// <summary>The files of weights that lie beside the notebooks.</summary>
internal static class WeightFiles
{
    private const string Name = "weights";

    /// <summary>Copies them to the folder that a notebook runs in, where they lie as beside the notebook.</summary>
    /// <param name="notebooks">The folder of the notebooks.</param>
    /// <param name="work">The folder that a notebook runs in; it is made.</param>
    public static void Copy(string notebooks, string work)
    {
        Directory.CreateDirectory(work);
        var source = Path.Combine(notebooks, Name);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(work, Name, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
