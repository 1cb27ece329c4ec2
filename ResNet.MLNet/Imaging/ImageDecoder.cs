using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResNet.MLNet;

/// <summary>
/// Decodes image files to pixels as Pillow's <c>Image.open(file).convert("RGB")</c> does: no colour conversion, alpha dropped, the first frame
/// of an animation. Keeps its buffers for the next image, so one instance serves one thread.
/// </summary>
/// <param name="applyOrientation">Whether the orientation in the file (EXIF) is applied.</param>
/// <param name="maximumPixels">The largest image that is decoded, in pixels, checked before memory is taken.</param>
internal sealed class ImageDecoder(bool applyOrientation, long maximumPixels = ImageDecoder.DefaultMaximumPixels)
{
    /// <summary>A quarter of a gigabyte of RGB, Pillow's limit.</summary>
    public const long DefaultMaximumPixels = 178_956_970;

    private readonly PixelBuffer _decoded = new(), _oriented = new();
    private byte[] _file = [];

    /// <summary>Decodes a file. The result is valid until the next call.</summary>
    /// <exception cref="InvalidImageException">It cannot be read; the message says why and names the file.</exception>
    public PixelBuffer Decode(string path)
    {
        try
        {
            return Decode(ReadFile(path));
        }
        catch (InvalidImageException problem)
        {
            throw new InvalidImageException(problem.Reason, path, problem.InnerException);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidImageException(Explain(path, problem), path, problem);
        }
    }

    /// <summary>Decodes an encoded image (JPEG, PNG, BMP, GIF, WebP). The result is valid until the next call.</summary>
    /// <exception cref="InvalidImageException">It is none, damaged, or too large.</exception>
    public unsafe PixelBuffer Decode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IsEmpty) throw new InvalidImageException("The image is empty (0 bytes).");
        fixed (byte* start = encoded)
        {
            using var data = SKData.Create((nint)start, encoded.Length);
            using var codec = SKCodec.Create(data);
            if (codec is null) throw new InvalidImageException("This is not an image that can be decoded (JPEG, PNG, BMP, GIF, WebP).");
            var (width, height) = (codec.Info.Width, codec.Info.Height);
            CheckSize(width, height);
            _decoded.Reset(width, height);
            // No colour space: values stay as they are in the file, as torchvision and Pillow leave them.
            var format = new SKImageInfo(width, height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul, null);
            fixed (byte* pixels = _decoded.Bytes)
            {
                var result = codec.GetPixels(format, (nint)pixels, _decoded.Stride, SKCodecOptions.Default);
                if (result != SKCodecResult.Success) throw new InvalidImageException(Explain(result));
            }

            return applyOrientation ? ExifOrientation.Apply(codec.EncodedOrigin, _decoded, _oriented) : _decoded;
        }
    }

    /// <summary>Takes the pixels of an ML.NET image. The result is valid until the next call.</summary>
    public PixelBuffer Decode(MLImage image)
    {
        CheckSize(image.Width, image.Height);
        _decoded.Reset(image.Width, image.Height);
        var pixels = image.Pixels;
        if (image.PixelFormat == MLPixelFormat.Rgba32)
        {
            pixels.CopyTo(_decoded.Bytes);
            return _decoded;
        }

        if (image.PixelFormat != MLPixelFormat.Bgra32) throw new InvalidImageException($"An MLImage with the pixel format {image.PixelFormat} is not supported.");
        var from = MemoryMarshal.Cast<byte, uint>(pixels);
        var to = MemoryMarshal.Cast<byte, uint>(_decoded.Bytes);
        for (var i = 0; i < from.Length; i++)
            to[i] = (from[i] & 0xff00ff00) | ((from[i] >> 16) & 0xff) | ((from[i] & 0xff) << 16);
        return _decoded;
    }

    private ReadOnlySpan<byte> ReadFile(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        if (length > Array.MaxLength) throw new InvalidImageException($"The file has {length:N0} bytes, more than an image can have.");
        if (_file.Length < length) _file = GC.AllocateUninitializedArray<byte>((int)Math.Min(Math.Max(length, 2L * _file.Length), Array.MaxLength));
        var read = 0;
        while (read < length)
        {
            var count = RandomAccess.Read(file, _file.AsSpan(read, (int)length - read), read);
            if (count == 0) break;
            read += count;
        }

        return _file.AsSpan(0, read);
    }

    private void CheckSize(int width, int height)
    {
        if (width < 1 || height < 1) throw new InvalidImageException($"The image says that it has {width} x {height} pixels.");
        if ((long)width * height > maximumPixels)
            throw new InvalidImageException($"The image says that it has {width:N0} x {height:N0} pixels; the limit is {maximumPixels:N0}. Raise MaximumPixels if it is right.");
    }

    private static string Explain(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "The image is cut off.",
        SKCodecResult.ErrorInInput => "The image is damaged.",
        _ => $"The image cannot be decoded ({result}).",
    };

    private static string Explain(string path, Exception problem) => problem switch
    {
        _ when string.IsNullOrEmpty(path) => "The path is empty.",
        _ when Directory.Exists(path) => "This is a folder, not an image.",
        FileNotFoundException or DirectoryNotFoundException => "There is no such file.",
        UnauthorizedAccessException => "The file may not be read (no permission).",
        _ => $"The file cannot be read: {problem.Message}",
    };
}
