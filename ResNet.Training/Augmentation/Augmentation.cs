using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>
/// How a training image is varied each time it is shown. A result that does not have the size of the network's input is resized, and its
/// center cut out.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(CenterCrop), "none")]
[JsonDerivedType(typeof(PadCropFlip), "padCropFlip")]
[JsonDerivedType(typeof(RandomResizedCrop), "randomResizedCrop")]
[JsonDerivedType(typeof(RandomScaleCrop), "randomScaleCrop")]
[JsonDerivedType(typeof(PcaColor), "pcaColour")]
[JsonDerivedType(typeof(TrivialAugment), "trivialAugment")]
[JsonDerivedType(typeof(RandomErasing), "randomErasing")]
[JsonDerivedType(typeof(Sequence), "sequence")]
public abstract partial record Augmentation
{
    /// <summary>No variation: the image is resized and its center cut out, as when the network is used.</summary>
    public static Augmentation None { get; } = new CenterCrop();

    /// <summary>Several augmentations, one after the other.</summary>
    /// <param name="steps">The augmentations, in their order.</param>
    public static Sequence Of(params ReadOnlySpan<Augmentation> steps) => new(steps.ToArray());

    /// <summary>
    /// Reads an image, or the part of it that is used, and varies it. The result is valid until reader or canvas are used again.
    /// </summary>
    /// <exception cref="InvalidImageException">It cannot be read; the message names it.</exception>
    internal PixelBuffer Read(ImageReader reader, int index, SeededRandom random, Canvas canvas)
    {
        canvas.Placement = default;
        var part = reader.Read(index, (width, height) => ChooseRegion(width, height, ref random, canvas.Size));
        return canvas.Fit(Apply(part, ref random, canvas));
    }

    /// <summary>Chooses the part of an image that <see cref="Apply"/> works on. Default: all of it.</summary>
    /// <param name="width">The image's width in pixels.</param>
    /// <param name="height">The image's height in pixels.</param>
    /// <param name="random">The random numbers of this image.</param>
    /// <param name="size">Height and width of the network's input in pixels.</param>
    internal virtual ImageRegion ChooseRegion(int width, int height, ref SeededRandom random, int size) => ImageRegion.Whole(width, height);

    /// <summary>
    /// Varies the part of an image that was chosen. It may be changed in place; the result is the image or one of the canvas' buffers.
    /// </summary>
    internal abstract PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas);

    /// <summary>This augmentation without mirroring, for images whose left and right differ (letters, road signs).</summary>
    public virtual Augmentation WithoutFlip() => this;

    internal sealed record CenterCrop : Augmentation
    {
        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas) => canvas.CenterCrop(image);
    }
}
