using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>The image of one row, valid until the next row is read into it. It keeps its memory for later rows.</summary>
internal sealed class RowImage
{
    private byte[] _bytes = [];
    private ImageDecoder? _decoder;

    /// <summary>The image, as the column gave it.</summary>
    public ImageInput Input { get; private set; }

    /// <summary>Takes the path of an image file.</summary>
    public void SetPath(string path) => Input = new(path);

    /// <summary>Takes a copy of an encoded image; an empty one counts as missing.</summary>
    public void SetBytes(in VBuffer<byte> encoded)
    {
        ByteBuffer.Grow(ref _bytes, encoded.Length);
        encoded.CopyTo(_bytes);
        Input = encoded.Length > 0 ? new(_bytes.AsMemory(0, encoded.Length)) : default;
    }

    /// <summary>Takes an <see cref="MLImage"/>, which stays the source's; null counts as missing.</summary>
    public void SetImage(MLImage? image) => Input = image is null ? default : new(image);

    /// <summary>Takes a copy of the pixels of an <see cref="MLImage"/>, so that the source may go on to its next row.</summary>
    /// <param name="limits">What an image may cost.</param>
    /// <exception cref="InvalidImageException">The image is too large or of an unsupported format.</exception>
    public void KeepPixels(ImageLimits limits)
    {
        if (Input.Image is null) return;
        _decoder ??= new(applyOrientation: false, limits);
        _decoder.LetGo();
        Input = new(_decoder.Decode(Input));
    }
}
