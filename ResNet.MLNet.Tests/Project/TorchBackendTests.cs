using System.Text.Json;

namespace ResNet.Tests;

/// <summary>
/// eng/Application.targets chooses the libtorch of an application. Only the project is evaluated; the CUDA packages are gigabytes.
/// </summary>
[TestClass]
public sealed class TorchBackendTests
{
    [TestMethod]
    [DataRow("cpu", "linux-x64", "libtorch-cpu-linux-x64")]
    [DataRow("cuda", "linux-x64", "TorchSharp-cuda-linux")]
    [DataRow("cuda", "win-x64", "TorchSharp-cuda-windows")]
    [DataRow("none", "linux-x64", "")]
    public void A_backend_is_one_package_with_a_central_version(string backend, string runtime, string expected)
    {
        string[] questions = ["-getItem:PackageReference", "-getItem:PackageVersion"];
        var (code, output) = Evaluate([.. questions, $"-p:TorchBackend={backend}", $"-p:RuntimeIdentifier={runtime}"]);
        Assert.AreEqual(0, code, output);
        var items = JsonDocument.Parse(output).RootElement.GetProperty("Items");
        var torch = Names("PackageReference").Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)).ToList();
        Assert.AreEqual(expected, string.Join(' ', torch));
        foreach (var package in torch) CollectionAssert.Contains(Names("PackageVersion").ToList(), package);

        IEnumerable<string> Names(string kind) =>
            items.GetProperty(kind).EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!);
    }

    [TestMethod]
    [DataRow("gpu", "linux-x64", "cpu (default), cuda or none")]
    [DataRow("cuda", "osx-arm64", "linux-x64 or win-x64")]
    public void What_there_is_no_package_for_is_an_error_that_says_so(string backend, string runtime, string expected)
    {
        var (code, output) = Evaluate("-t:CheckTorchBackend", $"-p:TorchBackend={backend}", $"-p:RuntimeIdentifier={runtime}");
        Assert.AreNotEqual(0, code);
        StringAssert.Contains(output, expected);
    }

    [TestMethod]
    public void The_warning_of_an_application_without_libtorch_names_the_version_of_this_repository()
    {
        var (code, version) = Evaluate("-getProperty:LibTorchVersion");
        Assert.AreEqual(0, code, version);
        var targets = File.ReadAllText(Repository.PathOf("ResNet.Training", "buildTransitive", "ResNet.Training.targets"));
        StringAssert.Contains(targets, $"libtorch-cpu-$(NETCoreSdkPortableRuntimeIdentifier) --version {version.Trim()} ");
    }

    private static (int Code, string Output) Evaluate(params string[] arguments) =>
        DotNet.Run(["msbuild", Repository.PathOf("ResNet.Cli", "ResNet.Cli.csproj"), "-nologo", .. arguments]);
}
