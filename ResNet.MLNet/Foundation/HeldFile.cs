using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ResNet.MLNet;

/// <summary>
/// A file that is held open, so that it stays the same file whatever happens to its name: another one may be renamed over it, or it may be
/// deleted. It can still be written in place; digests tell that. One that nobody disposed is closed when it is collected.
/// </summary>
internal sealed partial class HeldFile : IDisposable
{
    private const int Unlock = 8;

    // Lists the open files of this process by their handles; opening an entry opens the very file.
    private const string HandleFolder = "/proc/self/fd";

    private readonly FileStream _stream;

    private HeldFile(string path, FileStream stream) => (Path, _stream) = (path, stream);

    /// <summary>The name that it was opened by, as a full path.</summary>
    public string Path { get; }

    /// <summary>Reads it from its beginning; for one reader at a time.</summary>
    public Stream Stream => _stream;

    public long Length => RandomAccess.GetLength(Handle);

    private SafeFileHandle Handle => _stream.SafeFileHandle;

    /// <summary>Opens a file. Others may still write, replace and delete it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotRegularFileException">Something else than a regular file lies there.</exception>
    public static HeldFile Open(string path)
    {
        RegularFile.Check(path);
        const FileShare Others = FileShare.ReadWrite | FileShare.Delete;
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, Others);
        // .NET locks what it opens against its own kind: as long as it is held, File.Copy could not write over it.
        if (!OperatingSystem.IsWindows()) _ = Lock(stream.SafeFileHandle, Unlock);
        return new(System.IO.Path.GetFullPath(path), stream);
    }

    /// <summary>The digest of its first bytes, as they are now.</summary>
    public string DigestOf(long length) => Digest.Of(Handle, length);

    /// <summary>What tells cheaply whether it may have been written since: its length and its time.</summary>
    public (long Length, DateTime Written) Stamp() => (Length, File.GetLastWriteTimeUtc(Handle));

    /// <summary>All its bytes, as they are now.</summary>
    /// <exception cref="InvalidDataException">It has more than an array can hold.</exception>
    public byte[] ReadAll()
    {
        var length = Length;
        if (length > Array.MaxLength) throw new InvalidDataException($"The file has {length:N0} bytes, more than can be read at once.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        var count = 0;
        while (count < bytes.Length && RandomAccess.Read(Handle, bytes.AsSpan(count), count) is > 0 and var more) count += more;
        return count == bytes.Length ? bytes : bytes[..count];
    }

    /// <summary>
    /// Gives a name to code that opens files by name only, which means this very file, as long as it is held. Only Linux has such names.
    /// </summary>
    public bool TryGetNameOfHandle([NotNullWhen(true)] out string? name)
    {
        name = null;
        if (!OperatingSystem.IsLinux()) return false;
        name = $"{HandleFolder}/{Handle.DangerousGetHandle()}";
        return File.Exists(name);
    }

    public void Dispose() => _stream.Dispose();

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Lock(SafeFileHandle file, int operation);
}
