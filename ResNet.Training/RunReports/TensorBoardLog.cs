using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;

namespace ResNet.Training;

/// <summary>
/// Writes a run's figures as TensorBoard event files: records (length, its checksum, content, its checksum) of which each holds an Event
/// message. A part of a run writes a file of its own. It begins with the mark of a restart, at which TensorBoard forgets what earlier files
/// hold of the steps that are done again. (TorchSharp's SummaryWriter has no such mark, opens the file for every number, and does not date
/// them.)
/// </summary>
internal sealed class TensorBoardLog : IDisposable
{
    private const string FilePrefix = "events.out.tfevents.", FileSuffix = ".resnet";

    /// <summary>Fields of tensorflow's messages Event, SessionLog, Summary and Summary.Value.</summary>
    private const int WallTimeField = 1, StepField = 2, FileVersionField = 3, SummaryField = 5, SessionLogField = 7;
    private const int StatusField = 1, ValueField = 1, TagField = 1, SimpleValueField = 2;
    private const int StatusStart = 1;

    private readonly FileStream _file;

    /// <summary>Begins a file.</summary>
    /// <param name="folder">Where; made if need be.</param>
    /// <param name="stepsDone">
    /// The steps that the run has done already. 0: it begins, and event files of a run before it are deleted.
    /// </param>
    public TensorBoardLog(string folder, long stepsDone)
    {
        Directory.CreateDirectory(folder);
        var earlier = Directory.GetFiles(folder, FilePrefix + "*" + FileSuffix);
        if (stepsDone == 0) Array.ForEach(earlier, File.Delete);
        // TensorBoard reads files in the order of their names, so a file's number is above those before it, whatever the clock says.
        var number = earlier.Select(NumberOf).Select(latest => latest + 1).Append(DateTimeOffset.UtcNow.ToUnixTimeSeconds()).Max();
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{FilePrefix}{number:0000000000}{FileSuffix}"));
        _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        WriteEvent(0, message =>
        {
            message.WriteTag(FileVersionField, WireFormat.WireType.LengthDelimited);
            message.WriteString("brain.Event:2");
        });
        WriteEvent(stepsDone + 1, message => WriteMessage(message, SessionLogField, session =>
        {
            session.WriteTag(StatusField, WireFormat.WireType.Varint);
            session.WriteEnum(StatusStart);
        }));
    }

    /// <summary>Writes figures of the training so far.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="loss">Mean loss of the epoch's training images so far.</param>
    /// <param name="accuracy">Share of them that was predicted correctly, 0 to 1.</param>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="imagesPerSecond">Training images a second.</param>
    public void WriteStep(long step, double loss, double accuracy, double learningRate, double imagesPerSecond) => Write(
        step,
        ("training/loss", loss),
        ("training/accuracy", accuracy),
        ("training/learning rate", learningRate),
        ("training/images per second", imagesPerSecond));

    /// <summary>Writes the figures of an epoch.</summary>
    /// <param name="step">The steps done at its end.</param>
    /// <param name="epoch">The figures.</param>
    public void WriteEpoch(long step, EpochMetrics epoch) => Write(
        step,
        ("epoch/training loss", epoch.TrainingLoss),
        ("epoch/training accuracy", epoch.TrainingAccuracy),
        ("epoch/validation loss", epoch.ValidationLoss),
        ("epoch/top-1 accuracy", epoch.Top1),
        ("epoch/top-5 accuracy", epoch.Top5),
        ("epoch/mean average precision", epoch.MeanAveragePrecision),
        ("epoch/learning rate", epoch.LearningRate),
        ("epoch/images per second", epoch.ImagesPerSecond));

    /// <summary>Writes figures; those that are null are left out.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="figures">What they are called and what they are.</param>
    public void Write(long step, params (string Tag, double? Value)[] figures)
    {
        WriteEvent(step, message => WriteMessage(message, SummaryField, summary =>
        {
            foreach (var (tag, value) in figures.Where(figure => figure.Value is not null))
            {
                WriteMessage(summary, ValueField, figure =>
                {
                    figure.WriteTag(TagField, WireFormat.WireType.LengthDelimited);
                    figure.WriteString(tag);
                    figure.WriteTag(SimpleValueField, WireFormat.WireType.Fixed32);
                    figure.WriteFloat((float)value!.Value);
                });
            }
        }));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static long NumberOf(string path)
    {
        var digits = Path.GetFileName(path).AsSpan()[FilePrefix.Length..^FileSuffix.Length];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private void WriteEvent(long step, Action<CodedOutputStream> writeContent)
    {
        var content = Encode(message =>
        {
            message.WriteTag(WallTimeField, WireFormat.WireType.Fixed64);
            message.WriteDouble(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
            message.WriteTag(StepField, WireFormat.WireType.Varint);
            message.WriteInt64(step);
            writeContent(message);
        });
        // In one go and past any buffer, so that a failure to write is reported here.
        var record = new byte[sizeof(ulong) + sizeof(uint) + content.Length + sizeof(uint)];
        var length = record.AsSpan(0, sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
        WriteChecksum(length, record.AsSpan(sizeof(ulong)));
        content.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        WriteChecksum(content, record.AsSpan(record.Length - sizeof(uint)));
        _file.Write(record);
    }

    /// <summary>CRC-32C, turned and shifted so that checksums of data with checksums in it stay good (TFRecord's mask).</summary>
    private static void WriteChecksum(ReadOnlySpan<byte> of, Span<byte> to)
    {
        var sum = uint.MaxValue;
        foreach (var value in of) sum = BitOperations.Crc32C(sum, value);
        BinaryPrimitives.WriteUInt32LittleEndian(to, BitOperations.RotateRight(~sum, 15) + 0xa282ead8);
    }

    private static void WriteMessage(CodedOutputStream to, int field, Action<CodedOutputStream> write)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteBytes(ByteString.CopyFrom(Encode(write)));
    }

    private static byte[] Encode(Action<CodedOutputStream> write)
    {
        using var content = new MemoryStream();
        using (var message = new CodedOutputStream(content, leaveOpen: true)) write(message);
        return content.ToArray();
    }
}
