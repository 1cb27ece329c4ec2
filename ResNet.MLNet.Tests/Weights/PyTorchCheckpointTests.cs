using System.IO.Compression;
using System.Text;

namespace ResNet.Tests;

/// <summary>A checkpoint is read or refused by name, whatever is in it. It runs no code, and costs no more than its size deserves.</summary>
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
        byte[][] pickles =
        [
            [0x80, 2, .. Latin($"c{module}\n{name}\nX"), 5, 0, 0, 0, .. Latin("touch"), 0x85, (byte)'R', (byte)'.'],
            [0x80, 4, 0x8c, (byte)module.Length, .. Latin(module), 0x8c, (byte)name.Length, .. Latin(name), 0x93, 0x8c, 5, .. Latin("touch"), 0x85, (byte)'R', (byte)'.'],
        ];
        foreach (var pickle in pickles)
        {
            var problem = Assert.ThrowsExactly<InvalidDataException>(() => PyTorchCheckpoint.Read(Zip(pickle)));
            StringAssert.Contains(problem.Message, $"'{module}.{name}'");
            StringAssert.Contains(problem.Message, "refused");
        }
    }

    [TestMethod]
    public void A_tensor_that_stands_for_more_than_the_file_can_hold_is_refused()
    {
        // One number, repeated a billion times by a stride of 0.
        var pickle = Latin("\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQK\0J\0\0\0@\x85K\0\x85\x89NtRs.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PyTorchCheckpoint.Read(Zip(pickle, ("0", new byte[4])))).Message, "stand for");
        // The same number once is fine.
        pickle = Latin("\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQK\0K\x05\x85K\0\x85\x89NtRs.");
        CollectionAssert.AreEqual(new[] { 1f, 1, 1, 1, 1 }, PyTorchCheckpoint.Read(Zip(pickle, ("0", [0, 0, 0x80, 0x3f])))["a"].Values);
        pickle = Latin("\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQK\0K\x05\x85K\x01\x85\x89NtRs.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => PyTorchCheckpoint.Read(Zip(pickle, ("0", [0, 0, 0x80, 0x3f])))).Message, "beyond its storage");
    }

    [TestMethod]
    public void A_dictionary_inside_itself_ends()
    {
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => PyTorchCheckpoint.Read(Zip(Latin("\x80\x02}q\0X\x05\0\0\0modelh\0s."))));
        StringAssert.Contains(problem.Message, "no weights");
        StringAssert.Contains(problem.Message, "model");
    }

    [TestMethod]
    public void Twenty_thousand_damaged_files_are_read_or_refused()
    {
        const int Files = 20_000;
        byte[][] whole = [.. new[] { "torchvision18.pth", "nested34-legacy.pth", "cifar14.th", "bfloat50.safetensors", "strided18.pth" }.Select(name => File.ReadAllBytes(Path.Combine(Folder, name)))];
        var random = new Random(20151210);
        var (read, refused) = (0, 0);
        for (var i = 0; i < Files; i++)
        {
            var damaged = Damage(whole[i % whole.Length], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                _ = damaged is [0x50, ..] or [0x80, ..] ? PyTorchCheckpoint.Read(new MemoryStream(damaged)) : SafeTensors.Read(damaged).Tensors;
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

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static MemoryStream Zip(byte[] pickle, params (string Key, byte[] Data)[] storages)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in storages.Select(storage => ($"archive/data/{storage.Key}", storage.Data)).Prepend(("archive/data.pkl", pickle)))
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        stream.Position = 0;
        return stream;
    }
}
