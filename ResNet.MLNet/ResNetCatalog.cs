using System.Runtime.CompilerServices;
using Microsoft.ML.Transforms;
using ResNet.MLNet;

namespace Microsoft.ML;

/// <summary>Residual networks in <c>mlContext.Transforms</c>.</summary>
/// <remarks>
/// <para>
/// The column of images holds text (a path), a vector of bytes (an encoded image) or <see cref="Data.MLImage"/>. Where no name is given it
/// is the one of ImagePath, Image and ImageBytes that the data has; if it has none or several, it is the column named as the output.
/// </para>
/// <para>
/// A <c>model</c> is a model file (.onnx) or the name of published weights (<see cref="PretrainedResNet.All"/>). Published weights that
/// this machine does not have yet are downloaded in the call itself, not in <c>Fit</c>, and kept (<see cref="ModelStore"/>). The log of the
/// <see cref="MLContext"/> shows the progress; canceling the context stops the download.
/// </para>
/// </remarks>
public static partial class ResNetCatalog
{
    /// <summary>Runs a ResNet on a column of images, with the columns first, as ApplyOnnxModel takes them.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float.</param>
    /// <param name="inputColumnName">The column of images. Null: ImagePath, Image or ImageBytes.</param>
    /// <param name="model">The model file (.onnx), or the name of published weights, which are downloaded in this call if need be.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="predictedLabelColumnName">
    /// A second column that is made: the best class as a key with the labels as values. It needs logits or probabilities. Null (default):
    /// none.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="InvalidOperationException">
    /// ONNX Runtime is missing or too old (<see cref="OnnxRuntimeLibrary"/>), or the CUDA device cannot be used.
    /// </exception>
    /// <exception cref="ArgumentException">The model has no such output, or the columns do not fit it.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet(
        this TransformsCatalog catalog,
        string outputColumnName,
        string? inputColumnName,
        string model,
        ResNetOutput output = ResNetOutput.Features,
        string? predictedLabelColumnName = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.ApplyResNet(new ResNetEstimator.Options
        {
            Model = model,
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Output = output,
            PredictedLabelColumnName = predictedLabelColumnName,
            GpuDeviceId = gpuDeviceId,
            FallbackToCpu = fallbackToCpu,
        });

    /// <summary>Runs a ResNet on a column of images, with the model first and usual names for the columns.</summary>
    /// <remarks>
    /// The output stands behind the model, because three names in a row would not tell which form is meant: they are columns and model, in
    /// the order of ApplyOnnxModel.
    /// </remarks>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="model">The model file (.onnx), or the name of published weights, which are downloaded in this call if need be.</param>
    /// <param name="output">Features (default), logits or probabilities.</param>
    /// <param name="outputColumnName">The column that is made: a vector of float. Default: Features.</param>
    /// <param name="inputColumnName">The column of images. Null (default): ImagePath, Image or ImageBytes.</param>
    /// <param name="predictedLabelColumnName">
    /// A second column that is made: the best class as a key with the labels as values. It needs logits or probabilities. Null (default):
    /// none.
    /// </param>
    /// <param name="gpuDeviceId">The CUDA device; null (default) for the context's, else the CPU.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="InvalidOperationException">
    /// ONNX Runtime is missing or too old (<see cref="OnnxRuntimeLibrary"/>), or the CUDA device cannot be used.
    /// </exception>
    /// <exception cref="ArgumentException">The model has no such output, or the columns do not fit it.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    [OverloadResolutionPriority(-1)] // A call that names its arguments may fit both forms, which then mean the same.
    public static ResNetEstimator ApplyResNet(
        this TransformsCatalog catalog,
        string model,
        ResNetOutput output = ResNetOutput.Features,
        string outputColumnName = "Features",
        string? inputColumnName = null,
        string? predictedLabelColumnName = null,
        int? gpuDeviceId = null,
        bool? fallbackToCpu = null) =>
        catalog.ApplyResNet(outputColumnName, inputColumnName, model, output, predictedLabelColumnName, gpuDeviceId, fallbackToCpu);

    /// <summary>Runs a ResNet on a column of images, with all that can be set.</summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="options">The model and how it is applied.</param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a ResNet's model file.</exception>
    /// <exception cref="InvalidOperationException">
    /// ONNX Runtime is missing or too old (<see cref="OnnxRuntimeLibrary"/>), or the CUDA device cannot be used.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, the model has no such output, or the columns do not fit it.
    /// </exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ResNetEstimator ApplyResNet(this TransformsCatalog catalog, ResNetEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(MLNetInternals.EnvironmentOf(catalog), options);
    }

    /// <summary>
    /// Makes keys of a column of label texts, numbered as a model numbers its classes. ML.NET's evaluators compare key numbers, so labels
    /// that are compared with a model's predictions need the model's numbers, whatever order the data is in.
    /// </summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="model">
    /// The model file (.onnx), which has to know its labels, or the name of published weights, which are downloaded in this call if need
    /// be.
    /// </param>
    /// <param name="outputColumnName">The column of keys that is made. Default: Label.</param>
    /// <param name="inputColumnName">The column of texts; null (default) for <paramref name="outputColumnName"/>.</param>
    /// <exception cref="FileNotFoundException">There are neither such a file nor such published weights.</exception>
    /// <exception cref="InvalidDataException">It is not a model file, or it does not know its labels.</exception>
    /// <exception cref="IOException">
    /// The weights cannot be downloaded; the message names the file, its address and where to put it.
    /// </exception>
    public static ValueToKeyMappingEstimator MapResNetLabels(
        this TransformsCatalog catalog, string model, string outputColumnName = "Label", string? inputColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var labels = ModelCard.Read(ModelStore.Default.FindClassifier(model))?.Labels
            ?? throw new InvalidDataException($"'{model}' does not know the names of its classes.");
        return catalog.MapResNetLabels(labels, outputColumnName, inputColumnName);
    }

    /// <summary>
    /// Makes keys of a column of label texts, numbered as an opened model numbers its classes, such as that of a fitted transformer
    /// (<see cref="ResNetTransformer.Model"/>): its file may have been replaced since.
    /// </summary>
    /// <param name="catalog">The catalog of transforms.</param>
    /// <param name="model">The model, which has to know its labels.</param>
    /// <param name="outputColumnName">The column of keys that is made. Default: Label.</param>
    /// <param name="inputColumnName">The column of texts; null (default) for <paramref name="outputColumnName"/>.</param>
    /// <exception cref="InvalidDataException">The model does not know its labels.</exception>
    public static ValueToKeyMappingEstimator MapResNetLabels(
        this TransformsCatalog catalog, ResNetModel model, string outputColumnName = "Label", string? inputColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        var labels = model.Labels ?? throw new InvalidDataException("The model does not know the names of its classes.");
        return catalog.MapResNetLabels(labels, outputColumnName, inputColumnName);
    }

    private static ValueToKeyMappingEstimator MapResNetLabels(
        this TransformsCatalog catalog, IReadOnlyList<string> labels, string outputColumnName, string? inputColumnName)
    {
        var environment = MLNetInternals.EnvironmentOf(catalog);
        var keys = MLNetInternals.CreateDataView(environment, labels.Select(label => new LabelRow { Label = label }));
        return catalog.Conversion.MapValueToKey(outputColumnName, inputColumnName, keyData: keys);
    }

    private sealed class LabelRow
    {
        public string Label { get; set; } = "";
    }
}
