using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>The search for a batch, on a simulated memory; the words of libtorch's own allocator; and what the message says.</summary>
[TestClass]
public sealed class BatchFitTests
{
    [TestMethod]
    public void The_largest_batch_is_found_to_an_eighth_for_every_memory()
    {
        for (var memory = 0; memory <= 1100; memory++)
        {
            var found = BatchFit.Largest(batch => batch <= memory, 1024);
            var best = Math.Min(memory, 1024);
            Assert.IsLessThanOrEqualTo(best, found, $"{memory}");
            if (memory < 8) Assert.AreEqual(memory == 0 ? 0 : (int)Math.Pow(2, Math.Floor(Math.Log2(memory))), found, $"{memory}");
            else Assert.AreEqual(0, found % 8, $"{memory}");
            if (memory >= 8) Assert.IsLessThanOrEqualTo(Math.Max(8, best / 8), best - found, $"{memory}: {found}");
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    [DataRow(8)]
    [DataRow(43)]
    [DataRow(256)]
    public void No_more_than_the_limit_is_tried_and_few_steps_are_needed(int limit)
    {
        foreach (var memory in new[] { 0, 3, 20, 100, 10_000 })
        {
            List<int> tried = [];
            var found = BatchFit.Largest(batch =>
            {
                tried.Add(batch);
                return batch <= memory;
            }, limit);
            Assert.IsLessThanOrEqualTo(limit, tried.Max());
            Assert.IsGreaterThan(0, tried.Min() + (found == 0 ? 1 : 0));
            Assert.IsLessThanOrEqualTo(10, tried.Count);
            Assert.AreEqual(tried.Count, tried.Distinct().Count(), "Nothing is tried twice.");
            if (memory == 10_000) Assert.AreEqual(limit > 8 ? limit / 8 * 8 : limit, found);
        }
    }

    [TestMethod]
    public void What_libtorch_says_when_memory_is_short_is_recognized()
    {
        LibTorch.Load();
        var problem = Assert.ThrowsExactly<ExternalException>(() => empty(1L << 55));
        Assert.IsTrue(BatchFit.IsOutOfMemory(problem.Message), problem.Message);
        Assert.IsTrue(BatchFit.IsOutOfMemory("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB"));
        Assert.IsTrue(BatchFit.IsOutOfMemory("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"));
        using var flat = zeros(2, 3);
        Assert.IsFalse(BatchFit.IsOutOfMemory(Assert.ThrowsExactly<ExternalException>(() => flat.mm(flat)).Message));
    }

    [TestMethod]
    public void The_message_says_which_batch_fits_and_in_how_many_parts_the_same_one_would()
    {
        var recipe = SmallRun.Recipe(1) with { BatchSize = 256 };
        const string gpu = "cuda:1";
        var message = BatchFit.Describe(ResNetArchitecture.ResNet50, recipe, gpu, 96);
        string[] parts =
        [
            "256 images",
            "12 x 12",
            "resnet50",
            "cuda:1",
            "BatchSize of 96",
            "GradientAccumulation of 3",
            "FindLargestBatch",
        ];
        foreach (var part in parts) StringAssert.Contains(message, part);
        var inParts = recipe with { GradientAccumulation = 4 };
        StringAssert.Contains(BatchFit.Describe(ResNetArchitecture.ResNet50, inParts, gpu, 40), "64 at a time,");
        StringAssert.Contains(BatchFit.Describe(ResNetArchitecture.ResNet50, recipe, gpu, 0), "Preprocessing.Crop");
        var onCpu = BatchFit.Describe(ResNetArchitecture.ResNet50, recipe, "cpu", null);
        StringAssert.Contains(onCpu, "BatchSize of 128");
        Assert.DoesNotContain("FindLargestBatch", onCpu);
    }

    [TestMethod]
    public void On_a_cpu_half_is_proposed_and_the_allocators_first_line_is_passed_on()
    {
        using var folders = new ClassFolders();
        var plan = SmallRun.Options(folders, SmallRun.Recipe(1)).Resolve();
        LibTorch.Load();
        var problem = Assert.ThrowsExactly<DeviceMemoryException>(() => Explaining(() => empty(1L << 55)));
        StringAssert.Contains(problem.Message, "BatchSize of 4");
        StringAssert.Contains(problem.Message, "DefaultCPUAllocator");
        Assert.DoesNotContain("\n", problem.Message);
        using var flat = zeros(2, 3);
        Assert.ThrowsExactly<ExternalException>(() => Explaining(() => flat.mm(flat)), "Other errors pass as they are.");

        long Explaining(Func<Tensor> work) => BatchFit.Explaining(plan, () => work().NumberOfElements, default);
    }

    [TestMethod]
    public void A_trial_takes_real_steps_and_stops_when_told()
    {
        LibTorch.Load();
        using var cancel = new CancellationTokenSource();
        var recipe = SmallRun.Recipe(1) with { EmaDecay = 0.9, GradientAccumulation = 2, Mixing = new() { MixUp = 0.2 } };
        using var trial = new BatchFit.Trial(ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 3), recipe, CPU, cancel.Token);
        Assert.IsTrue(trial.Fits(1));
        Assert.IsTrue(trial.Fits(16));
        cancel.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => trial.Fits(8));
    }

    [TestMethod]
    public void On_a_cpu_the_batch_is_the_recipes_and_a_resumed_run_keeps_its_own()
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, SmallRun.Recipe(1));
        Assert.AreEqual(9, ResNetTraining.FindLargestBatch(options));
        ResNetTraining.Run(options);
        var again = options with { Recipe = options.Recipe! with { BatchSize = 5 }, IfExists = ExistingRun.Resume };
        Assert.AreEqual(9, ResNetTraining.FindLargestBatch(again));
        Assert.AreEqual(5, ResNetTraining.FindLargestBatch(again with { IfExists = ExistingRun.Overwrite }));
    }
}
