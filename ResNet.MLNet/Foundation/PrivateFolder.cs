using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>
/// A folder in a place that every user of the machine can write to, such as the one for temporary files, that belongs to this user alone.
/// </summary>
internal static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Gives the folder of this user, which is made if it is not there.</summary>
    /// <param name="place">The folder that everybody can write to.</param>
    /// <param name="name">What the folder's name begins with; the user's number follows.</param>
    /// <exception cref="IOException">Another user made a folder or a link of that name, or others have rights to it.</exception>
    public static string Get(string place, string name)
    {
        // On Windows the place is the user's own.
        if (OperatingSystem.IsWindows()) return Path.Combine(place, name);
        var user = CurrentUser();
        var path = Path.Combine(place, $"{name}-{user}");
        Directory.CreateDirectory(path, OwnerOnly);
        var found = FileStatus.OfItself(path);
        if (found.Kind == FileKind.Folder && found.Owner == user && found.Permissions == OwnerOnly) return path;
        throw new IOException(
            $"'{path}' is not a folder that belongs to this user alone, so what is in it cannot be trusted. Remove it, or set " +
            $"{CacheFolder.Variable} to a folder of your own.");
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint CurrentUser();
}
