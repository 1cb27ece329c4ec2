using System.Buffers.Binary;
using System.IO.Compression;

namespace ResNet.MLNet;

/// <summary>
/// Gray images and their labels in the IDX format of MNIST and Fashion-MNIST, plain or gzipped: a magic number that says the type (8: bytes) and the
/// number of dimensions, the dimensions as big-endian 32-bit integers, then the bytes.
/// </summary>
public sealed class IdxImages : ImageDataset
{
    private readonly byte[] _pixels, _targets;
    private readonly string _name;

    private IdxImages(string name, int height, int width, byte[] pixels, byte[] targets, IReadOnlyList<string> labels)
        : base(labels) => (_name, Height, Width, _pixels, _targets) = (name, height, width, pixels, targets);

    /// <inheritdoc/>
    public override int Count => _targets.Length;

    /// <summary>Height of every image in pixels.</summary>
    public int Height { get; }

    /// <summary>Width of every image in pixels.</summary>
    public int Width { get; }

    /// <summary>Reads a pair of files.</summary>
    /// <param name="images">The file of images, such as <c>train-images-idx3-ubyte.gz</c>.</param>
    /// <param name="targets">The file of class numbers, such as <c>train-labels-idx1-ubyte.gz</c>.</param>
    /// <param name="labels">The names of the classes; null (default) for their numbers.</param>
    /// <exception cref="FileNotFoundException">One of the files is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the two do not belong together; the message names it.</exception>
    public static IdxImages Open(string images, string targets, IReadOnlyList<string>? labels = null)
    {
        using var imageFile = File.OpenRead(images);
        using var targetFile = File.OpenRead(targets);
        return Read(imageFile, images, targetFile, targets, labels);
    }

    /// <summary>Reads a pair of streams.</summary>
    /// <param name="images">The images.</param>
    /// <param name="imagesName">What they are called in messages.</param>
    /// <param name="targets">The class numbers.</param>
    /// <param name="targetsName">What they are called in messages.</param>
    /// <param name="labels">The names of the classes; null (default) for their numbers.</param>
    /// <exception cref="InvalidDataException">A stream is damaged, or the two do not belong together.</exception>
    public static IdxImages Read(Stream images, string imagesName, Stream targets, string targetsName, IReadOnlyList<string>? labels = null)
    {
        var (size, pixels) = Read(images, imagesName, dimensions: 3);
        var (count, classes) = Read(targets, targetsName, dimensions: 1);
        if (size[0] != count[0]) throw new InvalidDataException($"'{imagesName}' has {size[0]} images and '{targetsName}' {count[0]} labels: they do not belong together.");
        if (size[0] == 0 || size[1] == 0 || size[2] == 0) throw new InvalidDataException($"'{imagesName}' has no images.");
        var greatest = classes.Max();
        labels ??= [.. Enumerable.Range(0, greatest + 1).Select(number => number.ToString())];
        if (greatest >= labels.Count) throw new InvalidDataException($"'{targetsName}' has a label {greatest}, and there are {labels.Count} classes.");
        return new(imagesName, size[1], size[2], pixels, classes, labels);
    }

    /// <inheritdoc/>
    public override int LabelOf(int index) => _targets[index];

    /// <inheritdoc/>
    public override string NameOf(int index) => $"{_name}[{index}]";

    internal override ImageReader OpenReader(bool applyOrientation) => new Reader(this);

    private static (int[] Size, byte[] Data) Read(Stream stream, string name, int dimensions)
    {
        try
        {
            using var plain = Unzip(stream);
            Span<byte> header = stackalloc byte[4 + 4 * dimensions];
            plain.ReadExactly(header);
            if (BinaryPrimitives.ReadInt32BigEndian(header) != (8 << 8 | dimensions))
                throw new InvalidDataException($"'{name}' is no IDX file of bytes with {dimensions} dimension{(dimensions == 1 ? "" : "s")}.");
            var size = new int[dimensions];
            var length = 1L;
            for (var i = 0; i < dimensions; i++)
            {
                size[i] = BinaryPrimitives.ReadInt32BigEndian(header[(4 + 4 * i)..]);
                length *= size[i];
                if (size[i] < 0 || length > Array.MaxLength) throw new InvalidDataException($"'{name}' says that it holds {string.Join(" x ", size)} bytes.");
            }

            // Read as it comes, so that a damaged header cannot take more memory than there is data.
            using var data = new MemoryStream();
            plain.CopyTo(data);
            if (data.Length != length) throw new InvalidDataException($"'{name}' holds {data.Length:N0} bytes of data instead of {length:N0}: it is cut off or damaged.");
            return (size, data.ToArray());
        }
        catch (Exception problem) when (problem is EndOfStreamException || (problem is InvalidDataException && !problem.Message.Contains(name, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"'{name}' is cut off or damaged: {problem.Message}", problem);
        }
    }

    private static Stream Unzip(Stream stream)
    {
        ReadOnlySpan<byte> magic = [0x1f, 0x8b];
        var content = new MemoryStream();
        stream.CopyTo(content);
        content.Position = 0;
        return content.GetBuffer().AsSpan(0, (int)content.Length).StartsWith(magic) ? new GZipStream(content, CompressionMode.Decompress) : content;
    }

    private sealed class Reader(IdxImages source) : ImageReader
    {
        private readonly PixelBuffer _pixels = new();

        public override PixelBuffer Read(int index)
        {
            _pixels.Reset(source.Width, source.Height);
            var size = source.Height * source.Width;
            var from = source._pixels.AsSpan(index * size, size);
            var to = _pixels.Pixels;
            for (var i = 0; i < size; i++) to[i] = 0xff000000 | from[i] * 0x010101u;
            return _pixels;
        }
    }
}
