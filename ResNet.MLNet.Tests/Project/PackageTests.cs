using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace ResNet.Tests;

/// <summary>
/// ResNet.Training uses internals of ResNet.MLNet, so a package of one works with exactly one version of the other. The package of weights
/// needs nothing further.
/// </summary>
[TestClass]
public sealed class PackageTests
{
    private const string Weights = "ResNet.MLNet.Weights.ResNet18";

    private static readonly string Configuration =
        typeof(PackageTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    [TestMethod]
    public void The_package_of_ResNet_Training_asks_for_exactly_its_own_version_of_ResNet_MLNet()
    {
        using var folder = new TemporaryFolder();
        Pack("ResNet.Training", folder.Path);
        using var package = ZipFile.OpenRead(Directory.GetFiles(folder.Path, "*.nupkg").Single());
        using var text = new StreamReader(package.Entries.Single(entry => entry.Name == "ResNet.Training.nuspec").Open());
        Assert.IsTrue(IsPinned(text.ReadToEnd()));
    }

    [TestMethod]
    [DataRow("[1.2.3]", true)]
    [DataRow("[1.2.3, )", false)]
    [DataRow("1.2.3", false)]
    [DataRow("[1.2.4]", false)]
    public void Only_the_version_of_the_package_itself_is_exact_enough(string version, bool expected)
    {
        var nuspec = $"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
              <metadata>
                <version>1.2.3</version>
                <dependencies>
                  <group targetFramework="net10.0"><dependency id="ResNet.MLNet" version="{version}" /></group>
                </dependencies>
              </metadata>
            </package>
            """;
        Assert.AreEqual(expected, IsPinned(nuspec));
    }

    [TestMethod]
    public void An_application_with_the_package_of_weights_has_ImageNet_features_without_a_connection()
    {
        using var folder = new TemporaryFolder();
        var feed = folder.PathOf("feed");
        var version = $"0.1.0-test.{Guid.NewGuid():N}";
        Pack("ResNet.MLNet", feed, $"-p:PackageVersion={version}");
        Pack(Weights, feed, $"-p:PackageVersion={version}");
        // The weights themselves are in ML.NET's package.
        using (var package = ZipFile.OpenRead(Path.Combine(feed, $"{Weights}.{version}.nupkg")))
            Assert.IsFalse(package.Entries.Any(entry => entry.Name.EndsWith(".onnx", StringComparison.Ordinal)));

        var onnxRuntime = typeof(PackageTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(each => each.Key == "OnnxRuntimeVersion").Value;
        // New packages go to the test's own folder; those that are on this machine are used from where they are.
        var text = $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <RestoreAdditionalProjectSources>{feed}</RestoreAdditionalProjectSources>
                <RestorePackagesPath>{folder.PathOf("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{GlobalPackages}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="{Weights}" Version="{version}" />
                <PackageReference Include="Microsoft.ML.OnnxRuntime" Version="{onnxRuntime}" />
              </ItemGroup>
            </Project>
            """;
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(folder.PathOf("app")).FullName, "app.csproj"), text);
        File.WriteAllText(folder.PathOf("app", "Program.cs"), """
            using Microsoft.ML;
            using Microsoft.ML.Data;

            var context = new MLContext();
            var data = context.Data.LoadFromEnumerable([new Photo { ImagePath = args[0] }]);
            var features = context.Transforms.ApplyResNet18().Fit(data).Transform(data).GetColumn<float[]>("Features").Single();
            Console.WriteLine($"{features.Length} features, the greatest {features.Max() > 0}");

            internal sealed class Photo
            {
                public string ImagePath { get; set; } = "";
            }
            """);
        using var world = new ImageWorld(images: 1);
        // The mirror of these tests is a port where nobody answers; the cache is empty.
        var home = $"RESNET_MLNET_HOME={folder.PathOf("home")}";
        var (code, output) = DotNet.Run("run", "--project", folder.PathOf("app"), "--environment", home, world.Paths[0]);
        Assert.AreEqual(0, code, output);
        Assert.IsTrue(File.Exists(folder.PathOf("home", "models", "resnet18-mlnet.onnx")), output);
        Assert.Contains("512 features, the greatest True", output);
    }

    private static string GlobalPackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static void Pack(string project, string target, params string[] more)
    {
        string[] arguments = ["pack", Repository.PathOf(project), "--no-build", "--configuration", Configuration, "--output", target];
        var (code, output) = DotNet.Run([.. arguments, $"-p:NuspecOutputPath={target}/", .. more]);
        Assert.AreEqual(0, code, output);
    }

    private static bool IsPinned(string nuspec)
    {
        var document = XDocument.Parse(nuspec);
        var version = document.Descendants().Single(element => element.Name.LocalName == "version").Value;
        var dependency = document.Descendants().Single(element => (string?)element.Attribute("id") == "ResNet.MLNet");
        return (string?)dependency.Attribute("version") == $"[{version}]";
    }
}
