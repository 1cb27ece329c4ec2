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
        var five = Read(Zip(OneNumber("K\x05", stride: "\0"), storage));
        CollectionAssert.AreEqual(new[] { 1f, 1, 1, 1, 1 }, five["a"].Values);
        foreach (var size in new[] { "K\x05", "K\x02" })
            StringAssert.Contains(Refusal(OneNumber(size, stride: "\x01"), storage), "beyond its storage");
        StringAssert.Contains(Refusal(OneNumber("J\xff\xff\xff\xff", stride: "\x01"), storage), "size or stride");

        // {"a": _rebuild_tensor_v2(storage of float32, offset 0, (size,), (stride,), False, None)} as PyTorch writes it.
        static byte[] OneNumber(string size, string stride) => Latin(
            "\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n(" +
            "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQ" +
            $"K\0{size}\x85K{stride}\x85\x89NtRs.");
    }

    [TestMethod]
    [DataRow(0, "(K\x02K\x03t", "(K\x03K\x01t", "0 1 2 3 4 5")]
    [DataRow(0, "(K\x03K\x02t", "(K\x01K\x03t", "0 3 1 4 2 5")]
    [DataRow(1, "K\x04\x85", "K\x01\x85", "1 2 3 4")]
    [DataRow(1, "K\x03\x85", "K\x02\x85", "1 3 5")]
    [DataRow(5, "K\x01\x85", "K\x07\x85", "5")]
    [DataRow(0, "K\x07\x85", "K\x01\x85", "beyond its storage")]
    [DataRow(3, "(K\x02K\x02t", "(K\x02K\x01t", "beyond its storage")]
    [DataRow(-1, "K\x01\x85", "K\x01\x85", "beyond its storage")]
    [DataRow(0, "(J\0\0\0@J\0\0\0@J\0\0\0@J\0\0\0@J\0\0\0@t", "(K\0K\0K\0K\0K\0t", "more numbers than this reader takes")]
    public void A_tensor_is_a_view_of_its_storage_and_no_more(int offset, string shape, string strides, string expected)
    {
        // Six numbers, 0 to 5.
        var storage = Enumerable.Range(0, 6).SelectMany(number => BitConverter.GetBytes((float)number)).ToArray();
        var pickle = Latin("\x80\x02}Va\nctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\x06tQ" +
            $"I{offset}\n{shape}{strides}\x89NtRs.");
        if (char.IsLetter(expected[0])) StringAssert.Contains(Refusal(pickle, ("0", storage)), expected);
        else Assert.AreEqual(expected, string.Join(' ', Read(Zip(pickle, ("0", storage)))["a"].Values));
    }

    [TestMethod]
    public void A_zip_of_another_byte_order_and_a_compressed_one_are_refused()
    {
        using var order = TorchFile.Zip(("data.pkl", Latin("}.")), ("byteorder", Latin("big")));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Read(order)).Message, "big-endian");
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (var entry = zip.CreateEntry("archive/data.pkl", CompressionLevel.Optimal).Open()) entry.Write(new byte[60]);
        stream.Position = 0;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Read(stream)).Message, "compressed");
    }

    [TestMethod]
    public void A_view_takes_as_long_as_its_own_numbers_however_far_apart_they_lie()
    {
        const int Views = 500, Numbers = 1_000_000;
        // Two numbers, the first and the last of a storage of 4 MB.
        var view = "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQ" +
            "K\0K\x02\x85J\x3f\x42\x0f\0\x85\x89NtR";
        var pickle = string.Concat(Enumerable.Range(100, Views).Select(number => $"X\x03\0\0\0{number}{view}"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var tensors = Read(Zip(Latin($"\x80\x02}}({pickle}u."), ("0", new byte[sizeof(float) * Numbers])));
        Assert.HasCount(Views, tensors);
        Assert.IsLessThan(100_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Sizes_beyond_all_bounds_may_stand_beside_a_zero()
    {
        Assert.IsEmpty(new WeightTensor([int.MaxValue, int.MaxValue, int.MaxValue, 0], []).Values);
        Assert.ThrowsExactly<ArgumentException>(() => new WeightTensor([int.MaxValue, int.MaxValue, int.MaxValue], []));
    }

    [TestMethod]
    [DataRow("\x80\x02}X\x01\0\0\0a\x8a\x01\x05s.", "a: 5")]
    [DataRow("\x80\x02}X\x01\0\0\0a\x8b\x01\0\0\0\x05s.", "a: 5")]
    [DataRow("(dS'a'\nI5\ns.", "a: 5")]
    [DataRow("(dp0\nVa\nL5L\nsg0\n0.", "a: 5")]
    [DataRow("(S'a'\nF2.5\nd.", "a: 2.5")]
    [DataRow("(S'a'\n(I1\nI2\nld.", "a: [1, 2]")]
    [DataRow("(S'a'\n(I1\nimy\nThing\nd.", "a: my.Thing(1)")]
    [DataRow("(S'a'\n(cmy\nThing\nI1\nod.", "a: my.Thing(1)")]
    [DataRow("(S'a'\nPsomewhere\nd.", "a: an object outside of the pickle()")]
    [DataRow("(S'a'\ncmy\nThing\n(I1\ntR}bd.", "a: my.Thing(1, {})")]
    [DataRow("\x80\x02}X\x01\0\0\0acmy\nThing\n)}\x92s.", "a: my.Thing([], {})")]
    [DataRow("\x80\x04}\x8c\u0001a\x8f(K\x01K\x02\x90s.", "a: [1, 2]")]
    [DataRow("\x80\x04}\x8c\u0001a(K\x01\x91s.", "a: [1]")]
    [DataRow("\x80\x04}\x8c\u0001a\x8e\x02\0\0\0\0\0\0\0xys.", "a: 2 bytes")]
    [DataRow("\x80\x05}\x8c\u0001a\x96\x02\0\0\0\0\0\0\0xys.", "a: 2 bytes")]
    [DataRow("}Va\nJ\xff\xff\xff\xffs.", "a: -1")]
    [DataRow("}Va\nG\x40\x04\0\0\0\0\0\0s.", "a: 2.5")]
    [DataRow("}Va\n(\x88\x89Nts.", "a: [True, False, ]")]
    [DataRow("}U\u0001aT\x01\0\0\0xs.", "a: x")]
    [DataRow("}\x8d\x01\0\0\0\0\0\0\0xC\x01ys.", "x: 1 bytes")]
    [DataRow("}Va\nB\x02\0\0\0xys.", "a: 2 bytes")]
    [DataRow("}Va\n]I1\naI2\nas.", "a: [1, 2]")]
    [DataRow("}Va\nI1\n2\x86s.", "a: [1, 1]")]
    [DataRow("}Va\n(I1\nI2\n1I3\ns.", "a: 3")]
    [DataRow("\x80\x04\x95\0\0\0\0\0\0\0\0}Va\nK\x05s.", "a: 5")]
    public void Pickles_of_all_protocols_become_plain_objects_and_placeholders(string pickle, string expected)
    {
        var read = new Unpickler(Latin(pickle), PyTorchObjects.Construct, PyTorchObjects.Storage).Read();
        Assert.AreEqual($"{{{expected}}}", Describe(read));

        static string Describe(object? value) => value switch
        {
            PickleObject made => $"{made.Maker}({string.Join(", ", made.Parts.Select(Describe))})",
            PickleDictionary { Entries: var entries } => $"{{{string.Join(", ", entries.Select(Pair))}}}",
            byte[] bytes => $"{bytes.Length} bytes",
            IEnumerable<object?> items => $"[{string.Join(", ", items.Select(Describe))}]",
            _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value}"),
        };

        static string Pair((object? Key, object? Value) entry) => $"{entry.Key}: {Describe(entry.Value)}";
    }

    [TestMethod]
    [DataRow("\x80\x02\x82\x01.", "extension")]
    [DataRow("\x80\x05\x97.", "0x97")]
    [DataRow("Iabc\n.", "not a number")]
    [DataRow("Fabc\n.", "not a number")]
    [DataRow("\x80\x06.", "a protocol above 5")]
    [DataRow(".", "nothing where something is wanted")]
    [DataRow("I1\n(0.", "nothing where something is wanted")]
    [DataRow("I1\n(\x85t.", "nothing where something is wanted")]
    [DataRow("I1\nt.", "an end without its beginning")]
    [DataRow("}(I1\nu.", "a key without a value")]
    [DataRow("I1\nI2\na.", "something other than a list")]
    [DataRow("I1\nI2\nI3\ns.", "something other than a dictionary")]
    [DataRow("I1\nI2\n\x93.", "a global without a name")]
    [DataRow("I1\n)R.", "a call of what is not a global")]
    [DataRow("h\u0007.", "a reference to 7")]
    [DataRow("g-1\n.", "a reference that is not a number")]
    [DataRow("X\x05\0\0\0xyz.", "It is cut off or damaged")]
    [DataRow("cmy\nThing", "cut off in the middle of a line")]
    public void Pickles_that_only_their_writer_can_read_are_refused(string pickle, string expected) =>
        StringAssert.Contains(Refusal(Latin(pickle)), expected);

    [TestMethod]
    public void A_bit_that_flipped_in_the_weights_is_found_by_the_zips_checksum()
    {
        var path = Path.Combine(Folder, "torchvision18.pth");
        var whole = File.ReadAllBytes(path);
        Assert.IsNotEmpty(Read(new MemoryStream(whole)));
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
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => Read(new MemoryStream(whole)));
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
                if (damaged is [0x50, ..] or [0x80, ..]) Read(new MemoryStream(damaged));
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

    /// <summary>All tensors, whatever network they are of.</summary>
    private static StateDict Read(Stream file)
    {
        using var opened = PyTorchCheckpoint.Open(file);
        if (opened.Sets.Count == 0) throw new InvalidDataException(opened.WithoutNetwork);
        var tensors = new StateDict();
        foreach (var (set, index) in opened.Sets.Select((set, index) => (set, index)))
        {
            foreach (var (name, tensor) in set.Tensors) tensors.Add(index == 0 ? name : $"{index}: {name}", tensor.Read());
        }

        return tensors;
    }

    private static string Refusal(byte[] pickle, params (string Key, byte[] Data)[] storages) =>
        Assert.ThrowsExactly<InvalidDataException>(() => Read(Zip(pickle, storages))).Message;

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static MemoryStream Zip(byte[] pickle, params (string Key, byte[] Data)[] storages) =>
        TorchFile.Zip([("data.pkl", pickle), .. storages.Select(each => ($"data/{each.Key}", each.Data))]);
}
