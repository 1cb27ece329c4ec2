namespace ResNet.MLNet;

/// <summary>A NuGet package that brings a network's graph into the output folder of an application.</summary>
/// <param name="Id">The package, such as <c>Microsoft.ML.DnnImageFeaturizer.ResNet18</c>.</param>
/// <param name="GraphFile">The ONNX graph, relative to the folder that it is found in.</param>
/// <param name="PreprocessingFile">The ONNX graph that prepares images for it.</param>
public sealed record WeightsPackage(string Id, string GraphFile, string PreprocessingFile)
{
    /// <summary>The SHA-256 of <see cref="PreprocessingFile"/>; empty if it is not known.</summary>
    internal string PreprocessingHash { get; init; } = "";
}
