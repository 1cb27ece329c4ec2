namespace ResNet.Tests;

/// <summary>Packages are found beside those that assemblies are loaded from, as in notebooks; applications have an output folder.</summary>
[TestClass]
public sealed class PackageCacheTests
{
    [TestMethod]
    public void A_package_is_found_beside_that_of_an_assembly_the_newest_version_first()
    {
        using var folder = new TemporaryFolder();
        var assembly = Install(folder, "one", "1.0.0");
        Install(folder, "other.weights", "0.9.0");
        Install(folder, "other.weights", "0.10.0");
        string[] expected = [folder.PathOf("other.weights", "0.10.0"), folder.PathOf("other.weights", "0.9.0")];
        CollectionAssert.AreEqual(expected, PackageCache.FoldersOf("Other.Weights", [assembly]).ToArray());
        Assert.IsEmpty(PackageCache.FoldersOf("None", [assembly]));
    }

    [TestMethod]
    public void An_application_has_no_packages_beside_it()
    {
        using var folder = new TemporaryFolder();
        Install(folder, "other", "1.0.0");
        // No package, though the folders look like one.
        var assembly = folder.PathOf("app", "1.0.0", "lib", "net10.0", "app.dll");
        Assert.IsEmpty(PackageCache.FoldersOf("other", [assembly, folder.PathOf("app.dll"), ""]));
        Assert.IsEmpty(PackageCache.FoldersOf("TorchSharp", typeof(TorchSharp.torch).Assembly));
    }

    private static string Install(TemporaryFolder folder, string package, string version)
    {
        Directory.CreateDirectory(folder.PathOf(package, version, "lib", "net10.0"));
        File.WriteAllText(folder.PathOf(package, version, ".nupkg.metadata"), "");
        return folder.PathOf(package, version, "lib", "net10.0", $"{package}.dll");
    }
}
