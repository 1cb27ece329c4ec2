namespace ResNet.MLNet;

/// <summary>Files of the cache folder whose content is known: what lies there is compared with it before it is used.</summary>
internal static class CachedFile
{
    /// <summary>
    /// Keeps a content as a file of the cache folder or, where that cannot be written, of the private folder among the temporary files. A
    /// file that is there with another content, whoever made it, is replaced.
    /// </summary>
    /// <param name="name">The file's path within the folder.</param>
    /// <param name="content">What has to be in it.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="IOException">It can be written to neither; the message says why.</exception>
    public static string Keep(string name, byte[] content)
    {
        try
        {
            return Keep(CacheFolder.Path, name, content);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return KeepInTemporary(name, content, problem);
        }
    }

    private static string KeepInTemporary(string name, byte[] content, Exception first)
    {
        try
        {
            return Keep(CacheFolder.Temporary, name, content);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"{Path.GetFileName(name)} cannot be kept in the cache folder: {first.Message} Nor among the temporary files: " +
                $"{problem.Message} Set {CacheFolder.Variable} to a folder that can be written.", first);
        }
    }

    private static string Keep(string folder, string name, byte[] content)
    {
        var path = Path.Combine(folder, name);
        if (!Has(path, content)) AtomicFile.Write(path, stream => stream.Write(content));
        return path;
    }

    private static bool Has(string path, byte[] content)
    {
        if (!File.Exists(path)) return false;
        using var file = HeldFile.Open(path);
        return file.Length == content.Length && file.ReadAll().AsSpan().SequenceEqual(content);
    }
}
