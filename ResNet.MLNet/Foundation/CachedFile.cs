namespace ResNet.MLNet;

/// <summary>Files of the cache folder whose content is known: what lies there is compared before it is used.</summary>
internal static class CachedFile
{
    /// <summary>Makes sure that a file has a content, whoever made it: writes it, unless it has.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">What has to be in it.</param>
    /// <exception cref="IOException">It has another content or is missing, and cannot be written.</exception>
    public static void Ensure(string path, byte[] content)
    {
        if (!Has(path, content)) AtomicFile.Write(path, stream => stream.Write(content));
    }

    private static bool Has(string path, byte[] content)
    {
        if (!File.Exists(path)) return false;
        using var file = HeldFile.Open(path);
        return file.Length == content.Length && file.ReadAll().AsSpan().SequenceEqual(content);
    }
}
