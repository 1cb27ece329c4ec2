using System.Globalization;

namespace ResNet.MLNet;

/// <summary>
/// The binary version of CIFAR-10 and CIFAR-100: records of a label byte (CIFAR-100: a coarse one and a fine one, of which the fine one
/// counts) and 32 x 32 pixels, the red plane, the green, the blue. The files are held in memory: 3 KB an image.
/// </summary>
internal sealed class CifarImages : ImageDataset
{
    private const int Side = 32;
    private const int Plane = Side * Side;

    /// <summary>The number of classes if their names are not given: CIFAR-100's, the most that there are.</summary>
    private const int MostClasses = 100;

    private readonly CifarFile[] _files;
    private readonly int _labelBytes;

    private CifarImages(IReadOnlyList<string> labels, CifarFile[] files, int labelBytes)
        : base(labels)
    {
        _files = files;
        _labelBytes = labelBytes;
        Count = files.Sum(file => file.Bytes.Length / RecordLength);
    }

    public override int Count { get; }

    private int RecordLength => LengthOf(_labelBytes);

    /// <inheritdoc cref="ImageDataset.FromCifar"/>
    public static CifarImages Open(IReadOnlyList<string> files, IReadOnlyList<string>? labels, int labelBytes)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (labelBytes is not (1 or 2))
            throw new ArgumentOutOfRangeException(nameof(labelBytes), labelBytes, "CIFAR-10 has 1 label byte, CIFAR-100 has 2.");
        List<CifarFile> read = [];
        var first = 0;
        var greatest = 0;
        foreach (var name in files)
        {
            var file = new CifarFile(name, RegularFile.ReadAllBytes(name), first);
            greatest = Math.Max(greatest, GreatestLabel(file, labelBytes, labels?.Count ?? MostClasses));
            read.Add(file);
            first += file.Bytes.Length / LengthOf(labelBytes);
        }

        labels ??= [.. Enumerable.Range(0, greatest + 1).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        return new(labels, [.. read], labelBytes);
    }

    public override int LabelOf(int index) => RecordOf(index)[_labelBytes - 1];

    public override string NameOf(int index)
    {
        var file = FileOf(index);
        return $"{file.Name}[{index - file.First}]";
    }

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) => new Reader(this);

    private static int LengthOf(int labelBytes) => labelBytes + 3 * Plane;

    private static int GreatestLabel(CifarFile file, int labelBytes, int classes)
    {
        var length = LengthOf(labelBytes);
        if (file.Bytes.Length == 0 || file.Bytes.Length % length != 0)
        {
            throw new InvalidDataException(
                $"'{file.Name}' has {file.Bytes.Length:N0} bytes, which is not a number of records of {length:N0} bytes: " +
                "it is cut off, damaged or not a CIFAR file.");
        }

        var greatest = 0;
        for (var record = 0; record < file.Bytes.Length / length; record++)
        {
            int label = file.Bytes[record * length + labelBytes - 1];
            if (label >= classes)
            {
                throw new InvalidDataException(
                    $"'{file.Name}' has a label {label} in record {record}, and there are {classes} classes: " +
                    "it is damaged or not a CIFAR file.");
            }

            greatest = Math.Max(greatest, label);
        }

        return greatest;
    }

    private CifarFile FileOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return Array.FindLast(_files, file => file.First <= index);
    }

    private ReadOnlySpan<byte> RecordOf(int index)
    {
        var file = FileOf(index);
        return file.Bytes.AsSpan((index - file.First) * RecordLength, RecordLength);
    }

    /// <summary>One file.</summary>
    /// <param name="Name">Its path.</param>
    /// <param name="Bytes">Its records.</param>
    /// <param name="First">The index of its first image among those of all files.</param>
    private readonly record struct CifarFile(string Name, byte[] Bytes, int First);

    private sealed class Reader(CifarImages source) : ImageReader
    {
        private readonly PixelBuffer _pixels = new();

        public override PixelBuffer Read(int index)
        {
            _pixels.Reset(Side, Side);
            var planes = source.RecordOf(index)[source._labelBytes..];
            var red = planes[..Plane];
            var green = planes[Plane..(2 * Plane)];
            var blue = planes[(2 * Plane)..];
            var to = _pixels.Pixels;
            for (var i = 0; i < Plane; i++) to[i] = 0xff000000 | (uint)blue[i] << 16 | (uint)green[i] << 8 | red[i];
            return _pixels;
        }
    }
}
