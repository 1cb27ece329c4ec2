using System.Text.Json;
using System.Text.Json.Serialization;
using ResNet.MLNet;

namespace ResNet.Training;

/// <summary>In what numbers the convolutions compute; weights, batch norm and loss are always float32.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrainingPrecision>))]
public enum TrainingPrecision
{
    /// <summary>bfloat16 where the device computes faster with it (CUDA; x86 processors with AVX512-BF16 or AMX), else float32.</summary>
    Auto,

    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>bfloat16: 8 bits of fraction, the range of float32.</summary>
    BFloat16,
}

/// <summary>How much the classes count in the loss.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ClassWeighting>))]
public enum ClassWeighting
{
    /// <summary>Every image counts alike.</summary>
    None,

    /// <summary>Every class counts alike: an image counts by images / (classes * images of its class).</summary>
    Balanced,
}

/// <summary>Everything that decides what a network learns from its data. The same recipe, data and machine give the same bits.</summary>
public sealed record TrainingRecipe
{
    private readonly int _epochs = 30, _batchSize = 128, _accumulation = 1;
    private readonly double _learningRate = 0.1;

    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>How often every image is shown: from 1; default 30.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int Epochs { get => _epochs; init => _epochs = Positive(value, nameof(Epochs)); }

    /// <summary>Images of one step: from 1; default 128 (He et al. 2015, section 4.2).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int BatchSize { get => _batchSize; init => _batchSize = Positive(value, nameof(BatchSize)); }

    /// <summary>The learning rate, which the schedule multiplies: above 0; default 0.1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public double LearningRate { get => _learningRate; init => _learningRate = Positive(value, nameof(LearningRate)); }

    /// <summary>How the learning rate goes through the run. Default: <see cref="LearningRateSchedule.OneCycle"/>.</summary>
    public LearningRateSchedule Schedule { get; init; } = new LearningRateSchedule.OneCycle();

    /// <summary>How gradients become steps. Default: SGD with momentum 0.9 (section 3.4).</summary>
    public Optimizer Optimizer { get; init; } = new Optimizer.Sgd();

    /// <summary>Weight decay; default 1e-4 (section 3.4).</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Whether the parameters of batch norm and biases decay, too. Default: true, as in the paper and PyTorch; newer recipes leave them out.</summary>
    public bool DecayAll { get; init; } = true;

    /// <summary>How much of the target is spread over all classes: 0 (default) to 1.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Whether rare classes count for more in the loss. Default: no.</summary>
    public ClassWeighting ClassWeighting { get; init; }

    /// <summary>
    /// In how many parts a step's batch is worked on, from 1 (default), for batches that do not fit in memory. The gradient is the whole batch's; batch norm sees a part at a time.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int Accumulation { get => _accumulation; init => _accumulation = Positive(value, nameof(Accumulation)); }

    /// <summary>The greatest norm that the gradient of a step may have; longer ones are shortened. Default: null, any.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>
    /// How much of an exponential moving average of the weights stays at each step, such as 0.999. The averaged network is the one that is judged and exported. Default: null, no average.
    /// </summary>
    public double? AverageDecay { get; init; }

    /// <summary>How training images are varied. Default: pad, crop, flip.</summary>
    public Augmentation Augmentation { get; init; } = new Augmentation.PadCropFlip();

    /// <summary>How the images of a batch are mixed with each other. Default: null, not at all.</summary>
    public Mixing? Mixing { get; init; }

    /// <summary>How a network that has learned something else is taught these classes. Default: null: all of it is trained alike.</summary>
    public FineTuning? FineTuning { get; init; }

    /// <summary>How images become the network's input. Default: 32x32 pixels.</summary>
    public ImagePreprocessing Preprocessing { get; init; } = ImagePreprocessing.Small(32);

    /// <summary>In what numbers the convolutions compute. Default: what is fastest on the device.</summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>Seed of the first weights, the order of the images and their variation. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// What is sensible for a network and a number of images: 32x32 pixels, pad-crop-flip and batches of up to 128 for the CIFAR networks; 224x224, random
    /// resized crops and batches of up to 32 for the others. Fewer images make smaller batches (down to 8), for about 100 steps an epoch, and batches below 64 a
    /// learning rate in proportion.
    /// </summary>
    /// <param name="architecture">The network.</param>
    /// <param name="images">The number of training images.</param>
    public static TrainingRecipe For(ResNetArchitecture architecture, int images)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var small = architecture.Stem == StemKind.Cifar;
        var batch = Math.Clamp(images / 100, 8, small ? 128 : 32);
        return new()
        {
            BatchSize = batch,
            LearningRate = 0.1 * Math.Min(1, batch / 64.0),
            Preprocessing = ImagePreprocessing.For(architecture),
            Augmentation = small ? new Augmentation.PadCropFlip() : new Augmentation.RandomResizedCrop(),
        };
    }

    /// <summary>The recipe as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);

    private static T Positive<T>(T value, string name)
        where T : System.Numerics.INumber<T> => value > T.Zero ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be above 0.");
}
