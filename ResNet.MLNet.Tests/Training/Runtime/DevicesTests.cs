using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>
/// Where to compute, and what the message says where that cannot be. The driver is made up, since few machines that run tests have one.
/// </summary>
[TestClass]
public sealed class DevicesTests
{
    private static readonly NvidiaDriver None = new(null, null, [], "libcuda.so.1 is not there: no driver.");
    private static readonly NvidiaDriver Old = new("535.1", new(12, 2), [new("GPU", 8L << 30, new(8, 6))], null);

    [TestMethod]
    [DataRow("cpu")]
    [DataRow("auto")]
    public void The_cpu_can_always_be_chosen_and_what_auto_finds_computes(string name)
    {
        var device = Devices.Parse(name);
        if (name == "cpu") Assert.AreEqual(TorchSharp.DeviceType.CPU, device.type);
        else if (NvidiaDriver.Find().Gpus.Count == 0) Assert.AreEqual(TorchSharp.DeviceType.CPU, device.type, "There is no GPU.");
        using var ones = torch.ones(3, device: device);
        using var sum = ones.sum();
        Assert.AreEqual(3, sum.item<float>());
    }

    [TestMethod]
    [DataRow("gpu")]
    [DataRow("cuda:")]
    [DataRow("cuda:-1")]
    [DataRow("cuda: 1")]
    [DataRow("CPU")]
    [DataRow("")]
    public void Another_name_is_refused_with_the_names_there_are(string name) =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Devices.Parse(name)).Message, "auto, cpu, cuda or cuda:N");

    [TestMethod]
    public void A_device_that_is_not_there_is_named() =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Devices.Parse("cuda:99")).Message, "'cuda:99'");

    [TestMethod]
    public void The_message_names_the_first_reason_why_there_is_no_gpu_and_what_to_do()
    {
        StringAssert.Contains(Devices.WhyMissing(0, false, "/lib", null, Old), "TorchSharp-cuda-linux");
        StringAssert.Contains(Devices.WhyMissing(0, true, "/lib", "12.8", None), "no driver");
        StringAssert.Contains(Devices.WhyMissing(0, true, "/lib", "12.8", None), "525");
        var tooOld = Devices.WhyMissing(0, true, "/lib", "13.0", Old);
        StringAssert.Contains(tooOld, "12.2");
        StringAssert.Contains(tooOld, "13.0");
        StringAssert.Contains(tooOld, "newer driver");
        StringAssert.Contains(Devices.WhyMissing(0, true, "/lib", "12.8", Old), "compute capability");
        StringAssert.Contains(Devices.WhyMissing(2, true, "/lib", "12.8", Old), "cuda:0 to cuda:1");
    }

    [TestMethod]
    public void A_driver_that_is_not_there_is_a_sentence_and_not_an_exception()
    {
        var driver = NvidiaDriver.Find();
        Assert.AreEqual(driver.Gpus.Count == 0, driver.Problem is not null);
        if (driver.Gpus.Count == 0) Assert.IsNull(NvidiaDriver.UsedMemory(0));
        else Assert.IsGreaterThan(0L, NvidiaDriver.UsedMemory(0)!.Value);
    }

    [TestMethod]
    public void The_switches_for_cuda_are_there_and_only_a_gpu_gets_them()
    {
        LibTorch.Load();
        var before = Switches();
        try
        {
            CudaSettings.Apply(CPU, TrainingPrecision.TensorFloat32);
            Assert.AreEqual(before, Switches());
            bool? benchmark = OperatingSystem.IsWindows() ? null : true;
            foreach (var precision in new[] { TrainingPrecision.TensorFloat32, TrainingPrecision.Float32, TrainingPrecision.Auto })
            {
                CudaSettings.TrySetBenchmark(false);
                CudaSettings.Set(precision);
                var rounds = precision != TrainingPrecision.Float32;
                Assert.AreEqual((benchmark, rounds, rounds), Switches());
            }
        }
        finally
        {
            CudaSettings.TrySetBenchmark(before.Benchmark ?? false);
            backends.cuda.matmul.allow_tf32 = before.Matmul;
            backends.cudnn.allow_tf32 = before.Convolution;
        }

        static (bool? Benchmark, bool Matmul, bool Convolution) Switches() =>
            (CudaSettings.Benchmark, backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32);
    }
}
