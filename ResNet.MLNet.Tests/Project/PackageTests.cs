using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace ResNet.Tests;

/// <summary>ResNet.Training uses internals of ResNet.MLNet, so a package of one works with exactly one version of the other.</summary>
[TestClass]
public sealed class PackageTests
{
    private static readonly string Configuration =
        typeof(PackageTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    [TestMethod]
    public void The_package_of_ResNet_Training_asks_for_exactly_its_own_version_of_ResNet_MLNet()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = DotNet.Run(
            "pack",
            Repository.PathOf("ResNet.Training"),
            "--no-build",
            "--configuration",
            Configuration,
            "--output",
            folder.Path,
            $"-p:NuspecOutputPath={folder.Path}/");
        Assert.AreEqual(0, code, output);
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

    private static bool IsPinned(string nuspec)
    {
        var document = XDocument.Parse(nuspec);
        var version = document.Descendants().Single(element => element.Name.LocalName == "version").Value;
        var dependency = document.Descendants().Single(element => (string?)element.Attribute("id") == "ResNet.MLNet");
        return (string?)dependency.Attribute("version") == $"[{version}]";
    }
}
