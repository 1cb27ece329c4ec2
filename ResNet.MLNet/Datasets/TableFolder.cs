namespace ResNet.MLNet;

/// <summary>The folder that the relative paths in a table start from.</summary>
/// <param name="table">The table's path.</param>
internal sealed class TableFolder(string table)
{
    private readonly string _folder = Path.GetDirectoryName(Path.GetFullPath(table))!;
    private int _turned;
    private string? _example;

    /// <summary>What the user should know of the paths that were found; null for nothing.</summary>
    public string? Note => _turned == 0
        ? null
        : $"'{table}': in {Plural.Of(_turned, "path", "paths")} backslashes are read as /, which finds the " +
          $"{Plural.Choose(_turned, "file", "files")}, such as '{_example}'.";

    /// <summary>
    /// The full path of a file. Tables from Windows separate folders with backslashes, which elsewhere are letters of a name: there they
    /// count as / if that is a file and the name itself is none.
    /// </summary>
    /// <param name="path">The path in the table.</param>
    public string Find(string path)
    {
        var full = Path.Combine(_folder, path);
        if (Path.DirectorySeparatorChar == '\\' || !path.Contains('\\', StringComparison.Ordinal) || File.Exists(full)) return full;
        var turned = Path.Combine(_folder, path.Replace('\\', '/'));
        if (!File.Exists(turned)) return full;
        _turned++;
        _example ??= path;
        return turned;
    }
}
