namespace ResNet.MLNet;

/// <summary>What an image may cost; checked before memory is taken.</summary>
/// <param name="MaximumPixels">The largest image that is decoded, in pixels.</param>
/// <param name="MaximumFileBytes">The longest file that is read, in bytes.</param>
internal sealed record ImageLimits(long MaximumPixels, long MaximumFileBytes)
{
    /// <summary>A quarter of a gigabyte of RGB, Pillow's limit.</summary>
    public const long DefaultMaximumPixels = 178_956_970;

    /// <summary>256 MiB: twice a photograph of 40 megapixels without any compression.</summary>
    public const long DefaultMaximumFileBytes = 256 << 20;

    /// <summary>The limits where nothing else is said.</summary>
    public static ImageLimits Standard { get; } = new(DefaultMaximumPixels, DefaultMaximumFileBytes);

    /// <summary>Refuses an image by its size.</summary>
    /// <exception cref="InvalidImageException">It is too large, or has no pixels.</exception>
    public void CheckPixels(int width, int height)
    {
        if (width < 1 || height < 1) throw new InvalidImageException($"The image says that it has {width} x {height} pixels.");
        if ((long)width * height <= MaximumPixels) return;
        throw new InvalidImageException(
            $"The image says that it has {width:N0} x {height:N0} pixels; the limit is {MaximumPixels:N0}. " +
            $"Raise {nameof(MaximumPixels)} if this is its size.")
        {
            IsTooLarge = true,
        };
    }

    /// <summary>Refuses a file by its length.</summary>
    /// <exception cref="InvalidImageException">It is too long.</exception>
    public void CheckFile(long bytes)
    {
        if (bytes <= Math.Min(MaximumFileBytes, Array.MaxLength)) return;
        throw new InvalidImageException(
            $"The file has {bytes:N0} bytes; the limit is {MaximumFileBytes:N0}. " +
            $"Raise {nameof(MaximumFileBytes)} if all of it is an image.")
        {
            IsTooLarge = true,
        };
    }
}
