using Microsoft.Win32.SafeHandles;

namespace ResNet.MLNet;

/// <summary>
/// Opens what users name, if it is a regular file. Opening a named pipe would wait for ever, and a device may have no end.
/// </summary>
internal static class RegularFile
{
    /// <summary>The most bytes of a text that is read as a whole: settings, names of classes.</summary>
    public const long LongestText = 64 << 20;

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="options">How it will be read.</param>
    /// <exception cref="NotRegularFileException">Something else lies there; the message says what.</exception>
    /// <exception cref="IOException">It is not there or cannot be opened.</exception>
    public static SafeFileHandle OpenHandle(string path, FileOptions options = FileOptions.None)
    {
        Check(path);
        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, options);
    }

    /// <inheritdoc cref="OpenHandle"/>
    public static FileStream OpenRead(string path)
    {
        Check(path);
        return File.OpenRead(path);
    }

    /// <summary>Reads a file as a whole.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="limit">The most bytes that it may have.</param>
    /// <exception cref="NotRegularFileException">Something else lies there; the message says what.</exception>
    /// <exception cref="IOException">It is not there, cannot be read or is longer than the limit.</exception>
    public static byte[] ReadAllBytes(string path, long limit = int.MaxValue)
    {
        using var stream = OpenRead(path);
        limit = Math.Min(limit, Array.MaxLength);
        if (stream.Length > limit)
            throw new IOException($"'{path}' has {stream.Length:N0} bytes; the most that are read as a whole are {limit:N0}.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)stream.Length);
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Reads a text of up to <see cref="LongestText"/> bytes, in UTF-8 unless it begins with another byte order mark.</summary>
    /// <inheritdoc cref="ReadAllBytes" path="/exception"/>
    public static string ReadAllText(string path)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAllBytes(path, LongestText)));
        return reader.ReadToEnd();
    }

    /// <summary>Checks what lies at a path, before it is opened in a way of its own.</summary>
    /// <exception cref="NotRegularFileException">Something else than a regular file; the message says what.</exception>
    public static void Check(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        // What is not there, File.Open says better; on Windows the kind is not known, and nothing but a device of the system waits.
        if (FileStatus.Of(path).Kind is var kind and not (FileKind.Regular or FileKind.None or FileKind.Unknown))
            throw new NotRegularFileException(path, kind);
    }
}

/// <summary>What was to be opened is not a regular file.</summary>
internal sealed class NotRegularFileException(string path, FileKind kind)
    : IOException($"'{path}' is {FileStatus.Name(kind)}, not a regular file.")
{
    /// <summary>What it is.</summary>
    public FileKind Kind { get; } = kind;
}
