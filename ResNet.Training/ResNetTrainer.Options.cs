using Microsoft.ML.Data;

namespace ResNet.Training;

public sealed partial class ResNetTrainer
{
    /// <summary>What a ResNet is trained on, how, and what its scores are called.</summary>
    public sealed record Options
    {
        /// <summary>
        /// The column of classes: a key (as MapValueToKey makes it) or text. Rows without a class are left out. A vector of text gives an
        /// image any number of labels, or none. Default: Label.
        /// </summary>
        public string LabelColumnName { get; init; } = "Label";

        /// <summary>
        /// The letters that separate labels in a column of text, such as <c>;|</c>: an image may then have several labels, or none.
        /// Default: null, a text is one class.
        /// </summary>
        public string? LabelSeparators { get; init; }

        /// <summary>
        /// The column of images: text (a path), a vector of bytes (an encoded image) or <see cref="MLImage"/>. Default: null, that is the
        /// one of ImagePath, Image and ImageBytes that is there.
        /// </summary>
        public string? InputColumnName { get; init; }

        /// <summary>The column of scores that the transformer makes: the probability of each class, 0 to 1. Default: Score.</summary>
        public string ScoreColumnName { get; init; } = "Score";

        /// <summary>
        /// The column of the best class that the transformer makes, a key with the names of the classes; where images have several labels,
        /// a vector of text with those that reach their thresholds, the most probable first; null for none. Default: PredictedLabel.
        /// </summary>
        public string? PredictedLabelColumnName { get; init; } = "PredictedLabel";

        /// <summary>The folder that relative paths start from, in training and in scoring. Default: null, the current folder.</summary>
        public string? ImageFolder { get; init; }

        /// <summary>
        /// A trained network that is fine-tuned for these classes, the usual way where there are few images: published weights by name
        /// (<see cref="PretrainedResNet.All"/>; fetched if they are not here), a model file or a checkpoint (see
        /// <see cref="StartingPoint.Open"/>). Default: null, the best that is on this machine (<see cref="DefaultStart.Choose"/>; the log
        /// says which and why); random weights with <see cref="FromScratch"/> or an <see cref="Architecture"/>.
        /// </summary>
        public string? StartFrom { get; init; }

        /// <summary>
        /// Whether the network starts from random weights, which takes many images. Default: false. A <see cref="Recipe"/> that does not
        /// fine-tune, or an <see cref="Architecture"/> without <see cref="StartFrom"/>, means the same.
        /// </summary>
        public bool FromScratch { get; init; }

        /// <summary>
        /// A trained network that this one learns from, beside the classes of the images (<see cref="TrainingOptions.Teacher"/>): a name or
        /// a file, as for <see cref="StartFrom"/>. Default: null, none.
        /// </summary>
        public string? Teacher { get; init; }

        /// <summary>
        /// The network. Its number of classes is the data's, whatever it says. Default: null, that of <see cref="StartFrom"/>, or of what
        /// is chosen without it; from scratch a ResNet-18, for small pictures a CIFAR ResNet-20.
        /// </summary>
        public ResNetArchitecture? Architecture { get; init; }

        /// <summary>
        /// How it is trained. Default: null, <see cref="TrainingRecipe.FineTune"/> from a trained network and
        /// <see cref="TrainingRecipe.For"/> from scratch. A seed of 0 stands for the <c>MLContext</c>'s seed, or a random one if that has
        /// none.
        /// </summary>
        public TrainingRecipe? Recipe { get; init; }

        /// <summary>
        /// How often every image is shown, from 1; 0 trains a new head of a trained network only. Default: null, as the recipe
        /// says.
        /// </summary>
        public int? Epochs { get; init; }

        /// <summary>
        /// The share of each class that is split off for validation, if no validation data is given: 0 (none) up to, but without, 1.
        /// Default: 0.1.
        /// </summary>
        public double ValidationShare { get; init; } = 0.1;

        /// <summary>
        /// Where to train: <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. Default: null, the <c>MLContext</c>'s GpuDeviceId;
        /// without one the first CUDA device, else the CPU.
        /// </summary>
        public string? Device { get; init; }

        /// <summary>
        /// Receives the model file, checkpoints and metrics, so that a run can be resumed. Default: null, nothing is left. A folder holds
        /// one run: CrossValidate needs null.
        /// </summary>
        public string? OutputFolder { get; init; }

        /// <summary>
        /// What happens if that folder holds a run already. Default: an exception. To resume, the seed must be the same: pass it to
        /// <c>MLContext</c>, or set the recipe's.
        /// </summary>
        public ExistingRun IfExists { get; init; }

        /// <summary>What becomes of a row whose image cannot be read when the transformer scores it. Default: throw.</summary>
        public BadImagePolicy OnBadImage { get; init; }

        /// <summary>
        /// What happens in training when an image cannot be read. Default: it is left out, with a warning in the log that names it.
        /// </summary>
        public BadTrainingImagePolicy OnBadTrainingImage { get; init; }

        /// <summary>
        /// The largest image that is decoded, in pixels, from 1; checked before memory is taken. Default: 178,956,970, as Pillow.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
        public long MaximumPixels { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumPixels;

        /// <summary>The longest image file that is read, in bytes, from 1. Default: 256 MiB.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
        public long MaximumFileBytes { get; init => field = Guard.AtLeast(value, 1); } = ImageLimits.DefaultMaximumFileBytes;

        /// <summary>Receives the run's progress a few times a second, on the thread that calls Fit. Default: null.</summary>
        public IProgress<TrainingProgress>? Progress { get; init; }

        /// <summary>Stops training after the current step; with an <see cref="OutputFolder"/> the run can be resumed.</summary>
        public CancellationToken Cancellation { get; init; }
    }
}
