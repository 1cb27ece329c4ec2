namespace ResNet.MLNet;

/// <summary>Keeps what is written from replacing what it is made of.</summary>
public static class OutputFile
{
    /// <summary>
    /// Checks that a file to be written is not one of the files that it is made of, whatever their names: relative paths, symbolic links
    /// and hard links are seen through.
    /// </summary>
    /// <param name="output">The file to write. It need not exist.</param>
    /// <param name="inputs">The files that are read. Names that are not files do not count.</param>
    /// <exception cref="ArgumentException">It is one of them; the message names it.</exception>
    public static void EnsureNotInput(string output, params IEnumerable<string> inputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        ArgumentNullException.ThrowIfNull(inputs);
        var written = FileStatus.Of(output);
        if (!IsFile(written)) return;
        foreach (var input in inputs)
        {
            var read = FileStatus.Of(input);
            if (!IsFile(read) || read.Identity != written.Identity || read.Identity == default) continue;
            throw new ArgumentException(
                $"The output '{output}' is the same file as the input '{input}', which would be lost. Choose another output.");
        }
    }

    private static bool IsFile(FileStatus status) => status.Kind is not (FileKind.None or FileKind.Folder);
}
