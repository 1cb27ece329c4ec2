// What this project is measured against, in one sitting. See benchmarks/README.md.
//   ResNet.Benchmarks pipeline --images DIR [--model FILE] [--int8 FILE] [--rounds 5]
//   ResNet.Benchmarks features --images DIR [--rounds 7]        the ImageNet ResNet-18 of ML.NET's package, ApplyResNet18 and stock
//   ResNet.Benchmarks imaging  --images DIR [--rounds 5]
//   ResNet.Benchmarks step     [--case resnet18|resnet50|cifar-resnet20] [--threads 2] [--steps 7] [--rounds 5]
//   ResNet.Benchmarks gpu      [--device cuda] [--case ...] [--batch N] [--images DIR] [--steps 50] [--rounds 3]
//   ResNet.Benchmarks agree    [--device cpu] [--case ...] [--precision float32|bfloat16]
//                              a step's numbers against PyTorch's; exit code 1 if they differ
//   ResNet.Benchmarks smoke    [--device auto]                  whether training works on this machine; exit code 1 if not
//   ResNet.Benchmarks images   --output DIR [--classes 8] [--per-class 128] [--width 500] [--height 375]
//                              made-up JPEGs in class folders
//   ResNet.Benchmarks memory   [--threads 2] [--steps 1000]
//   ResNet.Benchmarks loader   --images DIR [--rounds 7]        class folders
//   ResNet.Benchmarks model    OUT.onnx [ARCHITECTURE]          seeded random weights, for speed
using ResNet.Benchmarks;

var options = new Arguments(args);
switch (args.FirstOrDefault())
{
    case "pipeline":
        PipelineBenchmark.Run(options);
        return 0;
    case "features":
        PipelineBenchmark.RunFeatures(options);
        return 0;
    case "imaging":
        ImagingBenchmark.Run(options);
        return 0;
    case "step":
        StepBenchmark.Run(options);
        return 0;
    case "gpu":
        return GpuBenchmark.Run(options);
    case "agree":
        return StepAgreement.Run(options);
    case "smoke":
        return SmokeTest.Run(options);
    case "images":
        GeneratedImages.Write(
            options.Get("output"),
            options.Number("classes", 8),
            options.Number("per-class", 128),
            options.Number("width", 500),
            options.Number("height", 375));
        return 0;
    case "memory":
        MemoryBenchmark.Run(options);
        return 0;
    case "loader":
        LoaderBenchmark.Run(options);
        return 0;
    case "model":
        RandomModel.Write(args[1], args.ElementAtOrDefault(2) ?? "resnet50");
        return 0;
    case StepContender.Verb:
        StepContender.Run(options);
        return 0;
    case Contender.Verb:
        Contender.Run(options);
        return 0;
    default:
        Console.Error.WriteLine(
            "Usage: ResNet.Benchmarks pipeline|features|imaging|loader --images DIR [--model FILE] [--rounds N], " +
            "step|memory [--threads N] [--steps N], gpu|agree|smoke [--device NAME], images --output DIR, " +
            "or model OUT.onnx [ARCHITECTURE]");
        return 2;
}
