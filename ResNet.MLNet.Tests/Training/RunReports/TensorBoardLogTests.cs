using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace ResNet.Tests;

/// <summary>Event files as TensorBoard reads them: checked and parsed here by code that shares none with the writer.</summary>
[TestClass]
public sealed class TensorBoardLogTests
{
    [TestMethod]
    public void What_was_written_is_read_back()
    {
        using var folder = new TemporaryFolder();
        using (var log = new TensorBoardLog(folder.Path, 0))
        {
            log.WriteStep(3, 1.5, 0.25, 0.1, 640);
            log.WriteEpoch(7, new()
            {
                Epoch = 1,
                TrainingLoss = 1.25,
                TrainingAccuracy = 0.5,
                ValidationLoss = 1,
                Top1 = 0.75,
                LearningRate = 0.05,
                ImagesPerSecond = 600,
            });
            // Every number is in the file at once, so that TensorBoard can follow a run.
            Assert.HasCount(4, Read(folder.Path).Single());
        }

        var events = Read(folder.Path).Single();
        Assert.AreEqual("brain.Event:2", events[0].Version);
        Assert.AreEqual((1L, true), (events[1].Step, events[1].IsStart));
        Assert.AreEqual(3L, events[2].Step);
        (string, float)[] ofStep =
        [
            ("training/loss", 1.5f),
            ("training/accuracy", 0.25f),
            ("training/learning rate", 0.1f),
            ("training/images per second", 640f),
        ];
        CollectionAssert.AreEqual(ofStep, events[2].Figures);
        Assert.AreEqual(7L, events[3].Step);
        // Without a top-5 there is none in the file.
        (string, float)[] ofEpoch =
        [
            ("epoch/training loss", 1.25f),
            ("epoch/training accuracy", 0.5f),
            ("epoch/validation loss", 1f),
            ("epoch/top-1 accuracy", 0.75f),
            ("epoch/learning rate", 0.05f),
            ("epoch/images per second", 600f),
        ];
        CollectionAssert.AreEqual(ofEpoch, events[3].Figures);
        Assert.IsTrue(events.TrueForAll(each => Math.Abs(each.Time - DateTimeOffset.UtcNow.ToUnixTimeSeconds()) < 3600));
    }

    [TestMethod]
    public void A_resumed_run_goes_on_in_a_later_file_that_takes_back_the_steps_done_again_and_a_new_run_takes_all_back()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("events.out.tfevents.1.other-program"), "");
        for (var part = 0; part < 3; part++)
        {
            using var log = new TensorBoardLog(folder.Path, 10 * part);
            for (var step = 10 * part + 1; step <= 10 * part + 15; step++) log.Write(step, ("loss", part));
        }

        var files = Read(folder.Path);
        Assert.HasCount(3, files);
        // What TensorBoard keeps: at a start it forgets what is not before it.
        List<(long Step, float Value)> kept = [];
        foreach (var each in files.SelectMany(file => file))
        {
            if (each.IsStart) kept.RemoveAll(earlier => earlier.Step >= each.Step);
            kept.AddRange(each.Figures.Select(figure => (each.Step, figure.Value)));
        }

        CollectionAssert.AreEqual(Enumerable.Range(1, 35).Select(step => ((long)step, (float)Math.Min(2, (step - 1) / 10))).ToList(), kept);
        using (new TensorBoardLog(folder.Path, 0)) Assert.HasCount(1, Read(folder.Path));
        Assert.IsTrue(File.Exists(folder.PathOf("events.out.tfevents.1.other-program")));
    }

    [TestMethod]
    public void The_checksum_of_the_test_is_the_standard_one() =>
        // The check value of CRC-32C (RFC 3720 and every catalog of them).
        Assert.AreEqual(0xE3069283u, Crc32C(Encoding.ASCII.GetBytes("123456789")));

    private static List<List<Event>> Read(string folder) =>
        [.. Directory.GetFiles(folder, "*.resnet").Order(StringComparer.Ordinal).Select(ReadFile)];

    private static List<Event> ReadFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var data = new byte[stream.Length];
        stream.ReadExactly(data);
        List<Event> events = [];
        for (var at = 0; at < data.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(at));
            Assert.AreEqual(Masked(data.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 8)));
            var content = data.AsSpan(at + 12, length);
            Assert.AreEqual(Masked(content), BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 12 + length)));
            events.Add(Parse(content.ToArray()));
            at += 16 + length;
        }

        return events;
    }

    private static Event Parse(byte[] content)
    {
        var result = new Event();
        Fields(content, (field, input) =>
        {
            if (field == 1) result.Time = input.ReadDouble();
            else if (field == 2) result.Step = input.ReadInt64();
            else if (field == 3) result.Version = input.ReadString();
            else if (field == 5) result.Figures.AddRange(ParseSummary(input.ReadBytes().ToByteArray()));
            else if (field == 7) Fields(input.ReadBytes().ToByteArray(), (_, session) => result.IsStart = session.ReadEnum() == 1);
            else Assert.Fail($"Field {field} is not expected.");
        });
        return result;
    }

    private static List<(string Tag, float Value)> ParseSummary(byte[] content)
    {
        List<(string, float)> figures = [];
        Fields(content, (_, summary) => figures.Add(ParseFigure(summary.ReadBytes().ToByteArray())));
        return figures;
    }

    private static (string Tag, float Value) ParseFigure(byte[] content)
    {
        var figure = (Tag: "", Value: 0f);
        Fields(content, (field, input) =>
        {
            if (field == 1) figure.Tag = input.ReadString();
            else figure.Value = input.ReadFloat();
        });
        return figure;
    }

    private static void Fields(byte[] content, Action<int, CodedInputStream> read)
    {
        var input = new CodedInputStream(content);
        while (input.ReadTag() is not 0 and var tag) read(WireFormat.GetTagFieldNumber(tag), input);
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        var sum = Crc32C(data);
        return ((sum >> 15) | (sum << 17)) + 0xa282ead8;
    }

    /// <summary>Bit by bit, from its definition.</summary>
    private static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var sum = uint.MaxValue;
        foreach (var value in data)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78 : sum >> 1;
        }

        return ~sum;
    }

    private sealed class Event
    {
        public double Time { get; set; }

        public long Step { get; set; }

        public string? Version { get; set; }

        public bool IsStart { get; set; }

        public List<(string Tag, float Value)> Figures { get; } = [];
    }
}
