namespace ResNet.MLNet;

/// <summary>A rectangle of pixels.</summary>
internal readonly record struct PixelBox(int Left, int Top, int Width, int Height);

/// <summary>The part of an image that is wanted.</summary>
/// <param name="Box">Where it is in the upright image.</param>
/// <param name="MinimumSide">
/// Where it will be made smaller anyway: the decoder may give it smaller than it is, but neither side smaller than this. Null: every pixel
/// is wanted.
/// </param>
internal readonly record struct ImageRegion(PixelBox Box, int? MinimumSide = null)
{
    public static ImageRegion Whole(int width, int height) => new(new(0, 0, width, height));
}

/// <summary>Chooses the part of an image when its size is known and its pixels are not yet decoded.</summary>
/// <param name="width">Width of the upright image.</param>
/// <param name="height">Height of the upright image.</param>
internal delegate ImageRegion RegionChooser(int width, int height);
