using Microsoft.ML.Data;

namespace ResNet.MLNet.Interactive;

/// <summary>An image with what is written below it.</summary>
public sealed class Picture
{
    /// <summary>An image in a file.</summary>
    /// <param name="path">The file: JPEG, PNG, BMP, GIF or WebP.</param>
    /// <param name="caption">What is written below it. Default: nothing.</param>
    /// <param name="isCorrect">The color of the caption: blue for true, orange for false, gray for null (default).</param>
    public Picture(string path, string caption = "", bool? isCorrect = null)
        : this(new ImageInput(path), Path.GetFileName(path), caption) => IsCorrect = isCorrect;

    /// <summary>An image in memory.</summary>
    /// <param name="image">The image.</param>
    /// <param name="caption">What is written below it. Default: nothing.</param>
    public Picture(MLImage image, string caption = "")
        : this(new ImageInput(image), $"{(image ?? throw new ArgumentNullException(nameof(image))).Width} x {image.Height}", caption)
    {
    }

    /// <summary>What a network sees, colored by how much each place speaks for a class.</summary>
    /// <param name="map">The map (see <see cref="ResNetModel.ActivationMap(string, int?)"/>).</param>
    /// <param name="caption">What is written below it. Default: nothing.</param>
    /// <param name="isCorrect">The color of the caption: blue for true, orange for false, gray for null (default).</param>
    public Picture(ActivationMap map, string caption = "", bool? isCorrect = null)
        : this(
            new ImageInput((map ?? throw new ArgumentNullException(nameof(map))).ToJpeg()),
            $"activation map of {map.Prediction.Label}",
            caption) => IsCorrect = isCorrect;

    private Picture(ImageInput input, string name, string caption)
    {
        ArgumentNullException.ThrowIfNull(caption);
        Input = input;
        Name = name;
        Caption = caption;
    }

    /// <summary>The name of the file, or the size of the image.</summary>
    public string Name { get; }

    /// <summary>What is written below it.</summary>
    public string Caption { get; }

    /// <summary>Whether what the caption says is correct; null if that is not the question.</summary>
    public bool? IsCorrect { get; }

    internal ImageInput Input { get; }
}
