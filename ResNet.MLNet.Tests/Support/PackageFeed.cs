using System.Reflection;

namespace ResNet.Tests;

/// <summary>
/// A folder with packages of this build, under a version that no other folder has, and applications outside the repository that reference
/// them. Packages that are on this machine already are used from where they are.
/// </summary>
internal sealed class PackageFeed : IDisposable
{
    private static readonly string Configuration =
        typeof(PackageFeed).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    private readonly TemporaryFolder _folder = new();

    /// <summary>Makes the packages.</summary>
    /// <param name="projects">Their projects' names.</param>
    public PackageFeed(params string[] projects)
    {
        foreach (var project in projects) Pack(project, Folder, $"-p:PackageVersion={Version}");
    }

    /// <summary>The version of all packages.</summary>
    public string Version { get; } = $"0.1.0-test.{Guid.NewGuid():N}";

    /// <summary>The folder with the packages.</summary>
    public string Folder => PathOf("feed");

    /// <summary>The version of the native ONNX Runtime that this build uses.</summary>
    public static string OnnxRuntimeVersion { get; } = MetadataOf("OnnxRuntimeVersion");

    /// <summary>The package of the libtorch that this build uses, and its version.</summary>
    public static string LibTorch { get; } = MetadataOf("LibTorch");

    private static string GlobalPackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Makes one package of what was built already.</summary>
    /// <param name="project">The project's name.</param>
    /// <param name="target">The folder.</param>
    /// <param name="more">Further arguments.</param>
    public static void Pack(string project, string target, params string[] more)
    {
        string[] arguments = ["pack", Repository.PathOf(project), "--no-build", "--configuration", Configuration, "--output", target];
        var (code, output) = DotNet.Run([.. arguments, $"-p:NuspecOutputPath={target}/", .. more]);
        Assert.AreEqual(0, code, output);
    }

    /// <summary>A place in the feed's own folder.</summary>
    public string PathOf(params string[] names) => _folder.PathOf(names);

    /// <summary>Writes an application: a project whose warnings are errors.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="packages">Packages as <c>name</c>, of this feed, or <c>name/version</c>.</param>
    /// <param name="program">Program.cs.</param>
    /// <param name="properties">Further properties, as XML.</param>
    /// <param name="sdk">The SDK.</param>
    /// <returns>The project's folder.</returns>
    public string WriteApp(
        string name, IEnumerable<string> packages, string program, string properties = "", string sdk = "Microsoft.NET.Sdk")
    {
        var folder = Directory.CreateDirectory(PathOf(name)).FullName;
        var references = packages.Select(package => package.Split('/')).Select(parts =>
            $"""<PackageReference Include="{parts[0]}" Version="{(parts.Length > 1 ? parts[1] : Version)}" />""");
        var text = $"""
            <Project Sdk="{sdk}">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                {string.Join('\n', references)}
              </ItemGroup>
            </Project>
            """;
        File.WriteAllText(Path.Combine(folder, $"{name}.csproj"), text);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), program);
        UseFeed(folder);
        return folder;
    }

    /// <summary>Lets projects and programs of a file, in this folder, find the feed.</summary>
    /// <param name="folder">The folder.</param>
    public void UseFeed(string folder) => File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), $"""
        <Project>
          <PropertyGroup>
            <RestoreAdditionalProjectSources>{Folder}</RestoreAdditionalProjectSources>
            <RestorePackagesPath>{PathOf("packages")}</RestorePackagesPath>
            <RestoreFallbackFolders>{GlobalPackages}</RestoreFallbackFolders>
          </PropertyGroup>
        </Project>
        """);

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    private static string MetadataOf(string key) =>
        typeof(PackageFeed).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(each => each.Key == key).Value!;
}
