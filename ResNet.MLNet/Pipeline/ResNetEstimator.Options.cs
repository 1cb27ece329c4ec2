using Microsoft.ML.Data;

namespace ResNet.MLNet;

public sealed partial class ResNetEstimator
{
    /// <summary>Which ResNet is applied to a column of images, and how. Only <see cref="Model"/> is required.</summary>
    public sealed record Options
    {
        /// <summary>
        /// The model file (.onnx), or the name of published weights (<see cref="PretrainedResNet.All"/>), which <see cref="ModelStore"/>
        /// fetches if this machine does not have them yet.
        /// </summary>
        public required string Model { get; init; }

        /// <summary>The column that is made: a vector of float. Default: Features.</summary>
        public string OutputColumnName { get; init; } = "Features";

        /// <summary>
        /// The column of images: text (a path), a vector of bytes (an encoded image) or <see cref="MLImage"/>. Default: null, that is the
        /// one of ImagePath, Image and ImageBytes that is there, else <see cref="OutputColumnName"/>.
        /// </summary>
        public string? InputColumnName { get; init; }

        /// <summary>What the column holds. Default: features.</summary>
        public ResNetOutput Output { get; init; }

        /// <summary>
        /// A second column that is made: the class with the highest score, as a key whose values are the labels. Default: null, none.
        /// </summary>
        /// <remarks>
        /// It needs <see cref="Output"/> to be logits or probabilities. Its values are the labels in the model's card, or the numbers of
        /// the classes if the card has none. Of a network of several labels an image (<see cref="ModelCard.Thresholds"/>) it is a vector of
        /// text: the labels that reach their thresholds, the most probable first.
        /// </remarks>
        public string? PredictedLabelColumnName { get; init; }

        /// <summary>The folder that relative paths start from. Default: null, the current folder.</summary>
        public string? ImageFolder { get; init; }

        /// <summary>
        /// How images are prepared; required for an ONNX file without a model card. Default: null, as the model's card says. What the graph
        /// of a file with a card does itself (mean, standard deviation, channel order) stays as that says.
        /// </summary>
        public ImagePreprocessing? Preprocessing { get; init; }

        /// <summary>What happens to a row whose image cannot be read. Default: throw.</summary>
        public BadImagePolicy OnBadImage { get; init; }

        /// <summary>
        /// The largest image that is decoded, in pixels, from 1; checked before memory is taken. Default: 178,956,970, as Pillow.
        /// </summary>
        public long MaximumPixels { get; init; } = ImageLimits.DefaultMaximumPixels;

        /// <summary>The longest image file that is read, in bytes, from 1. Default: 256 MiB.</summary>
        public long MaximumFileBytes { get; init; } = ImageLimits.DefaultMaximumFileBytes;

        /// <summary>How many images are worked on at a time, from 1. Default: null, the number of processors.</summary>
        public int? DegreeOfParallelism { get; init; }

        /// <summary>
        /// Images of one run of the network while a pass reads many rows, from 1. Default: null, that is 1 on a CPU, where more are no
        /// faster and only take memory, and 16 on a GPU.
        /// </summary>
        public int? BatchSize { get; init; }

        /// <summary>The CUDA device to run on, from 0. Default: null, the MLContext's, else the CPU.</summary>
        public int? GpuDeviceId { get; init; }

        /// <summary>
        /// Whether to run on the CPU if the CUDA device cannot be used. Default: null, the MLContext's setting, else false.
        /// </summary>
        public bool? FallbackToCpu { get; init; }

        /// <summary>How the network is applied, whichever it is and wherever it runs.</summary>
        internal ScoringOptions Scoring => new()
        {
            OutputColumnName = OutputColumnName,
            InputColumnName = InputColumnName,
            Output = Output,
            PredictedLabelColumnName = PredictedLabelColumnName,
            ImageFolder = ImageFolder,
            OnBadImage = OnBadImage,
            MaximumPixels = MaximumPixels,
            MaximumFileBytes = MaximumFileBytes == ImageLimits.DefaultMaximumFileBytes ? null : MaximumFileBytes,
            Preprocessing = Preprocessing,
            DegreeOfParallelism = DegreeOfParallelism,
            BatchSize = BatchSize,
        };
    }
}
