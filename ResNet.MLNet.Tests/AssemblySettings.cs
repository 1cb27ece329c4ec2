[assembly: Parallelize(Scope = ExecutionScope.ClassLevel)]

namespace ResNet.Tests;

/// <summary>No test touches the user's cache, and none reaches a network but loopback.</summary>
[TestClass]
public static class AssemblySettings
{
    /// <summary>The cache folder of this run of the tests, for this process and those that it starts.</summary>
    public static string CacheHome { get; } = Path.Combine(Path.GetTempPath(), $"resnet-tests-{Guid.NewGuid():N}-cache");

    [AssemblyInitialize]
    public static void Begin(TestContext _)
    {
        Environment.SetEnvironmentVariable(CacheFolder.Variable, CacheHome);
        // The discard port: nothing answers.
        Environment.SetEnvironmentVariable(ModelStore.MirrorVariable, "http://127.0.0.1:9/");
        // Test classes run side by side, and libtorch's threads wait for each other by spinning: one each is much faster. Processes that
        // tests start inherit the variable.
        Environment.SetEnvironmentVariable("OMP_NUM_THREADS", "1");
        LibTorch.Load();
        TorchSharp.torch.set_num_threads(1);
    }

    [AssemblyCleanup]
    public static void End()
    {
        if (Directory.Exists(CacheHome)) Directory.Delete(CacheHome, recursive: true);
    }
}
