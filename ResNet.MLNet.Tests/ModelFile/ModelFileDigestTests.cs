using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Text;
using Google.Protobuf;
using Microsoft.ML;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>A model file states a digest of itself, and what does not have it is not used.</summary>
[TestClass]
public sealed class ModelFileDigestTests
{
    [TestMethod]
    public void No_bit_of_a_file_can_flip_unnoticed()
    {
        using var world = new ImageWorld(images: 1);
        var whole = File.ReadAllBytes(world.ModelFile);
        var random = new Random(1);
        for (var i = 0; i < 400; i++)
        {
            // The last of them within the digests and the card.
            var at = random.Next(i < 300 ? 0 : whole.Length - 600, whole.Length);
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(world.ModelFile, damaged);
            Assert.ThrowsExactly<InvalidDataException>(() => Run(world), $"byte {at}");
        }
    }

    [TestMethod]
    public void Damage_that_hides_a_digest_is_noticed_as_well()
    {
        using var world = new ImageWorld(images: 1);
        var whole = File.ReadAllBytes(world.ModelFile);
        foreach (var key in new[] { "resnet.digest", "resnet.card.digest", "resnet.card" })
        {
            var at = whole.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(key));
            var damaged = (byte[])whole.Clone();
            damaged[at] = (byte)'x';
            // Weights, too.
            damaged[whole.Length / 2] ^= 64;
            File.WriteAllBytes(world.ModelFile, damaged);
            var problem = Assert.ThrowsExactly<InvalidDataException>(() => Run(world), key);
            StringAssert.Contains(problem.Message, world.ModelFile);
            StringAssert.Contains(problem.Message, "damaged");
        }

        File.WriteAllBytes(world.ModelFile, whole[..^ModelFileSeal.Length]);
        Assert.ThrowsExactly<InvalidDataException>(() => Run(world), "cut off before the last entry");
    }

    [TestMethod]
    public void A_change_by_another_program_is_refused_until_the_digests_are_removed()
    {
        using var world = new ImageWorld(images: 1);
        var expected = world.Expected(world.Paths[0], ResNetOutput.Probabilities);
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.ModelFile));
        model.DocString = "edited";
        File.WriteAllBytes(world.ModelFile, model.ToByteArray());
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => Run(world));
        StringAssert.Contains(problem.Message, "resnet.card.digest and resnet.digest");

        foreach (var entry in model.MetadataProps.Where(entry => entry.Key.EndsWith("digest", StringComparison.Ordinal)).ToList())
            model.MetadataProps.Remove(entry);
        File.WriteAllBytes(world.ModelFile, model.ToByteArray());
        CollectionAssert.AreEqual(expected, Run(world));
        using var opened = ResNetModel.Open(world.ModelFile);
        Assert.IsNull(opened.Digest);
        opened.CheckFile();
    }

    [TestMethod]
    public void Labels_and_starting_points_and_pipelines_are_checked()
    {
        using var world = new ImageWorld(images: 1);
        var zip = world.PathOf("pipeline.zip");
        using (var fitted = world.Context.Transforms.ApplyResNet(world.ModelFile).Fit(world.Data()))
            world.Context.Model.Save(fitted, world.Data().Schema, zip);
        foreach (var (entry, text) in new[] { ("model.onnx", "class0"), ("options.json", "Features") })
        {
            File.Copy(zip, zip + ".damaged", overwrite: true);
            ChangeText(zip + ".damaged", entry, text);
            var loading = Assert.Throws<Exception>(() => new MLContext().Model.Load(zip + ".damaged", out _), entry);
            StringAssert.Contains(loading.GetBaseException().Message, "damaged");
        }

        var damaged = File.ReadAllBytes(world.ModelFile);
        damaged[damaged.Length / 2] ^= 64;
        File.WriteAllBytes(world.ModelFile, damaged);
        var starting = Assert.ThrowsExactly<InvalidDataException>(() => StartingPoint.Open(world.ModelFile));
        StringAssert.Contains(starting.Message, "damaged");

        damaged[damaged.AsSpan().LastIndexOf("class1"u8)] = (byte)'g';
        File.WriteAllBytes(world.ModelFile, damaged);
        var labels = Assert.ThrowsExactly<InvalidDataException>(() => world.Context.Transforms.MapResNetLabels(world.ModelFile));
        StringAssert.Contains(labels.Message, "damaged");
    }

    [TestMethod]
    public void Weights_outside_the_file_are_refused()
    {
        using var world = new ImageWorld(images: 1);
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.ModelFile));
        var tensor = model.Graph.Initializer[0];
        tensor.RawData = ByteString.Empty;
        // external_data: location = side.bin; data_location: EXTERNAL.
        var location = new StringStringEntryProto { Key = "location", Value = "side.bin" }.ToByteArray();
        tensor.MergeFrom([13 << 3 | 2, (byte)location.Length, .. location, 14 << 3, 1]);
        File.WriteAllBytes(world.ModelFile, ModelFile.ToBytes(model));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(world.ModelFile));
        StringAssert.Contains(problem.Message, "'side.bin'");

        model.MetadataProps.Clear();
        File.WriteAllBytes(world.ModelFile, model.ToByteArray());
        var foreign = Assert.ThrowsExactly<InvalidDataException>(() => ResNetModel.Open(world.ModelFile, ImagePreprocessing.Small(32)));
        StringAssert.Contains(foreign.Message, "'side.bin'");
    }

    [TestMethod]
    public void The_digest_is_what_the_documentation_says()
    {
        var content = new byte[1000];
        new Random(1).NextBytes(content);
        // One CRC over each of four interleaved sequences of eight bytes, filled up with zeros, and over the length.
        var filled = content.Concat(new byte[24]).ToArray();
        var lanes = Enumerable.Range(0, 4).Select(lane =>
        {
            var crc = uint.MaxValue;
            for (var at = 8 * lane; at < filled.Length; at += 32)
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(filled.AsSpan(at)));
            return BitOperations.Crc32C(crc, (ulong)content.Length).ToString("x8");
        });
        var expected = $"crc32c4:{string.Concat(lanes)}";
        Assert.AreEqual(expected, Digest.Of(content));
        Assert.HasCount(Digest.Length, expected);

        var parts = new Digest();
        for (var (at, size) = (0, 0); at < content.Length; at += size, size = (size + 13) % 70)
            parts.Append(content.AsSpan(at, Math.Min(size, content.Length - at)));
        Assert.AreEqual(expected, parts.ToString());
        Assert.AreNotEqual(expected, Digest.Of(filled), "Zeros at the end count.");
    }

    private static float[] Run(ImageWorld world)
    {
        using var model = ResNetModel.Open(world.ModelFile);
        return model.Run(world.Paths[0]);
    }

    private static void ChangeText(string zip, string name, string text)
    {
        using var archive = ZipFile.Open(zip, ZipArchiveMode.Update);
        using var content = archive.Entries.Single(entry => entry.Name == name).Open();
        var bytes = new byte[content.Length];
        content.ReadExactly(bytes);
        content.Position = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
        content.WriteByte((byte)'x');
    }
}
