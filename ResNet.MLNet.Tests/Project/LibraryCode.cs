using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ResNet.Tests;

/// <summary>A library's source files as the compiler understands them. Generated files are compiled, too, but lie in no room.</summary>
internal sealed class LibraryCode
{
    private static readonly CSharpCompilationOptions Options =
        new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable);

    private const string PartialMethodWithoutBody = "CS8795";
    private static readonly string[] ContextWithoutMembers = ["CS0534", "CS0117", "CS7036"];

    private readonly Dictionary<SyntaxTree, string> _paths = [];

    private LibraryCode(
        string name,
        IEnumerable<SourceFile> files,
        IEnumerable<SourceFile> generated,
        IEnumerable<MetadataReference> references)
    {
        foreach (var file in files) _paths.Add(Parse(file), file.Path);
        Compilation = CSharpCompilation.Create(name, _paths.Keys.Concat(generated.Select(Parse)), references, Options);
    }

    public CSharpCompilation Compilation { get; }

    public IEnumerable<string> Paths => _paths.Values;

    public IEnumerable<SyntaxTree> Trees => _paths.Keys;

    /// <summary>The library of this name, with the generated files of the build that made these tests.</summary>
    public static LibraryCode Read(string name, params LibraryCode[] uses)
    {
        var folder = Repository.PathOf(name);
        return Read(name, folder, IntermediateFolder(name), uses);
    }

    /// <param name="name">The assembly's name.</param>
    /// <param name="folder">The project's folder.</param>
    /// <param name="intermediate">The folder of what its build generated.</param>
    /// <param name="uses">The libraries that it references.</param>
    public static LibraryCode Read(string name, string folder, string intermediate, params LibraryCode[] uses) => new(
        name,
        Repository.CSharpFiles(folder),
        Generated(folder, intermediate),
        References(intermediate, uses));

    /// <summary>A library made of these files alone.</summary>
    public static LibraryCode Of(params SourceFile[] files) =>
        new("Sample", files, [], Platform().Select(path => MetadataReference.CreateFromFile(path)));

    /// <summary>The path of a file from the library's folder; null for a file of another library and for generated code.</summary>
    public string? PathOf(SyntaxTree tree) => _paths.GetValueOrDefault(tree);

    /// <summary>What the compiler does not understand, but for the members that source generators write.</summary>
    public IEnumerable<string> Errors() =>
        from problem in Compilation.GetDiagnostics()
        where problem.Severity == DiagnosticSeverity.Error && !IsAboutGeneratedCode(problem)
        select problem.ToString();

    private static bool IsAboutGeneratedCode(Diagnostic problem) =>
        problem.Id == PartialMethodWithoutBody
        || (ContextWithoutMembers.Contains(problem.Id)
            && problem.Location.SourceTree!.ToString().Contains(": JsonSerializerContext", StringComparison.Ordinal));

    private static SyntaxTree Parse(SourceFile file) => CSharpSyntaxTree.ParseText(
        file.Text, new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.None), file.Path);

    /// <summary>Global usings, attributes of the assembly, and the newest file for each protobuf definition.</summary>
    private static IEnumerable<SourceFile> Generated(string folder, string intermediate)
    {
        var protobuf = Directory.EnumerateFiles(folder, "*.proto", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Select(name => $"{char.ToUpperInvariant(name[0])}{name[1..]}.cs")
            .Select(name => Directory.EnumerateFiles(intermediate, name, SearchOption.AllDirectories))
            .Select(versions => versions.MaxBy(File.GetLastWriteTimeUtc)!);
        return Directory.EnumerateFiles(intermediate, "*.cs").Concat(protobuf).Select(path => new SourceFile(path, File.ReadAllText(path)));
    }

    /// <summary>What the tests run with; of ML.NET the references with public internals, of our libraries the sources.</summary>
    private static IEnumerable<MetadataReference> References(string intermediate, LibraryCode[] uses)
    {
        var publicized = Path.Combine(intermediate, "publicized");
        var replacements = Directory.Exists(publicized) ? Directory.GetFiles(publicized) : [];
        var replaced = replacements.Select(Path.GetFileName).Concat(["ResNet.MLNet.dll", "ResNet.Training.dll"]).ToHashSet();
        return Platform().Where(path => !replaced.Contains(Path.GetFileName(path)))
            .Concat(replacements)
            .Select(path => MetadataReference.CreateFromFile(path))
            .Concat(uses.Select(library => library.Compilation.ToMetadataReference()).Cast<MetadataReference>());
    }

    private static string[] Platform() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);

    private static string IntermediateFolder(string library) => typeof(LibraryCode).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(entry => entry.Key == "Generated." + library).Value!;
}
