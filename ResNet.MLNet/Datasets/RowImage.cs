using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>The image of one row, valid until the next row is read into it. It keeps its memory for later rows.</summary>
internal sealed class RowImage
{
    private byte[] _bytes = [];
    private MLImage? _image;

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

    /// <summary>
    /// Takes an <see cref="MLImage"/>, which stays the source's: a source that makes images frees the one that it is handed back, one that
    /// holds the user's own does not.
    /// </summary>
    public void SetImage(ValueGetter<MLImage> getter)
    {
        getter(ref _image!);
        Input = _image is null ? default : new(_image);
    }
}
