namespace ResNet.MLNet;

/// <summary>
/// The binary version of CIFAR-10 and CIFAR-100: records of a label byte (CIFAR-100: a coarse one and a fine one, of which the fine one counts) and 32 x 32 pixels, the red
/// plane, the green, the blue. The files are held in memory: 3 KB an image.
/// </summary>
public sealed class CifarImages : ImageDataset
{
    private const int Side = 32, Plane = Side * Side;

    private readonly (string Name, byte[] Bytes, int First)[] _files;
    private readonly int _labelBytes;

    private CifarImages(IReadOnlyList<string> labels, (string Name, byte[] Bytes, int First)[] files, int labelBytes)
        : base(labels)
    {
        (_files, _labelBytes) = (files, labelBytes);
        Count = files.Sum(each => each.Bytes.Length / RecordLength);
    }

    /// <inheritdoc/>
    public override int Count { get; }

    private int RecordLength => _labelBytes + 3 * Plane;

    /// <summary>Reads files.</summary>
    /// <param name="files">The files, such as data_batch_1.bin to data_batch_5.bin, or train.bin.</param>
    /// <param name="labels">The names of the classes; null (default) for their numbers.</param>
    /// <param name="labelBytes">Bytes in front of the pixels, of which the last is the class: 1 (default) for CIFAR-10, 2 for CIFAR-100.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or has a label that is not among the classes; the message names it.</exception>
    public static CifarImages Open(IReadOnlyList<string> files, IReadOnlyList<string>? labels = null, int labelBytes = 1)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (labelBytes is not (1 or 2)) throw new ArgumentOutOfRangeException(nameof(labelBytes), labelBytes, "CIFAR-10 has 1 label byte, CIFAR-100 has 2.");
        var length = labelBytes + 3 * Plane;
        var (read, first, greatest) = (new List<(string, byte[], int)>(), 0, 0);
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            if (bytes.Length == 0 || bytes.Length % length != 0)
                throw new InvalidDataException($"'{file}' has {bytes.Length:N0} bytes, which is not a number of records of {length:N0} bytes: it is cut off, damaged or no CIFAR file.");
            for (var record = 0; record < bytes.Length / length; record++)
            {
                int label = bytes[record * length + labelBytes - 1];
                if (label >= (labels?.Count ?? 100)) throw new InvalidDataException($"'{file}' has a label {label} in record {record}, and there are {labels?.Count ?? 100} classes: it is damaged or no CIFAR file.");
                greatest = Math.Max(greatest, label);
            }

            read.Add((file, bytes, first));
            first += bytes.Length / length;
        }

        return new(labels ?? [.. Enumerable.Range(0, greatest + 1).Select(number => $"{number}")], [.. read], labelBytes);
    }

    /// <inheritdoc/>
    public override int LabelOf(int index) => RecordOf(index)[_labelBytes - 1];

    /// <inheritdoc/>
    public override string NameOf(int index)
    {
        var file = FileOf(index);
        return $"{file.Name}[{index - file.First}]";
    }

    internal override ImageReader OpenReader(bool applyOrientation) => new Reader(this);

    private (string Name, byte[] Bytes, int First) FileOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return Array.FindLast(_files, each => each.First <= index);
    }

    private ReadOnlySpan<byte> RecordOf(int index)
    {
        var file = FileOf(index);
        return file.Bytes.AsSpan((index - file.First) * RecordLength, RecordLength);
    }

    private sealed class Reader(CifarImages source) : ImageReader
    {
        private readonly PixelBuffer _pixels = new();

        public override PixelBuffer Read(int index)
        {
            _pixels.Reset(Side, Side);
            var planes = source.RecordOf(index)[source._labelBytes..];
            var to = _pixels.Pixels;
            for (var i = 0; i < Plane; i++) to[i] = 0xff000000 | (uint)planes[2 * Plane + i] << 16 | (uint)planes[Plane + i] << 8 | planes[i];
            return _pixels;
        }
    }
}
