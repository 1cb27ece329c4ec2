namespace ResNet.MLNet;

/// <summary>A text file with the names of classes, one a line.</summary>
public static class LabelFile
{
    /// <summary>Reads the names, in the order of the file: without spaces around them and without empty lines.</summary>
    /// <param name="path">A text file in UTF-8 of up to 64 MiB.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It cannot be read, is too long, or is not a regular file; the message names it.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return RegularFile.ReadAllText(path).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }
}
