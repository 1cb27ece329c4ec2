using System.Buffers.Binary;

namespace ResNet.Training;

/// <summary>
/// Makes one needed symbol version of a 64-bit ELF library weak, so that the loader only warns when the system's library lacks it.
/// </summary>
/// <remarks>
/// TorchSharp's LibTorchSharp.so names GLIBCXX_3.4.32 (GCC 13) for a single initializer symbol that it never calls through a
/// relocation. On Debian 12 and Ubuntu 22.04, whose libstdc++ ends at 3.4.30, only the loader's version check stands in the way.
/// </remarks>
internal static class ElfVersionPatch
{
    private const ushort WeakFlag = 2;

    /// <summary>Sets the weak flag of every entry that needs this version, in place.</summary>
    /// <param name="image">The library's bytes.</param>
    /// <param name="version">The version's name, such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>How many entries name this version.</returns>
    /// <exception cref="InvalidDataException">The bytes are no 64-bit little-endian ELF library, or are damaged.</exception>
    public static int MakeWeak(byte[] image, string version)
    {
        using var library = new ElfLibrary(new MemoryStream(image, writable: false));
        var found = library.VersionNeeds().Where(need => need.Version == version).ToList();
        foreach (var need in found)
        {
            var flags = image.AsSpan((int)need.FlagsOffset);
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
        }

        return found.Count;
    }
}
