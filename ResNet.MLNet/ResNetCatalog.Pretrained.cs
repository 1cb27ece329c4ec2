using ResNet.MLNet;

namespace Microsoft.ML;

/// <content>The networks of which there are published ImageNet weights (torchvision's, 1000 classes).</content>
public static partial class ResNetCatalog
{
    /// <summary>Runs a ResNet-18: 11.7 million parameters, 512 features. The fastest.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">The column of images. Null (default): ImagePath, Image or ImageBytes.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="model">
    /// A model file of a ResNet-18, or the name of published weights. Null (default): those that are here
    /// (<see cref="ModelStore.Prefer"/>), else torchvision's IMAGENET1K_V1, downloaded in this call. The log says which.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="ArgumentException">The model is another network.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet18(
        this TransformsCatalog catalog,
        string outputColumnName = "Features",
        string? inputColumnName = null,
        ResNetOutput output = ResNetOutput.Features,
        string? model = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet18, outputColumnName, inputColumnName, output, model, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-34: 21.8 million parameters, 512 features.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">The column of images. Null (default): ImagePath, Image or ImageBytes.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="model">
    /// A model file of a ResNet-34, or the name of published weights. Null (default): those that are here
    /// (<see cref="ModelStore.Prefer"/>), else torchvision's IMAGENET1K_V1, downloaded in this call. The log says which.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="ArgumentException">The model is another network.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet34(
        this TransformsCatalog catalog,
        string outputColumnName = "Features",
        string? inputColumnName = null,
        ResNetOutput output = ResNetOutput.Features,
        string? model = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet34, outputColumnName, inputColumnName, output, model, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-50: 25.6 million parameters, 2048 features. The usual choice.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">The column of images. Null (default): ImagePath, Image or ImageBytes.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="model">
    /// A model file of a ResNet-50, or the name of published weights. Null (default): those that are here
    /// (<see cref="ModelStore.Prefer"/>), else torchvision's IMAGENET1K_V1, downloaded in this call. The log says which.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="ArgumentException">The model is another network.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet50(
        this TransformsCatalog catalog,
        string outputColumnName = "Features",
        string? inputColumnName = null,
        ResNetOutput output = ResNetOutput.Features,
        string? model = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet50, outputColumnName, inputColumnName, output, model, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-101: 44.5 million parameters, 2048 features.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">The column of images. Null (default): ImagePath, Image or ImageBytes.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="model">
    /// A model file of a ResNet-101, or the name of published weights. Null (default): those that are here
    /// (<see cref="ModelStore.Prefer"/>), else torchvision's IMAGENET1K_V1, downloaded in this call. The log says which.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="ArgumentException">The model is another network.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet101(
        this TransformsCatalog catalog,
        string outputColumnName = "Features",
        string? inputColumnName = null,
        ResNetOutput output = ResNetOutput.Features,
        string? model = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet101, outputColumnName, inputColumnName, output, model, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-152: 60.2 million parameters, 2048 features. The most accurate.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">The column of images. Null (default): ImagePath, Image or ImageBytes.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="model">
    /// A model file of a ResNet-152, or the name of published weights. Null (default): those that are here
    /// (<see cref="ModelStore.Prefer"/>), else torchvision's IMAGENET1K_V1, downloaded in this call. The log says which.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="ArgumentException">The model is another network.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet152(
        this TransformsCatalog catalog,
        string outputColumnName = "Features",
        string? inputColumnName = null,
        ResNetOutput output = ResNetOutput.Features,
        string? model = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet152, outputColumnName, inputColumnName, output, model, gpuDeviceId, fallbackToCpu);

    private static ResNetEstimator Apply(
        this TransformsCatalog catalog,
        ResNetArchitecture architecture,
        string outputColumnName,
        string? inputColumnName,
        ResNetOutput output,
        string? model,
        int? gpuDeviceId,
        bool? fallbackToCpu)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var options = new ResNetEstimator.Options
        {
            Model = model ?? architecture.Name,
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Output = output,
            GpuDeviceId = gpuDeviceId,
            FallbackToCpu = fallbackToCpu,
        };
        return new(MLNetInternals.EnvironmentOf(catalog), options, architecture);
    }
}
