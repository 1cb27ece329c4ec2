using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResNet.MLNet;

/// <summary>
/// Decodes image files to pixels as Pillow's <c>Image.open(file).convert("RGB")</c> does: no color conversion, alpha dropped, the first
/// frame of an animation. Keeps its buffers for the next image, so one instance serves one thread.
/// </summary>
/// <param name="applyOrientation">Whether the orientation in the file (EXIF) is applied.</param>
/// <param name="limits">What an image may cost; null for the usual limits.</param>
internal sealed class ImageDecoder(bool applyOrientation, ImageLimits? limits = null)
{
    /// <summary>
    /// How many pixels beside a part its own depend on: color of half the resolution is interpolated with the next sample, two pixels away.
    /// </summary>
    private const int ChromaReach = 2;

    /// <summary>The formats that are read.</summary>
    private static readonly SKEncodedImageFormat[] Formats =
    [
        SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Png, SKEncodedImageFormat.Bmp, SKEncodedImageFormat.Gif, SKEncodedImageFormat.Webp,
    ];

    private readonly ImageLimits _limits = limits ?? ImageLimits.Standard;
    private readonly PixelBuffer _decoded = new(), _oriented = new();
    private readonly ImageMemory _file = new();

    /// <inheritdoc cref="ImageMemory.KeptBytes"/>
    public long KeptBytes => _decoded.KeptBytes + _oriented.KeptBytes + _file.KeptBytes;

    /// <summary>Decodes an image, or a part of it. The result is valid until the next call, and the caller may change it.</summary>
    /// <param name="image">The image. Encoded ones may be JPEG, PNG, BMP, GIF or WebP.</param>
    /// <param name="choose">Chooses the part that is decoded; null (default) for all of the image.</param>
    /// <exception cref="InvalidImageException">
    /// There is no such file or no image, it is damaged in what is read of it, or too large; the message says why and names the image.
    /// </exception>
    public PixelBuffer Decode(ImageInput image, RegionChooser? choose = null)
    {
        try
        {
            if (image.Path is { } path) return Decode(ReadFile(path), choose);
            if (image.Encoded is { } encoded) return Decode(encoded.Span, choose);
            if (image.Image is { } mlImage) CopyPixels(mlImage);
            else if (image.Pixels is { } pixels) _decoded.CopyFrom(pixels);
            else throw new InvalidImageException("There is no image.");
            if (choose is not null) _decoded.Crop(choose(_decoded.Width, _decoded.Height).Box);
            return _decoded;
        }
        catch (InvalidImageException problem) when (image.Name is not null)
        {
            throw new InvalidImageException(problem.Reason, image.Name, problem.InnerException) { IsTooLarge = problem.IsTooLarge };
        }
        catch (Exception problem) when (image.Path is not null && IsAboutFiles(problem))
        {
            throw new InvalidImageException(Explain(image.Path, problem), image.Path, problem);
        }
    }

    /// <summary>Gives back memory that is too large to be kept for the next image. What the last call gave is lost.</summary>
    public void LetGo()
    {
        _decoded.LetGo();
        _oriented.LetGo();
        _file.LetGo();
    }

    private unsafe PixelBuffer Decode(ReadOnlySpan<byte> encoded, RegionChooser? choose)
    {
        if (encoded.IsEmpty) throw new InvalidImageException("The image is empty (0 bytes).");
        fixed (byte* start = encoded)
        {
            using var data = SKData.Create((nint)start, encoded.Length);
            using var codec = SKCodec.Create(data);
            // SkiaSharp knows more: it takes what is not an image at all, such as MNIST's files, for a WBMP.
            if (codec is null || !Formats.Contains(codec.EncodedFormat))
                throw new InvalidImageException("This is not an image that can be decoded (JPEG, PNG, BMP, GIF, WebP).");
            return choose is null ? DecodeWhole(codec, encoded) : DecodePart(codec, encoded, choose);
        }
    }

    private PixelBuffer DecodeWhole(SKCodec codec, ReadOnlySpan<byte> encoded)
    {
        _limits.CheckPixels(codec.Info.Width, codec.Info.Height);
        ReadPixels(codec, encoded);
        return ExifOrientation.Apply(OrientationOf(codec, encoded), _decoded, _oriented);
    }

    private PixelBuffer DecodePart(SKCodec codec, ReadOnlySpan<byte> encoded, RegionChooser choose)
    {
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        _limits.CheckPixels(width, height);
        var orientation = OrientationOf(codec, encoded);
        var part = ExifOrientation.SwapsSides(orientation) ? choose(height, width) : choose(width, height);
        // Reading a part saves time with JPEG only; rotated images are too few to matter.
        var savesTime = codec.EncodedFormat == SKEncodedImageFormat.Jpeg && orientation == SKEncodedOrigin.TopLeft;
        if (savesTime && TryReadPart(codec, part)) return _decoded;
        ReadPixels(codec, encoded);
        var image = ExifOrientation.Apply(orientation, _decoded, _oriented);
        image.Crop(part.Box);
        return image;
    }

    private SKEncodedOrigin OrientationOf(SKCodec codec, ReadOnlySpan<byte> encoded) =>
        applyOrientation ? OrientationTag.Find(codec.EncodedFormat, encoded) : SKEncodedOrigin.TopLeft;

    private void CopyPixels(MLImage image)
    {
        _limits.CheckPixels(image.Width, image.Height);
        _decoded.Reset(image.Width, image.Height);
        var pixels = image.Pixels;
        if (image.PixelFormat == MLPixelFormat.Rgba32)
        {
            pixels.CopyTo(_decoded.Bytes);
            return;
        }

        if (image.PixelFormat != MLPixelFormat.Bgra32)
            throw new InvalidImageException($"An MLImage with the pixel format {image.PixelFormat} is not supported.");
        var from = MemoryMarshal.Cast<byte, uint>(pixels);
        var to = _decoded.Pixels;
        for (var i = 0; i < from.Length; i++)
            to[i] = (from[i] & 0xff00ff00) | ((from[i] >> 16) & 0xff) | ((from[i] & 0xff) << 16);
    }

    private unsafe void ReadPixels(SKCodec codec, ReadOnlySpan<byte> encoded)
    {
        _decoded.Reset(codec.Info.Width, codec.Info.Height);
        fixed (byte* pixels = _decoded.Bytes)
        {
            var result = codec.GetPixels(Format(codec, codec.Info.Size), (nint)pixels, _decoded.Stride, SKCodecOptions.Default);
            if (result != SKCodecResult.Success) throw new InvalidImageException(Explain(result));
        }

        if (codec.EncodedFormat == SKEncodedImageFormat.Gif) GifBackdrop.Fill(_decoded, encoded);
        else if (codec.EncodedFormat == SKEncodedImageFormat.Bmp) BmpHighColor.Widen(_decoded, encoded);
    }

    /// <summary>
    /// Decodes a part of a JPEG: rows below it are not read, and of what is above and beside it only the entropy coding is undone. The
    /// pixels are those of the whole image to the bit, unless the part may come smaller (then by 2, 4 or 8, which the decoder's inverse DCT
    /// does on the way).
    /// </summary>
    /// <returns>False if this JPEG is of a kind that the decoder only gives whole.</returns>
    private unsafe bool TryReadPart(SKCodec codec, ImageRegion part)
    {
        var (size, box) = Scale(codec, part);
        var (left, right) = (Math.Max(0, box.Left - ChromaReach), Math.Min(size.Width, box.Left + box.Width + ChromaReach));
        // The memory is declared to be zero-initialized, although it is not: Skia then leaves rows alone that a cut-off image lacks. To
        // fill them it would read the rectangle through a pointer to memory that SkiaSharp has freed by then, and the process would crash.
        var options = new SKCodecOptions(new SKRectI(left, 0, right, size.Height)) { ZeroInitialized = SKZeroInitialized.Yes };
        if (codec.StartScanlineDecode(Format(codec, size), options) != SKCodecResult.Success) return false;
        _decoded.Reset(right - left, box.Height);
        fixed (byte* pixels = _decoded.Bytes)
        {
            var isReached = box.Top == 0 || codec.SkipScanlines(box.Top);
            if (!isReached || codec.GetScanlines((nint)pixels, box.Height, _decoded.Stride) != box.Height)
                throw new InvalidImageException("The image is cut off or damaged.");
        }

        _decoded.Crop(new(box.Left - left, 0, box.Width, box.Height));
        return true;
    }

    /// <summary>The size to decode at, and the part in it.</summary>
    private static (SKSizeI Size, PixelBox Box) Scale(SKCodec codec, ImageRegion part)
    {
        var (box, full) = (part.Box, codec.Info.Size);
        if (part.MinimumSide is not { } least) return (full, box);
        for (var divisor = 8; divisor > 1; divisor /= 2)
        {
            // Whole pixels of the smaller image: what is left over at the edges is less than one of them.
            var smaller = new PixelBox(box.Left / divisor, box.Top / divisor, box.Width / divisor, box.Height / divisor);
            if (smaller.Width >= least && smaller.Height >= least) return (codec.GetScaledDimensions(1f / divisor), smaller);
        }

        return (full, box);
    }

    /// <summary>No color space: values stay as they are in the file, as torchvision and Pillow leave them.</summary>
    private static SKImageInfo Format(SKCodec codec, SKSizeI size)
    {
        var alpha = codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul;
        return new(size.Width, size.Height, SKColorType.Rgba8888, alpha, null);
    }

    private ReadOnlySpan<byte> ReadFile(string path)
    {
        using var file = RegularFile.OpenHandle(path, FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        _limits.CheckFile(length);
        _file.Reserve((int)length);
        var read = 0;
        while (read < length)
        {
            var count = RandomAccess.Read(file, _file.Slice(read, (int)length - read), read);
            if (count == 0) break;
            read += count;
        }

        return _file.Slice(0, read);
    }

    private static string Explain(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "The image is cut off.",
        SKCodecResult.ErrorInInput => "The image is damaged.",
        _ => $"The image cannot be decoded ({result}).",
    };

    private static bool IsAboutFiles(Exception problem) =>
        problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    private static string Explain(string path, Exception problem) => problem switch
    {
        _ when string.IsNullOrEmpty(path) => "The path is empty.",
        NotRegularFileException other => $"This is {FileStatus.Name(other.Kind)}, not an image.",
        FileNotFoundException or DirectoryNotFoundException when Path.DirectorySeparatorChar == '/' && path.Contains('\\') =>
            "There is no such file. Its path has backslashes, as on Windows; here / separates folders.",
        FileNotFoundException or DirectoryNotFoundException => "There is no such file.",
        UnauthorizedAccessException => "The file may not be read (no permission).",
        _ => $"The file cannot be read: {problem.Message}",
    };
}
