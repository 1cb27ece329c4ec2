namespace ResNet.MLNet;

/// <summary>
/// The folder for what can be made or fetched again: <c>RESNET_MLNET_HOME</c> if set, else <c>resnet-mlnet</c> in the platform's usual
/// place (<c>~/.cache</c> or <c>XDG_CACHE_HOME</c>, <c>~/Library/Caches</c>, <c>%LOCALAPPDATA%</c>).
/// </summary>
internal static class CacheFolder
{
    public const string Variable = "RESNET_MLNET_HOME";

    public static string Path
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen) return System.IO.Path.GetFullPath(chosen);
            return System.IO.Path.Combine(PlatformCache() ?? System.IO.Path.GetTempPath(), "resnet-mlnet");
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
