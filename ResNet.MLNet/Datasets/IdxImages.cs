using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace ResNet.MLNet;

/// <summary>
/// Gray images and their labels in the IDX format of MNIST and Fashion-MNIST, plain or gzipped: a magic number that says the type (8:
/// bytes) and the number of dimensions, the dimensions as big-endian 32-bit integers, then the bytes.
/// </summary>
internal sealed class IdxImages : ImageDataset
{
    private const int TypeOfBytes = 8;

    private readonly IdxArray _pixels;
    private readonly byte[] _targets;
    private readonly string _name;

    private IdxImages(string name, IdxArray pixels, byte[] targets, IReadOnlyList<string> labels)
        : base(labels)
    {
        _name = name;
        _pixels = pixels;
        _targets = targets;
    }

    public override int Count => _targets.Length;

    private int Height => _pixels.Size[1];

    private int Width => _pixels.Size[2];

    /// <inheritdoc cref="ImageDataset.FromIdx(string, string, IReadOnlyList{string})"/>
    public static IdxImages Open(string images, string targets, IReadOnlyList<string>? labels)
    {
        using var imageFile = RegularFile.OpenRead(images);
        using var targetFile = RegularFile.OpenRead(targets);
        return Read(imageFile, images, targetFile, targets, labels);
    }

    /// <inheritdoc cref="ImageDataset.FromIdx(Stream, string, Stream, string, IReadOnlyList{string})"/>
    public static IdxImages Read(Stream images, string imagesName, Stream targets, string targetsName, IReadOnlyList<string>? labels)
    {
        var pixels = ReadArray(images, imagesName, dimensions: 3);
        var classes = ReadArray(targets, targetsName, dimensions: 1);
        var (count, labelCount) = (pixels.Size[0], classes.Size[0]);
        if (count != labelCount)
        {
            throw new InvalidDataException(
                $"'{imagesName}' has {count} images and '{targetsName}' {labelCount} labels: they do not belong together.");
        }

        if (pixels.Bytes.Length == 0) throw new InvalidDataException($"'{imagesName}' has no images.");
        var greatest = classes.Bytes.Max();
        labels ??= [.. Enumerable.Range(0, greatest + 1).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        return greatest < labels.Count
            ? new(imagesName, pixels, classes.Bytes, labels)
            : throw new InvalidDataException($"'{targetsName}' has a label {greatest}, and there are {labels.Count} classes.");
    }

    public override int LabelOf(int index) => _targets[index];

    public override string NameOf(int index) => $"{_name}[{index}]";

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) => new Reader(this);

    private static IdxArray ReadArray(Stream stream, string name, int dimensions)
    {
        try
        {
            using var plain = Unzip(stream);
            var size = ReadHeader(plain, name, dimensions);
            var length = size.Aggregate(1L, (product, side) => product * side);

            // Read as it comes, so that a damaged header cannot take more memory than there is data.
            using var data = new MemoryStream();
            plain.CopyTo(data);
            return data.Length == length
                ? new(size, data.ToArray())
                : throw new InvalidDataException(
                    $"'{name}' holds {data.Length:N0} bytes of data instead of {length:N0}: it is cut off or damaged.");
        }
        catch (Exception problem) when (problem is EndOfStreamException || (problem is InvalidDataException && !IsNamed(problem, name)))
        {
            throw new InvalidDataException($"'{name}' is cut off or damaged: {problem.Message}", problem);
        }
    }

    private static bool IsNamed(Exception problem, string name) => problem.Message.Contains(name, StringComparison.Ordinal);

    private static int[] ReadHeader(Stream stream, string name, int dimensions)
    {
        Span<byte> header = stackalloc byte[4 + 4 * dimensions];
        stream.ReadExactly(header);
        if (BinaryPrimitives.ReadInt32BigEndian(header) != (TypeOfBytes << 8 | dimensions))
        {
            var shape = Plural.Of(dimensions, "dimension", "dimensions");
            throw new InvalidDataException($"'{name}' is not an IDX file of bytes with {shape}.");
        }

        var size = new int[dimensions];
        var length = 1L;
        for (var i = 0; i < dimensions; i++)
        {
            size[i] = BinaryPrimitives.ReadInt32BigEndian(header[(4 + 4 * i)..]);
            length *= size[i];
            if (size[i] < 0 || length > Array.MaxLength)
                throw new InvalidDataException($"'{name}' says that it holds {string.Join(" x ", size)} bytes.");
        }

        return size;
    }

    private static Stream Unzip(Stream stream)
    {
        ReadOnlySpan<byte> magic = [0x1f, 0x8b];
        var content = new MemoryStream();
        stream.CopyTo(content);
        content.Position = 0;
        var isZipped = content.GetBuffer().AsSpan(0, (int)content.Length).StartsWith(magic);
        return isZipped ? new GZipStream(content, CompressionMode.Decompress) : content;
    }

    /// <summary>The content of an IDX file.</summary>
    /// <param name="Size">Its dimensions.</param>
    /// <param name="Bytes">Its values, the last dimension fastest.</param>
    private readonly record struct IdxArray(int[] Size, byte[] Bytes);

    private sealed class Reader(IdxImages source) : ImageReader
    {
        private readonly PixelBuffer _pixels = new();

        public override PixelBuffer Read(int index)
        {
            _pixels.Reset(source.Width, source.Height);
            var size = source.Height * source.Width;
            var from = source._pixels.Bytes.AsSpan(index * size, size);
            var to = _pixels.Pixels;
            for (var i = 0; i < size; i++) to[i] = 0xff000000 | from[i] * 0x010101u;
            return _pixels;
        }
    }
}
