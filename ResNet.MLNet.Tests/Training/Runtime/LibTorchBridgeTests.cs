using System.Buffers.Binary;
using System.Text;

namespace ResNet.Tests;

/// <summary>One flag of one version entry is changed, and nothing else.</summary>
[TestClass]
public sealed class LibTorchBridgeTests
{
    [TestMethod]
    public void Only_the_flag_of_the_named_version_changes()
    {
        var image = Library("GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
        var patched = image.ToArray();
        Assert.AreEqual(1, LibTorchBridge.MakeWeak(patched, "GLIBCXX_3.4.32"));
        var changed = Enumerable.Range(0, image.Length).Where(index => image[index] != patched[index]).ToList();
        Assert.HasCount(1, changed);
        Assert.AreEqual(2, patched[changed[0]]);
        Assert.AreEqual(0, LibTorchBridge.MakeWeak(image.ToArray(), "GLIBCXX_3.4"), "A name that only begins like it is another one.");
    }

    [TestMethod]
    public void What_is_no_library_or_a_cut_off_one_is_refused()
    {
        Assert.ThrowsExactly<InvalidDataException>(() => LibTorchBridge.MakeWeak("MZ, a Windows library"u8.ToArray(), "X"));
        var image = Library("GLIBCXX_3.4.32");
        for (var length = 6; length < image.Length; length += 7)
        {
            var part = image[..length];
            Assert.ThrowsExactly<InvalidDataException>(() => LibTorchBridge.MakeWeak(part, "GLIBCXX_3.4.32"));
        }
    }

    /// <summary>
    /// The least of an ELF file that has version needs: header, strings, one need with an entry for each version, two section headers.
    /// </summary>
    private static byte[] Library(params string[] versions)
    {
        var names = Encoding.ASCII.GetBytes("\0" + string.Concat(versions.Select(version => version + "\0")));
        int strings = 64, needs = strings + names.Length, headers = needs + 16 + 16 * versions.Length;
        var image = new byte[headers + 2 * 64];
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1 }.CopyTo(image, 0);
        Write64(0x28, headers);
        Write16(0x3a, 64);
        Write16(0x3c, 2);
        names.CopyTo(image, strings);
        Write16(needs, 1);
        Write16(needs + 2, versions.Length);
        Write32(needs + 8, 16);
        var name = 1;
        for (var i = 0; i < versions.Length; i++)
        {
            var entry = needs + 16 + 16 * i;
            Write32(entry + 8, name);
            Write32(entry + 12, 16);
            name += versions[i].Length + 1;
        }

        // Section 0: the strings; section 1: the needs, linked to them, one of them.
        Write64(headers + 0x18, strings);
        Write64(headers + 0x20, names.Length);
        Write32(headers + 64 + 4, 0x6ffffffe);
        Write64(headers + 64 + 0x18, needs);
        Write64(headers + 64 + 0x20, 16 + 16 * versions.Length);
        Write32(headers + 64 + 0x2c, 1);
        return image;

        void Write16(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), (ushort)value);
        void Write32(int at, int value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), (uint)value);
        void Write64(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(at), value);
    }
}
