using System.Text;
using System.Text.RegularExpressions;

namespace ResNet.Tests;

/// <summary>A notebook's code as a program of one file (<c>dotnet run notebook.cs</c>).</summary>
internal static partial class FileApp
{
    private const int LineLength = 130;

    /// <summary>The path of the program that belongs to a notebook.</summary>
    public static string PathFor(string notebook) => Path.ChangeExtension(notebook, ".cs");

    /// <summary>
    /// The program: packages, usings, the cells with their texts as comments, and the types that cells declare. A cell that declares types
    /// declares nothing else.
    /// </summary>
    public static string From(Notebook notebook)
    {
        var name = Path.GetFileNameWithoutExtension(notebook.Path);
        var code = notebook.Cells.Where(cell => cell.IsCode).SelectMany(cell => cell.Source.Split('\n')).ToList();
        var packages = code.Select(line => Reference().Match(line)).Where(match => match.Success).ToList().ConvertAll(match =>
            $"#:package {match.Groups["package"].Value}@{(match.Groups["version"].Success ? match.Groups["version"].Value : "*")}");
        var usings = code.Where(IsUsing).Distinct().OrderBy(line => line.TrimEnd(';'), StringComparer.Ordinal);
        var text = new StringBuilder();
        text.Append($"// The cells of {name}.ipynb as a program: dotnet run {name}.cs\n// Made from the notebook: change it there.\n");
        foreach (var line in packages) text.Append($"{line}\n");
        text.Append("#:property PublishAot=false\n#:property Nullable=disable\n");
        // A notebook that does not train has no libtorch, of which RESNET003 would warn.
        if (!packages.Exists(line => line.Contains("torch", StringComparison.OrdinalIgnoreCase)))
            text.Append("#:property ResNetNativeChecks=false\n");
        text.Append('\n');
        foreach (var line in usings) text.Append($"{line}\n");
        text.Append("\nNotebookFormatters.Register();\n");
        foreach (var cell in notebook.Cells.Where(cell => !DeclaresTypes(cell)))
        {
            var lines = cell.IsCode ? cell.Source.Split('\n').Where(IsStatement) : cell.Source.Split('\n').SelectMany(Comment);
            var body = string.Join('\n', lines).Trim('\n');
            if (body.Length > 0) text.Append($"\n{body}\n");
        }

        foreach (var cell in notebook.Cells.Where(DeclaresTypes)) text.Append($"\n{cell.Source.Trim()}\n");
        return text.ToString();
    }

    private static bool IsStatement(string line) => !line.StartsWith("#r ", StringComparison.Ordinal) && !IsUsing(line);

    private static bool IsUsing(string line) => UsingDirective().IsMatch(line);

    private static bool DeclaresTypes(NotebookCell cell) => cell.IsCode && TypeDeclaration().IsMatch(cell.Source);

    /// <summary>A line of text as comments that are not too long.</summary>
    private static IEnumerable<string> Comment(string line)
    {
        if (line.Length == 0) return ["//"];
        var wrapped = new List<string> { "//" };
        foreach (var word in line.Split(' '))
        {
            if (wrapped[^1].Length + word.Length > LineLength) wrapped.Add("//");
            wrapped[^1] += $" {word}";
        }

        return wrapped;
    }

    [GeneratedRegex("^#r \"nuget: *(?<package>[^,\"]+?)(, *(?<version>[^\"]+))?\"")]
    private static partial Regex Reference();

    [GeneratedRegex("^using (static )?[A-Za-z0-9_.]+;$")]
    private static partial Regex UsingDirective();

    [GeneratedRegex("^public (sealed )?(class|record|enum) ")]
    private static partial Regex TypeDeclaration();
}
