using Microsoft.ML.Transforms;
using ResNet.MLNet;

namespace Microsoft.ML;

/// <summary>Residual networks in <c>mlContext.Transforms</c>.</summary>
public static class ResNetCatalog
{
    /// <summary>Runs a ResNet-18, 11.7 million parameters, 512 features: the fastest.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">
    /// The column of images: text (a path), a vector of bytes (an encoded image) or MLImage. Null (default): the one of ImagePath, Image and ImageBytes that is
    /// there, else <paramref name="outputColumnName"/>.
    /// </param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="weights">
    /// A model file of this network, or the name of published weights (<see cref="PretrainedResNet.All"/>). Null (default): torchvision's IMAGENET1K_V1. Published
    /// weights are fetched on first use and kept (<see cref="ModelStore"/>).
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device to run on; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.</param>
    /// <exception cref="FileNotFoundException">There is neither such a file nor such an entry.</exception>
    /// <exception cref="InvalidDataException">It is no ResNet's model file.</exception>
    /// <exception cref="ArgumentException">The weights are of another network.</exception>
    /// <exception cref="IOException">The weights are not here and cannot be fetched; the message says which file from which address to put where.</exception>
    public static ResNetEstimator ApplyResNet18(
        this TransformsCatalog catalog, string outputColumnName = "Features", string? inputColumnName = null, ResNetOutput output = ResNetOutput.Features,
        string? weights = null, int? gpuDeviceId = null, bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet18, outputColumnName, inputColumnName, output, weights, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-34, 21.8 million parameters, 512 features.</summary>
    /// <inheritdoc cref="ApplyResNet18" path="/param|/exception"/>
    public static ResNetEstimator ApplyResNet34(
        this TransformsCatalog catalog, string outputColumnName = "Features", string? inputColumnName = null, ResNetOutput output = ResNetOutput.Features,
        string? weights = null, int? gpuDeviceId = null, bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet34, outputColumnName, inputColumnName, output, weights, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-50, 25.6 million parameters, 2048 features: the usual choice.</summary>
    /// <inheritdoc cref="ApplyResNet18" path="/param|/exception"/>
    public static ResNetEstimator ApplyResNet50(
        this TransformsCatalog catalog, string outputColumnName = "Features", string? inputColumnName = null, ResNetOutput output = ResNetOutput.Features,
        string? weights = null, int? gpuDeviceId = null, bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet50, outputColumnName, inputColumnName, output, weights, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-101, 44.5 million parameters, 2048 features.</summary>
    /// <inheritdoc cref="ApplyResNet18" path="/param|/exception"/>
    public static ResNetEstimator ApplyResNet101(
        this TransformsCatalog catalog, string outputColumnName = "Features", string? inputColumnName = null, ResNetOutput output = ResNetOutput.Features,
        string? weights = null, int? gpuDeviceId = null, bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet101, outputColumnName, inputColumnName, output, weights, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet-152, 60.2 million parameters, 2048 features: the most accurate.</summary>
    /// <inheritdoc cref="ApplyResNet18" path="/param|/exception"/>
    public static ResNetEstimator ApplyResNet152(
        this TransformsCatalog catalog, string outputColumnName = "Features", string? inputColumnName = null, ResNetOutput output = ResNetOutput.Features,
        string? weights = null, int? gpuDeviceId = null, bool? fallbackToCpu = null) =>
        catalog.Apply(ResNetArchitecture.ResNet152, outputColumnName, inputColumnName, output, weights, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet on a column of images.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float.</param>
    /// <param name="inputColumnName">
    /// The column of images: text (a path), a vector of bytes (an encoded image) or MLImage. Null: the one of ImagePath, Image and ImageBytes that is
    /// there, else <paramref name="outputColumnName"/>.
    /// </param>
    /// <param name="modelFile">The model file (.onnx), or the name of published weights (<see cref="PretrainedResNet.All"/>).</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="predictedLabelColumnName">A second column that is made: the best class as a key with the labels as values. Null: none.</param>
    /// <param name="gpuDeviceId">The CUDA device to run on; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.</param>
    /// <exception cref="FileNotFoundException">There is no such model file.</exception>
    /// <exception cref="InvalidDataException">It is no ResNet's model file.</exception>
    public static ResNetEstimator ApplyResNet(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName, string modelFile, ResNetOutput output = ResNetOutput.Features,
        string? predictedLabelColumnName = null, int? gpuDeviceId = null, bool? fallbackToCpu = null) => catalog.ApplyResNet(new ResNetOptions
        {
            ModelFile = modelFile,
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Output = output,
            PredictedLabelColumnName = predictedLabelColumnName,
            GpuDeviceId = gpuDeviceId,
            FallbackToCpu = fallbackToCpu,
        });

    /// <summary>Runs a ResNet on a column of images.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="options">The model file and how it is applied.</param>
    /// <inheritdoc cref="ApplyResNet(TransformsCatalog, string, string, string, ResNetOutput, string, int?, bool?)" path="/exception"/>
    public static ResNetEstimator ApplyResNet(this TransformsCatalog catalog, ResNetOptions options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(MLNetInternals.EnvironmentOf(catalog), options);
    }

    /// <summary>
    /// Makes keys of a column of label texts, numbered as a model file numbers its classes. ML.NET's evaluators compare key numbers, so labels
    /// that are to be held against a model's predictions need the model's numbers, whatever order the data is in.
    /// </summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="modelFile">The model file, which has to know its labels.</param>
    /// <param name="outputColumnName">The column of keys that is made.</param>
    /// <param name="inputColumnName">The column of texts; null (default) for the same name.</param>
    /// <exception cref="InvalidDataException">The model file does not know its labels.</exception>
    public static ValueToKeyMappingEstimator MapResNetLabels(
        this TransformsCatalog catalog, string modelFile, string outputColumnName = "Label", string? inputColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        using var model = ResNetModel.Open(ModelStore.Default.Find(modelFile));
        var labels = model.Labels ?? throw new InvalidDataException($"'{modelFile}' does not know the names of its classes.");
        var keys = MLNetInternals.CreateDataView(MLNetInternals.EnvironmentOf(catalog), labels.Select(label => new LabelRow { Label = label }));
        return catalog.Conversion.MapValueToKey(outputColumnName, inputColumnName, keyData: keys);
    }

    private static ResNetEstimator Apply(
        this TransformsCatalog catalog, ResNetArchitecture architecture, string outputColumnName, string? inputColumnName, ResNetOutput output, string? weights, int? gpuDeviceId, bool? fallbackToCpu)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var options = new ResNetOptions
        {
            ModelFile = weights ?? architecture.Name,
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Output = output,
            GpuDeviceId = gpuDeviceId,
            FallbackToCpu = fallbackToCpu,
        };
        return new(MLNetInternals.EnvironmentOf(catalog), options, architecture);
    }

    private sealed class LabelRow
    {
        public string Label { get; set; } = "";
    }
}
