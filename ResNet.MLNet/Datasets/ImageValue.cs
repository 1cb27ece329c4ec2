using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>The image of one row, as the column gave it: a path, an encoded image or an <see cref="MLImage"/>. Used again for later rows.</summary>
internal sealed class ImageValue
{
    private string? _path;
    private VBuffer<byte> _bytes;
    private MLImage? _image;

    /// <summary>How the image of a row is called in messages.</summary>
    public string? Name => _path;

    /// <summary>The image, if the column holds <see cref="MLImage"/>; the source's, and valid until the next row.</summary>
    public MLImage? Image => _image;

    /// <summary>Makes what reads the images of a cursor's rows.</summary>
    public static Action<ImageValue> Reader(DataViewRow row, DataViewSchema.Column column, string? folder)
    {
        if (column.Type is TextDataViewType)
        {
            var text = row.GetGetter<ReadOnlyMemory<char>>(column);
            return value =>
            {
                ReadOnlyMemory<char> path = default;
                text(ref path);
                value._path = folder is null || path.IsEmpty ? path.ToString() : Path.Combine(folder, path.ToString());
            };
        }

        if (column.Type is VectorDataViewType)
        {
            var bytes = row.GetGetter<VBuffer<byte>>(column);
            return value => bytes(ref value._bytes);
        }

        // The image stays the source's: a source that makes images frees the one that it is handed back, one that holds the user's own does not.
        var image = row.GetGetter<MLImage>(column);
        return value => image(ref value._image!);
    }

    /// <summary>A copy of the encoded image; null if there is none.</summary>
    public byte[]? CopyBytes() => _bytes.Length == 0 ? null : [.. _bytes.DenseValues()];

    /// <summary>Prepares the image for the network.</summary>
    /// <exception cref="InvalidImageException">The image cannot be read.</exception>
    public void Prepare(ImagePreparer preparer, Span<float> destination)
    {
        if (_path is not null) preparer.Prepare(_path, destination);
        else if (_image is not null) preparer.Prepare(_image, destination);
        else if (_bytes.Length == 0) throw new InvalidImageException("There is no image in this row.");
        else if (_bytes.IsDense) preparer.Prepare(_bytes.GetValues(), destination);
        else preparer.Prepare(CopyBytes(), destination);
    }
}
