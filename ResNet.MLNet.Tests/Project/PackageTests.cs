using System.IO.Compression;
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

    [TestMethod]
    public void The_package_of_ResNet_Training_asks_for_exactly_its_own_version_of_ResNet_MLNet()
    {
        using var folder = new TemporaryFolder();
        PackageFeed.Pack("ResNet.Training", folder.Path);
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
    [TestCategory("Packages")]
    public void An_application_with_the_package_of_weights_has_ImageNet_features_without_a_connection()
    {
        using var feed = new PackageFeed("ResNet.MLNet", Weights);
        // The weights themselves are in ML.NET's package.
        using (var package = ZipFile.OpenRead(Path.Combine(feed.Folder, $"{Weights}.{feed.Version}.nupkg")))
            Assert.IsFalse(package.Entries.Any(entry => entry.Name.EndsWith(".onnx", StringComparison.Ordinal)));

        var app = feed.WriteApp("app", [Weights, $"Microsoft.ML.OnnxRuntime/{PackageFeed.OnnxRuntimeVersion}"], """
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
        var home = $"RESNET_MLNET_HOME={feed.PathOf("home")}";
        var (code, output) = DotNet.Run("run", "--project", app, "--environment", home, world.Paths[0]);
        Assert.AreEqual(0, code, output);
        Assert.IsTrue(File.Exists(feed.PathOf("home", "models", "resnet18-mlnet.onnx")), output);
        Assert.Contains("512 features, the greatest True", output);
    }

    private static bool IsPinned(string nuspec)
    {
        var document = XDocument.Parse(nuspec);
        var version = document.Descendants().Single(element => element.Name.LocalName == "version").Value;
        var dependency = document.Descendants().Single(element => (string?)element.Attribute("id") == "ResNet.MLNet");
        return (string?)dependency.Attribute("version") == $"[{version}]";
    }
}
