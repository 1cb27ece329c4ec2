using System.Globalization;
using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>
/// One training step of this project against PyTorch's on the same weights and images (benchmarks/peers/pytorch_agree.py, which does the
/// comparing): loss, gradients, weights and statistics after it.
/// </summary>
internal static class StepAgreement
{
    private const double Rate = 0.1;

    private static readonly StepCase[] Cases = [new("resnet18", 4, 224), new("resnet50", 4, 224), new("cifar-resnet20", 32, 32)];

    /// <returns>0 if all agree, else 1.</returns>
    public static int Run(Arguments arguments)
    {
        var device = Devices.Parse(arguments.Get("device", "cpu"));
        TrainingPrecision[] precisions = arguments.Get("precision", "") is { Length: > 0 } one
            ? [Enum.Parse<TrainingPrecision>(one, ignoreCase: true)]
            : [TrainingPrecision.Float32, TrainingPrecision.BFloat16];
        var folder = Directory.CreateTempSubdirectory("resnet-agree-").FullName;
        var failed = 0;
        try
        {
            foreach (var what in Cases.Where(each => arguments.Get("case", each.Architecture) == each.Architecture))
            {
                foreach (var precision in precisions)
                {
                    var file = Path.Combine(folder, "step.safetensors");
                    WriteStep(what, precision, device, file);
                    if (Measure.RunPeer("pytorch_agree.py", file, "--device", Measure.NameOf(device)) != 0) failed++;
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return failed == 0 ? 0 : 1;
    }

    private static void WriteStep(StepCase what, TrainingPrecision precision, Device device, string file)
    {
        using var scope = NewDisposeScope();
        // TensorFloat-32 has ten bits of fraction: no basis for comparing float32.
        using var exact = new WithoutTensorFloat32();
        var recipe = new TrainingRecipe { Preprocessing = ImagePreprocessing.Small(what.Size), Precision = precision, LearningRate = Rate };
        using var step = new TrainingStep(new(ResNetArchitecture.Parse(what.Architecture, classes: what.Classes)), recipe, device);
        var batch = StepContender.RandomBatch(what);
        var all = new StateDict();
        foreach (var (name, tensor) in step.Network.ToStateDict()) all.Add("before." + name, tensor);
        var images = step.Input.Load(batch).Images;
        all.Add("images", new([.. images.shape.Select(size => (int)size)], images.to(float32).cpu().contiguous().data<float>().ToArray()));
        all.Add("targets", new([batch.Count], [.. batch.Targets.Select(target => (float)target)]));
        step.Network.train();
        step.Run(batch, 0, 1, _ => Rate);
        // After the first step the velocity is the gradient, weight decay included.
        step.Parameters.CopyTo(all, step.Optimizer.Memory[0].Values, "velocity.");
        foreach (var (name, tensor) in step.Network.ToStateDict()) all.Add("after." + name, tensor);
        WeightFile.Write(file, all, new Dictionary<string, string>
        {
            ["architecture"] = what.Architecture,
            ["precision"] = precision == TrainingPrecision.Float32 ? "float32" : "bfloat16",
            ["loss"] = (step.ReadSums().Loss / batch.Count).ToString("R", CultureInfo.InvariantCulture),
            ["rate"] = Rate.ToString(CultureInfo.InvariantCulture),
            ["decay"] = recipe.WeightDecay.ToString(CultureInfo.InvariantCulture),
        });
    }
}

/// <summary>Turns TensorFloat-32 off as long as it lives.</summary>
internal sealed class WithoutTensorFloat32 : IDisposable
{
    private readonly bool _convolutions = backends.cudnn.allow_tf32, _products = backends.cuda.matmul.allow_tf32;

    public WithoutTensorFloat32() => (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32) = (false, false);

    public void Dispose() => (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32) = (_convolutions, _products);
}
