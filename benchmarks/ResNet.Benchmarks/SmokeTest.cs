using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>
/// Whether training works on this machine's device, in a minute: libtorch loads, a step gives what the CPU's gives, networks learn in
/// float32 and bfloat16, a stopped run resumes to the same bits, and ONNX Runtime gives the exported network's logits. Each check says what
/// it saw; all of them run, whichever fails.
/// </summary>
internal static class SmokeTest
{
    private const int Classes = 4, PerClass = 40, Size = 32, Epochs = 3;
    private const double StepTolerance = 1e-4, LogitTolerance = 1e-3;

    /// <summary>What two runs of a device that does not repeat itself may differ by, relative to a tensor's greatest value.</summary>
    private const double UnrepeatableTolerance = 0.05;

    private static readonly ResNetArchitecture Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=8", Classes);

    /// <returns>0 if all checks passed, else 1.</returns>
    public static int Run(Arguments arguments)
    {
        var (name, failed) = (arguments.Get("device", "auto"), 0);
        var folder = Directory.CreateTempSubdirectory("resnet-smoke-").FullName;
        try
        {
            // Nothing of TorchSharp may be touched before libtorch is loaded.
            Device device = null!;
            Check("libtorch", () =>
            {
                var found = LibTorch.Load();
                device = Devices.Parse(name);
                return $"built for {found.Version}, from {found.Folder}, {found.CudaDevices} CUDA devices; this runs on {device}";
            });
            // Without libtorch nothing else can be said.
            if (failed > 0) return 1;
            var images = Path.Combine(folder, "images");
            GeneratedImages.Write(images, Classes, PerClass, Size, Size);
            var data = TrainingData.Open(images);
            Check("a step in float32", () => CompareStep(device, data));
            Check("learning in float32", () => Learn(TrainingPrecision.Float32, "whole"));
            Check("learning in bfloat16", () => Learn(TrainingPrecision.BFloat16, "bfloat16"));
            Check("stop and resume", () => StopAndResume(device));
            Check("the exported network", () => CompareExport(device, data, Path.Combine(folder, "whole")));

            string Learn(TrainingPrecision precision, string run)
            {
                var history = Train(precision, run, ExistingRun.Refuse).History;
                var (first, last) = (history[0], history[^1]);
                var losses = $"loss {first.TrainingLoss:0.000} in the first epoch, {last.TrainingLoss:0.000} in the last";
                var text = $"{losses}; top-1 {100 * last.Top1:0} %";
                return last.TrainingLoss < first.TrainingLoss ? text : throw new InvalidOperationException($"it does not learn: {text}");
            }

            TrainingResult Train(TrainingPrecision precision, string run, ExistingRun existing, CancellationTokenSource? stop = null)
            {
                var options = new TrainingOptions
                {
                    Architecture = Architecture,
                    Data = data,
                    Recipe = Recipe(precision),
                    OutputFolder = Path.Combine(folder, run),
                    IfExists = existing,
                    Device = name,
                };
                return ResNetTraining.Run(options, new StopAfterFirstEpoch(stop), stop?.Token ?? default);
            }

            string StopAndResume(Device device)
            {
                using var stop = new CancellationTokenSource();
                try
                {
                    Train(TrainingPrecision.Float32, "stopped", ExistingRun.Refuse, stop);
                    throw new InvalidOperationException("the run did not stop");
                }
                catch (OperationCanceledException)
                {
                    // As it should.
                }

                Train(TrainingPrecision.Float32, "stopped", ExistingRun.Resume);
                var difference = DifferenceOfRuns("whole", "stopped");
                if (difference == 0) return "stopped in the second epoch and resumed: the same bits as the run that was not stopped";
                var found = $"the resumed run's weights differ by {difference:0.0e+0}";
                if (device.type == DeviceType.CPU) throw new InvalidOperationException(found);
                // A GPU's sums may come in any order. Then two whole runs differ, too, and the resumed one must not be further off.
                Train(TrainingPrecision.Float32, "again", ExistingRun.Refuse);
                var unrepeatable = DifferenceOfRuns("whole", "again");
                var text = $"{found}, those of two whole runs by {unrepeatable:0.0e+0}";
                var isAsNear = unrepeatable > 0 && difference <= Math.Max(10 * unrepeatable, UnrepeatableTolerance);
                return isAsNear ? text : throw new InvalidOperationException(text);
            }

            double DifferenceOfRuns(string one, string other) => Difference(Last(one), Last(other));

            StateDict Last(string run) => WeightFile.ReadStored(RunFolder.CheckpointsOf(Path.Combine(folder, run)).Last).Tensors;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Console.WriteLine(failed == 0 ? "All checks passed." : $"{failed} failed.");
        return failed == 0 ? 0 : 1;

        void Check(string what, Func<string> examine)
        {
            try
            {
                Console.WriteLine($"ok    {what}: {examine()}");
            }
            catch (Exception problem)
            {
                // Each check is independent of the others: one that fails says why, and the rest is examined all the same.
                failed++;
                Console.WriteLine($"FAIL  {what}: {problem.GetType().Name}: {problem.Message}");
            }
        }
    }

    private static TrainingRecipe Recipe(TrainingPrecision precision) => new()
    {
        Epochs = Epochs,
        BatchSize = 16,
        LearningRate = 0.05,
        Precision = precision,
        Preprocessing = ImagePreprocessing.Small(Size),
        Keep = KeptEpoch.Last,
    };

    private static string CompareStep(Device device, TrainingData data)
    {
        var (expected, expectedLoss) = StepOn(CPU);
        var (found, loss) = StepOn(device);
        var difference = Math.Max(Difference(expected, found), Math.Abs(loss / expectedLoss - 1));
        var text = $"loss {loss:0.00000}, on the CPU {expectedLoss:0.00000}; " +
            $"loss, weights and statistics differ by {difference:0.0e+0} of a tensor's greatest value";
        var tolerance = device.type == DeviceType.CPU ? 0 : StepTolerance;
        return difference <= tolerance ? text : throw new InvalidOperationException(text);

        (StateDict Weights, double Loss) StepOn(Device where)
        {
            using var scope = NewDisposeScope();
            using var exact = new WithoutTensorFloat32();
            var recipe = Recipe(TrainingPrecision.Float32);
            using var step = new TrainingStep(new(Architecture), recipe, where);
            step.Network.train();
            var batch = Batches(data.Training, recipe).First();
            step.Run(batch, 0, 1, _ => recipe.LearningRate);
            return (step.Network.ToStateDict(), step.ReadSums().Loss / batch.Count);
        }
    }

    private static string CompareExport(Device device, TrainingData data, string run)
    {
        using var scope = NewDisposeScope();
        using var exact = new WithoutTensorFloat32();
        using var _ = no_grad();
        var recipe = Recipe(TrainingPrecision.Float32);
        using var network = new ResNetModule(Architecture);
        var saved = WeightFile.ReadStored(RunFolder.CheckpointsOf(run).Last).Tensors;
        var weights = new StateDict();
        foreach (var spec in Architecture.Tensors) weights.Add(spec.Name, saved[spec.Name]);
        network.Load(weights);
        network.to(device);
        network.eval();
        using var input = new DeviceInput(recipe.Preprocessing, recipe.Precision, device);
        float[] expected = [.. Batches(data.Validation, recipe).SelectMany(LogitsOf)];
        using var model = ResNetModel.Open(Path.Combine(run, "model.onnx"));
        var names = Enumerable.Range(0, data.Validation.Count).Select(data.Validation.NameOf);
        float[] found = [.. names.SelectMany(name => model.Run(name, ResNetOutput.Logits))];
        var difference = Difference(expected, found);
        var text = $"ONNX Runtime's logits of {data.Validation.Count} images differ from libtorch's on {device} " +
            $"by {difference:0.0e+0} of the greatest";
        return difference <= LogitTolerance ? text : throw new InvalidOperationException(text);

        float[] LogitsOf(Batch batch) => network.forward(input.Load(batch).Images).cpu().data<float>().ToArray();
    }

    /// <summary>The images in their order, not varied.</summary>
    private static IEnumerable<Batch> Batches(ImageDataset source, TrainingRecipe recipe) =>
        new BatchLoader(source, recipe.Preprocessing, null, recipe.BatchSize, recipe.Seed, 1, problem => throw problem).Epoch(0);

    /// <summary>The greatest difference of any tensor's values, relative to the greatest value of that tensor.</summary>
    private static double Difference(StateDict expected, StateDict found) =>
        expected.Max(named => Difference(named.Value.Values, found[named.Key].Values));

    private static double Difference(float[] expected, float[] found)
    {
        var greatest = expected.Max(Math.Abs);
        var difference = expected.Zip(found, (left, right) => Math.Abs(left - right)).Max();
        if (expected.Length != found.Length || !double.IsFinite(difference)) return double.PositiveInfinity;
        return difference == 0 ? 0 : difference / greatest;
    }

    /// <summary>Cancels the run when its first epoch is done, so that it ends after the first step of the second.</summary>
    private sealed class StopAfterFirstEpoch(CancellationTokenSource? stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Completed is not null) stop?.Cancel();
        }
    }
}
