using System.Buffers.Binary;
using System.Text;

namespace ResNet.Tests;

/// <summary>safetensors files are read and written as the format says, and damaged ones refused by name.</summary>
[TestClass]
public sealed class SafeTensorsTests
{
    [TestMethod]
    public void What_is_written_is_read_back()
    {
        using var folder = new TemporaryFolder();
        var weights = new StateDict
        {
            { "b", new([2, 3], [1, -2, float.NaN, 4, 5, float.MaxValue]) },
            { "a", new([], [7]) },
            { "empty", new([0, 4], []) },
        };
        WeightFile.Write(folder.PathOf("w.safetensors"), weights, new Dictionary<string, string> { ["note"] = "a \"quoted\" ü" });
        var (read, metadata) = WeightFile.ReadStored(folder.PathOf("w.safetensors"));
        CollectionAssert.AreEquivalent(weights.Keys.ToList(), read.Keys.ToList());
        foreach (var (name, tensor) in weights)
        {
            CollectionAssert.AreEqual(tensor.Shape.ToList(), read[name].Shape.ToList());
            CollectionAssert.AreEqual(tensor.Values, read[name].Values);
        }

        Assert.AreEqual("a \"quoted\" ü", metadata["note"]);
        Assert.HasCount(1, Directory.GetFiles(folder.Path), "Nothing but the file is left.");
    }

    [TestMethod]
    public void No_bit_of_what_was_written_can_flip_unnoticed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("w.safetensors");
        var weights = new StateDict { { "a", new([40], [.. Enumerable.Range(0, 40).Select(value => value / 7f)]) } };
        WeightFile.Write(path, weights, new Dictionary<string, string> { ["note"] = "text", ["other"] = "more" });
        var whole = System.IO.File.ReadAllBytes(path);
        Assert.HasCount(2, SafeTensors.Read(whole).Metadata, "The digests are not the user's.");
        for (var bit = 0; bit < 8 * whole.Length; bit++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(damaged), $"byte {bit / 8}");
        }

        // One digest is hidden and a weight is another one.
        foreach (var entry in new[] { "resnet.digest\"", "resnet.digest.again" })
        {
            var damaged = (byte[])whole.Clone();
            damaged[damaged.AsSpan().IndexOf(Encoding.ASCII.GetBytes(entry))] = (byte)'x';
            damaged[^1] ^= 64;
            var problem = Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(damaged));
            StringAssert.Contains(problem.Message, "damaged");
        }
    }

    [TestMethod]
    public void Half_bfloat16_and_double_are_widened_or_rounded_and_counters_left_out()
    {
        byte[] data = [0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0x04, 0x40, 9, 0, 0, 0, 0, 0, 0, 0];
        var header = """
            {"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
            "brain":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},
            "double":{"dtype":"F64","shape":[1],"data_offsets":[6,14]},
            "n":{"dtype":"I64","shape":[],"data_offsets":[14,22]}}
            """;
        var (read, _) = SafeTensors.Read(File(header, data));
        CollectionAssert.AreEqual(new[] { 1f, -2f }, read["half"].Values);
        CollectionAssert.AreEqual(new[] { 1f }, read["brain"].Values);
        CollectionAssert.AreEqual(new[] { 2.5f }, read["double"].Values);
        Assert.IsFalse(read.ContainsKey("n"));
    }

    [TestMethod]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "a")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", "a")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "a")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", "a")]
    [DataRow("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", "F33")]
    [DataRow("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", "a")]
    [DataRow("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "overlap")]
    [DataRow("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}""", "gap")]
    [DataRow("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "1 bytes behind")]
    [DataRow("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "twice")]
    [DataRow("""{"a":{"dtype":"U8","shape":[5],"data_offsets":[-1,4]}}""", "outside")]
    [DataRow("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}""", "outside")]
    [DataRow("""{"a":{"dtype":"F32","shape":[65536,65536,65536,65536,65536,65536,65536,65536],"data_offsets":[0,0]}}""", "a")]
    [DataRow("""[1]""", "JSON")]
    [DataRow("""{"a":""", "header")]
    public void Damaged_headers_are_refused(string header, string expected)
    {
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(File(header, new byte[4])));
        StringAssert.Contains(problem.Message, expected);
    }

    [TestMethod]
    public void What_is_too_short_is_refused()
    {
        for (var length = 0; length < 10; length++)
            Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(new byte[length]), $"{length} bytes");
        Assert.IsEmpty(SafeTensors.Read(File("{}", [])).Tensors);
        byte[] beyond = [3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'];
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => SafeTensors.Read(beyond)).Message, "cut off");
    }

    [TestMethod]
    public void Values_begin_at_a_multiple_of_eight_bytes()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "a", "ab", "abc", "abcd" })
        {
            WeightFile.Write(folder.PathOf(name), new StateDict { { name, new([1], [1]) } });
            Assert.AreEqual(0, BinaryPrimitives.ReadInt64LittleEndian(System.IO.File.ReadAllBytes(folder.PathOf(name))) % 8, name);
        }
    }

    [TestMethod]
    public void A_file_that_is_something_else_is_named()
    {
        using var folder = new TemporaryFolder();
        System.IO.File.WriteAllText(folder.PathOf("text.safetensors"), "This is a text.");
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => WeightFile.ReadStored(folder.PathOf("text.safetensors")));
        StringAssert.Contains(problem.Message, "text.safetensors");
    }

    private static byte[] File(string header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, Encoding.UTF8.GetByteCount(header));
        return [.. length, .. Encoding.UTF8.GetBytes(header), .. data];
    }
}
