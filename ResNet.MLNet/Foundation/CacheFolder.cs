namespace ResNet.MLNet;

/// <summary>
/// The folder for what can be made or fetched again: <c>RESNET_MLNET_HOME</c> if set, else <c>resnet-mlnet</c> in the platform's usual
/// place (<c>~/.cache</c> or <c>XDG_CACHE_HOME</c>, <c>~/Library/Caches</c>, <c>%LOCALAPPDATA%</c>). A user without such a place, or with
/// one that cannot be written, has a private folder among the temporary files.
/// </summary>
internal static class CacheFolder
{
    public const string Variable = "RESNET_MLNET_HOME";

    private const string Name = "resnet-mlnet";

    /// <summary>The folder.</summary>
    /// <exception cref="IOException">It would have to be among the temporary files, and somebody else has made it there.</exception>
    public static string Path
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen) return System.IO.Path.GetFullPath(chosen);
            var usual = PlatformCache() is { } cache ? System.IO.Path.Combine(cache, Name) : null;
            return usual is not null && IsThere(usual) ? usual : Temporary;
        }
    }

    /// <summary>The private folder among the temporary files, for what cannot be written to <see cref="Path"/>.</summary>
    /// <exception cref="IOException">Somebody else has made it.</exception>
    public static string Temporary => PrivateFolder.Get(System.IO.Path.GetTempPath(), Name);

    /// <summary>Whether a folder is there, perhaps only to be read, or can be made.</summary>
    private static bool IsThere(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? PlatformCache()
    {
        if (OperatingSystem.IsWindows()) return NonEmpty(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData));
        if (!OperatingSystem.IsMacOS() && NonEmpty(Environment.GetEnvironmentVariable("XDG_CACHE_HOME")) is { } xdg) return xdg;
        var folder = OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache";
        var home = NonEmpty(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
        return home is null ? null : System.IO.Path.Combine(home, folder);
    }

    private static string? NonEmpty(string? path) => string.IsNullOrEmpty(path) ? null : path;
}
