namespace ResNet.MLNet;

/// <summary>
/// The whole SHA-256 of a checkpoint of which only the beginning is known, as it was when it was first here, in a file as
/// <c>sha256sum</c> writes it. Later downloads must have it. Whoever has it from a trustworthy place can put the file there himself.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class HashRecord(string path)
{
    private const int Digits = 64;

    /// <summary>What a checkpoint's SHA-256 has to be, or how it has to begin.</summary>
    /// <param name="known">What the catalog knows.</param>
    /// <returns>The whole one, from the catalog or else from the record; the beginning if neither has it.</returns>
    /// <exception cref="IOException">The record is damaged or of another file.</exception>
    public string Read(string known)
    {
        if (known.Length == Digits || !File.Exists(path)) return known;
        var hash = File.ReadAllText(path).Split(' ', '\n')[0];
        var isHash = hash.Length == Digits && hash.All(char.IsAsciiHexDigit);
        if (isHash && hash.StartsWith(known, StringComparison.OrdinalIgnoreCase)) return hash;
        throw new IOException($"'{path}' has to hold a SHA-256 that begins with {known}, and does not. Delete it.");
    }

    /// <summary>Keeps the hash of a checkpoint that is here, if it was not known.</summary>
    public void Write(string known, string hash)
    {
        if (known.Length == Digits) return;
        using var text = new MemoryStream(System.Text.Encoding.ASCII.GetBytes($"{hash}  {Path.GetFileNameWithoutExtension(path)}\n"));
        AtomicFile.Write(path, text.CopyTo);
    }
}
