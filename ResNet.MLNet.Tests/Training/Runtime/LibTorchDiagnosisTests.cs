namespace ResNet.Tests;

/// <summary>A diagnosis holds the same facts as what is loaded, and nothing that a machine lacks makes it fail.</summary>
[TestClass]
public sealed class LibTorchDiagnosisTests
{
    [TestMethod]
    public void A_machine_that_runs_the_tests_has_a_libtorch_that_fits_and_is_loaded()
    {
        var found = LibTorch.Diagnose();
        Assert.IsNull(found.FilesProblem);
        Assert.IsNull(found.LoadProblem);
        Assert.AreEqual(LibTorch.Load(), found.Loaded);
        Assert.AreEqual(found.Loaded!.Folder, found.Folder);
        StringAssert.StartsWith(found.Loaded.Version, found.RequiredVersion);
        Assert.AreEqual(found.Loaded.CudaDevices == 0, found.CudaProblem is not null, "What cannot be used has a reason.");
        Assert.AreEqual(found.Gpus.Count == 0, found.DriverProblem is not null);
        if (OperatingSystem.IsLinux()) Assert.IsGreaterThan(500, found.ComparedFunctions!.Value);
        Assert.IsTrue(Path.IsPathFullyQualified(found.CacheFolder));
    }
}
