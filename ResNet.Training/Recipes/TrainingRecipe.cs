using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ResNet.Training;

/// <summary>
/// Everything that decides what a network learns from its data. The same recipe, data and machine give the same bits on a CPU; on a GPU
/// nearly so (docs/gpu.md).
/// </summary>
public sealed partial record TrainingRecipe
{
    internal static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(), // Also where JSON by reflection is off, as in applications of one file.
    };

    /// <summary>How often every image is shown: from 1; default 30. 0 with <see cref="FineTuning"/>: only the head is trained.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int Epochs { get; init => field = Guard.AtLeast(value, 0); } = 30;

    /// <summary>Images of one step: from 1; default 128 (He et al. 2015, section 4.2).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int BatchSize { get; init => field = Guard.AtLeast(value, 1); } = 128;

    /// <summary>The learning rate, which the schedule multiplies: above 0; default 0.1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public double LearningRate { get; init => field = Guard.Above(value, 0); } = 0.1;

    /// <summary>How the learning rate changes over the run. Default: <see cref="LearningRateSchedule.OneCycle"/>.</summary>
    public LearningRateSchedule Schedule { get; init => field = Guard.NotNull(value); } = new LearningRateSchedule.OneCycle();

    /// <summary>How gradients become steps. Default: SGD with momentum 0.9 (section 3.4).</summary>
    public Optimizer Optimizer { get; init => field = Guard.NotNull(value); } = new Optimizer.Sgd();

    /// <summary>Weight decay: from 0; default 1e-4 (section 3.4).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public double WeightDecay { get; init => field = Guard.AtLeast(value, 0); } = 1e-4;

    /// <summary>
    /// Whether the parameters of batch norm and biases decay, too. Default: true, as in the paper and PyTorch; newer recipes leave them
    /// out.
    /// </summary>
    [JsonPropertyName("decayAll")]
    public bool DecayNormAndBias { get; init; } = true;

    /// <summary>How much of the target is spread over all classes: from 0 (default) up to, but without, 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    public double LabelSmoothing { get; init => field = Guard.Share(value); }

    /// <summary>Whether rare classes count for more in the loss. Default: no.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value.</exception>
    public ClassWeighting ClassWeighting { get; init => field = Guard.Defined(value); }

    /// <summary>
    /// In how many parts a step's batch is computed, from 1 (default), for batches that do not fit in memory. The gradient is the whole
    /// batch's; batch norm sees a part at a time.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    [JsonPropertyName("accumulation")]
    public int GradientAccumulation { get; init => field = Guard.AtLeast(value, 1); } = 1;

    /// <summary>The greatest norm that the gradient of a step may have; longer ones are shortened: above 0. Default: null, any.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public double? ClipNorm { get; init => field = value is null ? null : Guard.Above(value.Value, 0); }

    /// <summary>
    /// How much of an exponential moving average of the weights stays at each step, such as 0.999: from 0 up to, but without, 1. The
    /// averaged network is the one that is validated and exported. Default: null, no average.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    [JsonPropertyName("averageDecay")]
    public double? EmaDecay { get; init => field = value is null ? null : Guard.Share(value.Value); }

    /// <summary>How training images are varied. Default: pad, crop, flip.</summary>
    public Augmentation Augmentation { get; init => field = Guard.NotNull(value); } = new Augmentation.PadCropFlip();

    /// <summary>How the images of a batch are mixed with each other. Default: null, not at all.</summary>
    public Mixing? Mixing { get; init; }

    /// <summary>How a trained network is fine-tuned for these classes. Default: null: all of it is trained alike.</summary>
    public FineTuning? FineTuning { get; init; }

    /// <summary>
    /// Epochs that may pass without a better one on the validation images before the run ends, from 1. Default: null, it never ends early.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int? Patience { get; init => field = value is null ? null : Guard.AtLeast(value.Value, 1); }

    /// <summary>Which epoch's network the run keeps. Default: the best on the validation images.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value.</exception>
    public KeptEpoch Keep { get; init => field = Guard.Defined(value); }

    /// <summary>
    /// How images become the network's input, without a mean image (<see cref="PerPixelMean"/>). Default: 32x32 pixels.
    /// <see cref="WithPreprocessing"/> takes that of a trained network, whichever it is.
    /// </summary>
    /// <exception cref="ArgumentException">It has a mean image, or channels as blue, green, red.</exception>
    public ImagePreprocessing Preprocessing { get; init => field = Checked(value); } = ImagePreprocessing.Small(32);

    /// <summary>
    /// Whether a mean image is subtracted in place of a mean for each channel (He et al. 2015, sections 3.4 and 4.2): that of the network
    /// that the run starts from, else the mean of the training images, each resized and cropped as when the network is used. The run
    /// computes it first, and the model file's card keeps it (<see cref="ImagePreprocessing.MeanImage"/>). Default: false.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // Checkpoints of runs without it go on.
    public bool PerPixelMean { get; init; }

    /// <summary>The number format that convolutions compute in. Default: the fastest on the device.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value.</exception>
    public TrainingPrecision Precision { get; init => field = Guard.Defined(value); }

    /// <summary>Seed of the first weights, the order of the images and their variation. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>Reads a recipe, such as the <c>recipe.json</c> that a run writes.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a recipe; the message names the file and says what is wrong.</exception>
    public static TrainingRecipe Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var json = RegularFile.ReadAllText(path);
            return JsonSerializer.Deserialize<TrainingRecipe>(json, Format) ?? throw new JsonException("it is null");
        }
        catch (Exception problem) when (problem is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}' is not a recipe: {problem.Message}", problem);
        }
    }

    /// <summary>
    /// This recipe with the preprocessing of a trained network: with <see cref="PerPixelMean"/> if that has a mean image, else without.
    /// </summary>
    /// <param name="preprocessing">How the network was trained to see its images.</param>
    /// <exception cref="ArgumentException">It has channels as blue, green, red.</exception>
    public TrainingRecipe WithPreprocessing(ImagePreprocessing preprocessing)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        return this with
        {
            Preprocessing = preprocessing with { MeanImage = null },
            PerPixelMean = preprocessing.MeanImage is not null,
        };
    }

    /// <summary>
    /// This recipe with another number of epochs. 0 of a recipe that fine-tunes leaves the new head, and that learns from the center of
    /// each image alone, which is the fastest (<see cref="Head"/>).
    /// </summary>
    /// <param name="epochs">How often every image is shown, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public TrainingRecipe WithEpochs(int epochs) => this with
    {
        Epochs = epochs,
        FineTuning = epochs == 0 && FineTuning is { } tuning ? tuning with { HeadCrops = 0, HeadMirrors = false } : FineTuning,
    };

    /// <summary>
    /// This recipe without mirror images, for images whose left and right differ (letters, road signs).
    /// </summary>
    public TrainingRecipe WithoutFlip() => this with
    {
        Augmentation = Augmentation.WithoutFlip(),
        FineTuning = FineTuning is { } tuning ? tuning with { HeadMirrors = false } : null,
    };

    /// <summary>The recipe as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);

    private static ImagePreprocessing Checked(ImagePreprocessing preprocessing)
    {
        Guard.NotNull(preprocessing, nameof(Preprocessing));
        if (preprocessing.MeanImage is not null)
        {
            throw new ArgumentException(
                $"A recipe does not hold a mean image. Set {nameof(PerPixelMean)}, and {nameof(ImagePreprocessing.MeanImage)} = null: " +
                $"the run takes that of the network that it starts from, else it computes one. {nameof(WithPreprocessing)} does so.",
                nameof(preprocessing));
        }

        if (preprocessing.ChannelOrder == ChannelOrder.Rgb) return preprocessing;
        throw new ArgumentException(
            $"Networks are trained on red, green, blue, not on {preprocessing.ChannelOrder}.", nameof(preprocessing));
    }
}
