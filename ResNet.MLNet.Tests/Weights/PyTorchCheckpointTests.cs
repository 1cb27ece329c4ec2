using System.IO.Compression;
using System.Text;

namespace ResNet.Tests;

/// <summary>
/// A checkpoint is read or refused by name, whatever is in it. It runs no code, and takes no more memory than its size deserves.
/// </summary>
[TestClass]
public sealed class PyTorchCheckpointTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights");

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("posix", "system")]
    [DataRow("os", "system")]
    [DataRow("builtins", "eval")]
    [DataRow("torch.nn.modules.linear", "Linear")]
    [DataRow("torch", "load")]
    [DataRow("collections", "deque")]
    public void A_global_that_weights_do_not_need_is_refused_by_name(string module, string name)
    {
        // os.system("...") as pickle.dumps writes it, and with protocol 4's instruction.
        byte[] stackGlobal = [0x8c, (byte)module.Length, .. Latin(module), 0x8c, (byte)name.Length, .. Latin(name), 0x93];
        byte[][] pickles =
        [
            [0x80, 2, .. Latin($"c{module}\n{name}\nX"), 5, 0, 0, 0, .. Latin("touch"), 0x85, (byte)'R', (byte)'.'],
            [0x80, 4, .. stackGlobal, 0x8c, 5, .. Latin("touch"), 0x85, (byte)'R', (byte)'.'],
        ];
        foreach (var pickle in pickles)
        {
            var message = Refusal(pickle);
            StringAssert.Contains(message, $"'{module}.{name}'");
            StringAssert.Contains(message, "refused");
        }
    }

    [TestMethod]
    public void A_tensor_that_stands_for_more_than_the_file_can_hold_is_refused()
    {
        (string Key, byte[] Data) storage = ("0", [0, 0, 0x80, 0x3f]);
        // One number, repeated a billion times by a stride of 0.
        StringAssert.Contains(Refusal(OneNumber("J\0\0\0@", stride: "\0"), storage), "stand for");
        // The same number five times is fine.
        var five = PyTorchCheckpoint.Read(Zip(OneNumber("K\x05", stride: "\0"), storage));
        CollectionAssert.AreEqual(new[] { 1f, 1, 1, 1, 1 }, five["a"].Values);
        StringAssert.Contains(Refusal(OneNumber("K\x05", stride: "\x01"), storage), "beyond its storage");

        // {"a": _rebuild_tensor_v2(storage of float32, offset 0, (size,), (stride,), False, None)} as PyTorch writes it.
        static byte[] OneNumber(string size, string stride) => Latin(
            "\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n(" +
            "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQ" +
            $"K\0{size}\x85K{stride}\x85\x89NtRs.");
    }

    [TestMethod]
    public void A_bit_that_flipped_in_the_weights_is_found_by_the_zips_checksum()
    {
        var path = Path.Combine(Folder, "torchvision18.pth");
        var whole = File.ReadAllBytes(path);
        Assert.IsNotEmpty(PyTorchCheckpoint.Read(path));
        long at;
        using (var zip = ZipFile.OpenRead(path))
        {
            var largest = zip.Entries.MaxBy(entry => entry.Length)!;
            using var content = largest.Open();
            var bytes = new byte[largest.Length];
            content.ReadExactly(bytes);
            at = whole.AsSpan().IndexOf(bytes) + bytes.Length / 2;
        }

        whole[at] ^= 64;
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => PyTorchCheckpoint.Read(new MemoryStream(whole)));
        StringAssert.Contains(problem.Message, "CRC-32");
        StringAssert.Contains(problem.Message, "download");
    }

    [TestMethod]
    public void A_dictionary_inside_itself_ends()
    {
        var message = Refusal(Latin("\x80\x02}q\0X\x05\0\0\0modelh\0s."));
        StringAssert.Contains(message, "no weights");
        StringAssert.Contains(message, "model");
    }

    [TestMethod]
    public void Twenty_thousand_damaged_files_are_read_or_refused()
    {
        const int Files = 20_000;
        string[] names = ["torchvision18.pth", "nested34-legacy.pth", "cifar14.th", "bfloat50.safetensors", "strided18.pth"];
        byte[][] whole = [.. names.Select(name => File.ReadAllBytes(Path.Combine(Folder, name)))];
        var random = new Random(20151210);
        var (read, refused) = (0, 0);
        for (var i = 0; i < Files; i++)
        {
            var damaged = Damage(whole[i % whole.Length], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (damaged is [0x50, ..] or [0x80, ..]) PyTorchCheckpoint.Read(new MemoryStream(damaged));
                else SafeTensors.Read(damaged);
                read++;
            }
            catch (InvalidDataException)
            {
                refused++;
            }

            Assert.IsLessThan(4_000_000 + 64L * damaged.Length, GC.GetAllocatedBytesForCurrentThread() - before, $"file {i}");
        }

        TestContext.WriteLine($"{read} were read, {refused} refused.");
        Assert.IsTrue(read > 100 && refused > 1000);
    }

    /// <summary>Changes, removes, repeats or inserts bytes, mostly where the structure is: at the beginning and at the end.</summary>
    private static byte[] Damage(byte[] whole, Random random)
    {
        List<byte> bytes = [.. whole];
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            var at = random.Next(4) switch
            {
                0 => random.Next(bytes.Count),
                1 => bytes.Count - 1 - random.Next(Math.Min(4096, bytes.Count)),
                2 => random.Next(Math.Min(600, bytes.Count)),
                _ => random.Next(Math.Min(24_000, bytes.Count)),
            };
            switch (random.Next(12))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                    break;
                case 3:
                    bytes[at] = (byte)"()}]tuRQbcXKMJ.0123456789"[random.Next(25)];
                    break;
                case 4:
                    bytes[at] = 0xff;
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }

            if (bytes.Count == 0) break;
        }

        return [.. bytes];
    }

    private static string Refusal(byte[] pickle, params (string Key, byte[] Data)[] storages) =>
        Assert.ThrowsExactly<InvalidDataException>(() => PyTorchCheckpoint.Read(Zip(pickle, storages))).Message;

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static MemoryStream Zip(byte[] pickle, params (string Key, byte[] Data)[] storages)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("data.pkl", pickle);
            foreach (var (key, data) in storages) Add($"data/{key}", data);

            void Add(string name, byte[] content)
            {
                using var entry = zip.CreateEntry($"archive/{name}", CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        stream.Position = 0;
        return stream;
    }
}
