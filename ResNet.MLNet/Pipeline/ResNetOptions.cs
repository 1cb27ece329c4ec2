namespace ResNet.MLNet;

/// <summary>What becomes of a row whose image cannot be read.</summary>
public enum BadImagePolicy
{
    /// <summary>An <see cref="InvalidImageException"/> that names row and file ends the pass.</summary>
    Throw,

    /// <summary>
    /// The row's vector is NaN and its predicted label missing; the pass goes on, and the log gets the number and the first names of such images.
    /// </summary>
    Mark,
}

/// <summary>How a ResNet is applied to a column of images. Only <see cref="ModelFile"/> is required.</summary>
public sealed record ResNetOptions
{
    /// <summary>
    /// The model file (.onnx), or the name of published weights (<see cref="PretrainedResNet.All"/>), which <see cref="ModelStore"/> fetches if they are not here yet.
    /// </summary>
    public required string ModelFile { get; init; }

    /// <summary>The column that is made: a vector of float. Default: Features.</summary>
    public string OutputColumnName { get; init; } = "Features";

    /// <summary>
    /// The column of images: text (a path), a vector of bytes (an encoded image) or <see cref="Microsoft.ML.Data.MLImage"/>. Default: null, that is the one of
    /// ImagePath, Image and ImageBytes that is there, else <see cref="OutputColumnName"/>.
    /// </summary>
    public string? InputColumnName { get; init; }

    /// <summary>What the column holds. Default: features.</summary>
    public ResNetOutput Output { get; init; }

    /// <summary>A second column that is made: the class with the highest score, as a key whose values are the labels. Default: null, none.</summary>
    /// <remarks>It needs <see cref="Output"/> to be logits or probabilities, and a model file that knows its labels.</remarks>
    public string? PredictedLabelColumnName { get; init; }

    /// <summary>The folder that relative paths start from. Default: null, the current folder.</summary>
    public string? ImageFolder { get; init; }

    /// <summary>How images are prepared, for a model file from elsewhere. Default: null, as the model file says.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>What becomes of a row whose image cannot be read. Default: throw.</summary>
    public BadImagePolicy OnBadImage { get; init; }

    /// <summary>The largest image that is decoded, in pixels; checked before memory is taken. Default: 178,956,970, as Pillow.</summary>
    public long MaximumPixels { get; init; } = ImageDecoder.DefaultMaximumPixels;

    /// <summary>How many images are worked on at a time, from 1. Default: null, the number of processors.</summary>
    public int? DegreeOfParallelism { get; init; }

    /// <summary>
    /// Images of one run of the network while a pass reads many rows, from 1. Default: null, that is 1 on a CPU, where more are no faster and only take memory, and 16 on a GPU.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>The CUDA device to run on. Default: null, what the MLContext says, else the CPU.</summary>
    public int? GpuDeviceId { get; init; }

    /// <summary>Whether to run on the CPU if the CUDA device cannot be used. Default: null, what the MLContext says, else false.</summary>
    public bool? FallbackToCpu { get; init; }
}
