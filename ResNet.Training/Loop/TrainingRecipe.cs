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

/// <summary>Everything that decides what a network learns from its data. The same recipe, data and machine give the same bits.</summary>
public sealed record TrainingRecipe
{
    private readonly int _epochs = 30, _batchSize = 128;
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

    /// <summary>Momentum of SGD; default 0.9 (section 3.4).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay of all parameters; default 1e-4 (section 3.4).</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>How much of the target is spread over all classes: 0 (default) to 1.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>How training images are varied. Default: pad, crop, flip.</summary>
    public Augmentation Augmentation { get; init; } = new Augmentation.PadCropFlip();

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
