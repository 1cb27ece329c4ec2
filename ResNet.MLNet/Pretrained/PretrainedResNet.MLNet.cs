namespace ResNet.MLNet;

// The networks of ML.NET's DnnFeaturizeImage, in NuGet packages of Microsoft's.
public sealed partial record PretrainedResNet
{
    private const float RawPixels = 1 / 255f;

    private static IReadOnlyList<PretrainedResNet> OfMLNet() =>
    [
        // Digests and size are those of version 0.23.1. Its last stage has a block more than the paper's.
        MLNet(
            ResNetArchitecture.ResNet18,
            "e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f",
            "84bf8def78d0befaa3f6e73745d57d7016c6a192ead76f79686bd438c1047004") with
        {
            Architecture = ResNetArchitecture.ResNet18 with { StageBlocks = [2, 2, 2, 3], Classes = 0 },
            Size = 63_653_533,
        },
        // Of these no digest is known.
        MLNet(ResNetArchitecture.ResNet50),
        MLNet(ResNetArchitecture.ResNet101),
    ];

    private static PretrainedResNet MLNet(ResNetArchitecture architecture, string hash = "", string preprocessingHash = "")
    {
        var name = $"ResNet{architecture.Depth}";
        return new(architecture with { Classes = 0 }, $"{architecture.Name}-mlnet", "ML.NET")
        {
            Hash = hash,
            // The mean image is in the package; these are the means of its channels.
            Preprocessing = ImagePreprocessing.ImageNet with
            {
                Mean = new(123.15f * RawPixels, 115.90f * RawPixels, 103.06f * RawPixels),
                Std = new(RawPixels, RawPixels, RawPixels),
            },
            License = WithTerms($"MIT (Microsoft, package Microsoft.ML.DnnImageFeaturizer.{name})"),
            Package = new(
                $"Microsoft.ML.DnnImageFeaturizer.{name}",
                $"DnnImageModels/{name}Onnx/{name}.onnx",
                "DnnImageModels/ResNetPrepOnnx/ResNetPreprocess.onnx")
            {
                PreprocessingHash = preprocessingHash,
            },
        };
    }
}
