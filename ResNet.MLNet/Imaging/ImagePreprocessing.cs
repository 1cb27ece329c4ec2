using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>
/// How an image becomes the network's input: resize, cut out the center, and (inside the model file) subtract the mean and divide by the
/// standard deviation. torchvision's Resize, CenterCrop, ToTensor, Normalize.
/// </summary>
public sealed record ImagePreprocessing
{
    internal const int LargestResize = 16384, LargestCrop = 4096;

    private readonly int? _resize = 256;
    private readonly int _crop = 224;

    /// <summary>torchvision's ImageNet preprocessing: 256, 224, bilinear.</summary>
    public static ImagePreprocessing ImageNet { get; } = new();

    /// <summary>The preprocessing of torchvision's second generation of ImageNet weights: 232, 224, bilinear.</summary>
    public static ImagePreprocessing ImageNetV2 { get; } = new() { Resize = 232 };

    /// <summary>
    /// Length of the shorter side after resizing, in pixels (1 to 16384); the longer side follows, rounded down as in torchvision. Null:
    /// the image keeps its size. Default: 256.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)] // An entry that is not there means the default.
    public int? Resize { get => _resize; init => _resize = value is { } size ? CheckSize(size, LargestResize, nameof(Resize)) : null; }

    /// <summary>
    /// Whether both sides are resized to <see cref="Resize"/> (<see cref="Crop"/> if that is null), whatever the image's proportions:
    /// torchvision's Resize((256, 256)). Default: false.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Squash { get; init; }

    /// <summary>
    /// Height and width of the square that is cut out of the center, in pixels (1 to 4096, for which a ResNet-18 takes some 4 GB). An image
    /// that is smaller is padded with black, as in torchvision. Default: 224.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int Crop { get => _crop; init => _crop = CheckSize(value, LargestCrop, nameof(Crop)); }

    /// <summary>The filter for resizing. Default: bilinear.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such filter.</exception>
    public Interpolation Interpolation { get; init => field = Guard.Defined(value); } = Interpolation.Bilinear;

    /// <summary>The value that is subtracted from each channel, where pixels are 0 to 1. Default: ImageNet's 0.485, 0.456, 0.406.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is not finite.</exception>
    public Rgb Mean { get; init => field = CheckColor(value, nameof(Mean), float.IsFinite, "finite"); } = new(0.485f, 0.456f, 0.406f);

    /// <summary>
    /// What is subtracted from each pixel in place of <see cref="Mean"/>, of <see cref="Crop"/> x <see cref="Crop"/> pixels. Default: null,
    /// <see cref="Mean"/> is subtracted. <see cref="WithMeanImage"/> sets both.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MeanImage? MeanImage { get; init; }

    /// <summary>
    /// The value that each channel is divided by, where pixels are 0 to 1: above 0. Default: ImageNet's 0.229, 0.224, 0.225.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is not above 0, or not finite.</exception>
    public Rgb Std { get; init => field = CheckColor(value, nameof(Std), IsScale, "above 0 and finite"); } = new(0.229f, 0.224f, 0.225f);

    /// <summary>
    /// The order in which an ONNX graph from elsewhere takes the channels. Mean, mean image and standard deviation are red, green, blue
    /// whatever it is. This project's networks take red, green, blue only. Default: that.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such order.</exception>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ChannelOrder ChannelOrder { get; init => field = Guard.Defined(value); }

    /// <summary>
    /// Whether the orientation that a camera noted in the file (EXIF) is applied. Default: true; torchvision's loader ignores it.
    /// </summary>
    public bool ApplyExifOrientation { get; init; } = true;

    /// <summary>
    /// The usual preprocessing for a network: 32x32 pixels for the CIFAR networks, torchvision's ImageNet preprocessing for the others.
    /// </summary>
    /// <param name="architecture">The network.</param>
    public static ImagePreprocessing For(ResNetArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return architecture.Stem == StemKind.Cifar ? Small(32) : ImageNet;
    }

    /// <summary>
    /// Preprocessing for images of one small size (CIFAR, Fashion-MNIST): the shorter side is resized to it and the square cut out.
    /// </summary>
    /// <param name="size">Height and width in pixels (1 to 4096).</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    public static ImagePreprocessing Small(int size) => new() { Resize = size, Crop = size };

    /// <summary>This preprocessing with a mean image, and <see cref="Mean"/> as the means of its channels.</summary>
    /// <param name="image">The mean image; null for none, which leaves <see cref="Mean"/> as it is.</param>
    public ImagePreprocessing WithMeanImage(MeanImage? image) =>
        this with { MeanImage = image, Mean = image?.ChannelMeans ?? Mean };

    /// <summary>
    /// Checks that images are of the size that a network takes: a mean image, or an export from elsewhere, fixes it. Zero stands for a free
    /// one.
    /// </summary>
    /// <exception cref="InvalidDataException">They are not.</exception>
    internal void EnsureFitsInput(long height, long width)
    {
        if ((height <= 0 || height == Crop) && (width <= 0 || width == Crop)) return;
        throw new InvalidDataException(
            $"The model takes images of {height} x {width} pixels only, but the preprocessing crops to {Crop}. Set Crop to fit.");
    }

    /// <summary>What is wrong with the mean image; null if nothing is. Its size is not known to fit before all is set.</summary>
    internal string? FindMeanImageProblem() => MeanImage is null || MeanImage.Size == Crop
        ? null
        : $"The mean image has {MeanImage}, but {nameof(Crop)} is {Crop}. Give one of that size, or set {nameof(MeanImage)} = null to " +
          $"subtract {nameof(Mean)}.";

    // The reciprocal of what is smaller is not finite.
    private static bool IsScale(float value) => float.IsFinite(value) && value > 0 && float.IsFinite(1 / value);

    private static Rgb CheckColor(Rgb value, string name, Func<float, bool> isUsable, string range) =>
        isUsable(value.R) && isUsable(value.G) && isUsable(value.B)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range} for each channel.");

    private static int CheckSize(int value, int most, string name) => value >= 1 && value <= most
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"{name} must be 1 to {most} pixels.");
}

/// <summary>A value for each color channel.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
public readonly record struct Rgb(float R, float G, float B);
