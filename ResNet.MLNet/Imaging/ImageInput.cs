using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// One image, not yet decoded, with its name for messages: the path of a file, the bytes of an encoded image, decoded pixels or an
/// <see cref="MLImage"/>. The default value has no image; decoding it throws an <see cref="InvalidImageException"/>.
/// </summary>
/// <remarks>It holds references only, never copies, so making one allocates nothing.</remarks>
internal readonly struct ImageInput
{
    /// <summary>An image file.</summary>
    /// <param name="path">Its path, which is its name in messages, too.</param>
    public ImageInput(string path) => (Path, Name) = (path, path);

    /// <summary>An encoded image.</summary>
    /// <param name="encoded">The bytes of an image file.</param>
    /// <param name="name">What it is called in messages; null (default) if it has no name.</param>
    public ImageInput(ReadOnlyMemory<byte> encoded, string? name = null) => (Encoded, Name) = (encoded, name);

    /// <summary>A decoded image.</summary>
    /// <param name="pixels">Its pixels.</param>
    /// <param name="name">What it is called in messages; null (default) if it has no name.</param>
    public ImageInput(PixelBuffer pixels, string? name = null) => (Pixels, Name) = (pixels, name);

    /// <summary>An image of ML.NET.</summary>
    /// <param name="image">The image, which must stay as it is until it is decoded.</param>
    /// <param name="name">What it is called in messages; null (default) if it has no name.</param>
    public ImageInput(MLImage image, string? name = null) => (Image, Name) = (image, name);

    /// <summary>What the image is called in messages: its path, or where it comes from; null if it has no name.</summary>
    public string? Name { get; private init; }

    /// <summary>The path of the image file; null for every other image.</summary>
    public string? Path { get; }

    /// <summary>The bytes of the encoded image; null for every other image.</summary>
    public ReadOnlyMemory<byte>? Encoded { get; }

    /// <summary>The pixels of the decoded image; null for every other image.</summary>
    public PixelBuffer? Pixels { get; }

    /// <summary>The image of ML.NET; null for every other image.</summary>
    public MLImage? Image { get; }

    /// <summary>No image, where one was expected.</summary>
    /// <param name="name">What it is called in messages.</param>
    public static ImageInput None(string? name) => new() { Name = name };

    /// <summary>An encoded image that a stream holds.</summary>
    /// <param name="stream">The stream, which is read to its end.</param>
    /// <param name="limits">How long it may be.</param>
    /// <param name="name">What it is called in messages; null (default) if it has no name.</param>
    /// <exception cref="InvalidImageException">It is too long.</exception>
    public static ImageInput Read(Stream stream, ImageLimits limits, string? name = null)
    {
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (var count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            content.Write(buffer, 0, count);
            limits.CheckFile(content.Length);
        }

        return new(content.GetBuffer().AsMemory(0, (int)content.Length), name);
    }
}
