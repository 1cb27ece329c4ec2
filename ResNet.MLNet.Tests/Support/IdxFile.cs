using System.Buffers.Binary;
using System.IO.Compression;

namespace ResNet.Tests;

/// <summary>Writes IDX files of bytes.</summary>
internal static class IdxFile
{
    public static void Write(string path, bool zip, int[] size, byte[] data)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        using Stream stream = zip ? new GZipStream(file, CompressionLevel.Fastest) : file;
        var number = new byte[4];
        foreach (var value in size.Prepend(8 << 8 | size.Length))
        {
            BinaryPrimitives.WriteInt32BigEndian(number, value);
            stream.Write(number);
        }

        stream.Write(data);
    }
}
