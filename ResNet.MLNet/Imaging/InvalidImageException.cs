namespace ResNet.MLNet;

/// <summary>
/// An image cannot be read: no such file, not an image, cut off, too large. The message names the file, where there is one.
/// </summary>
public sealed class InvalidImageException : Exception
{
    /// <summary>Says what is wrong.</summary>
    /// <param name="reason">What is wrong, as a sentence.</param>
    /// <param name="path">The file; null for an image in memory.</param>
    /// <param name="inner">What was thrown first.</param>
    public InvalidImageException(string reason, string? path = null, Exception? inner = null)
        : base(path is null ? reason : $"'{path}': {reason}", inner)
    {
        (Reason, Path) = (reason, path);
    }

    /// <summary>What is wrong, without the file's name.</summary>
    public string Reason { get; }

    /// <summary>The file; null for an image in memory.</summary>
    public string? Path { get; }

    /// <summary>
    /// Whether it may well be an image, but has more pixels or bytes than the limits or the memory allow. Default: false.
    /// </summary>
    public bool IsTooLarge { get; init; }
}
