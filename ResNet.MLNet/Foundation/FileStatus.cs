using System.Runtime.InteropServices;

namespace ResNet.MLNet;

/// <summary>What lies at a path.</summary>
internal enum FileKind
{
    /// <summary>Nothing: there is no such name, or it is a link to nothing or a circle of links.</summary>
    None,
    Regular,
    Folder,
    Link,
    Fifo,
    Socket,
    Device,

    /// <summary>The operating system does not say.</summary>
    Unknown,
}

/// <summary>Tells whether two paths are one file: its device and its number there; where these are not known, its path.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Number, string? Path = null);

/// <summary>
/// What the operating system says of a path, without opening it: .NET's own attributes do not tell a regular file from a named pipe, whose
/// opening waits until somebody writes to it.
/// </summary>
internal readonly record struct FileStatus(FileKind Kind, FileIdentity Identity)
{
    private const int AtCurrentFolder = -100, NoFollow = 0x100, TypeModeOwnerAndInode = 0x10b;
    private const int NoEntry = 2, NotAFolder = 20, LinkLoopLinux = 40, LinkLoopMac = 62;

    /// <summary>The number of the user whom it belongs to; null where the system does not say.</summary>
    public uint? Owner { get; private init; }

    /// <summary>Who may do what with it; nobody anything where the system does not say.</summary>
    public UnixFileMode Permissions { get; private init; }

    /// <summary>The status of what a path leads to, through all links.</summary>
    public static FileStatus Of(string path) => Read(path, followsLinks: true);

    /// <summary>The status of a path itself, which may be a link.</summary>
    public static FileStatus OfItself(string path) => Read(path, followsLinks: false);

    /// <summary>Whether a path is itself a link.</summary>
    public static bool IsLink(string path) => OfItself(path).Kind == FileKind.Link;

    /// <summary>A kind as messages name it, such as "a FIFO (named pipe)".</summary>
    public static string Name(FileKind kind) => kind switch
    {
        FileKind.Folder => "a folder",
        FileKind.Link => "a link",
        FileKind.Fifo => "a FIFO (named pipe)",
        FileKind.Socket => "a socket",
        FileKind.Device => "a device",
        _ => "a link to nothing, or a name that is not UTF-8",
    };

    private static FileStatus Read(string path, bool followsLinks)
    {
        // A path with a zero character would be cut there.
        if (path.Contains('\0')) return default;
        try
        {
            if (OperatingSystem.IsLinux()) return OfLinux(path, followsLinks);
            if (OperatingSystem.IsMacOS()) return OfMac(path, followsLinks);
        }
        catch (EntryPointNotFoundException)
        {
            // An older C library: what .NET says has to do.
        }

        return OfAttributes(path, followsLinks);
    }

    private static FileStatus OfLinux(string path, bool followsLinks)
    {
        var failed = Statx(AtCurrentFolder, path, followsLinks ? 0 : NoFollow, TypeModeOwnerAndInode, out var status) != 0;
        if (failed) return Failed();
        var device = ((ulong)status.DeviceMajor << 32) | status.DeviceMinor;
        return new(KindOf(status.Mode), new(device, status.Inode)) { Owner = status.Owner, Permissions = PermissionsOf(status.Mode) };
    }

    private static FileStatus OfMac(string path, bool followsLinks)
    {
        var isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        MacStatus status;
        var failed = (isArm, followsLinks) switch
        {
            (true, true) => Stat(path, out status),
            (true, false) => LinkStat(path, out status),
            (false, true) => Stat64(path, out status),
            (false, false) => LinkStat64(path, out status),
        };
        if (failed != 0) return Failed();
        FileIdentity identity = new((uint)status.Device, status.Inode);
        return new(KindOf(status.Mode), identity) { Owner = status.Owner, Permissions = PermissionsOf(status.Mode) };
    }

    private static FileStatus OfAttributes(string path, bool followsLinks)
    {
        if (!Path.Exists(path)) return default;
        var info = new FileInfo(path);
        if (!followsLinks && info.LinkTarget is not null) return new(FileKind.Link, default);
        var target = info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? info.FullName;
        return new(Directory.Exists(path) ? FileKind.Folder : FileKind.Unknown, new(0, 0, target));
    }

    private static FileStatus Failed() => Marshal.GetLastPInvokeError() is NoEntry or NotAFolder or LinkLoopLinux or LinkLoopMac
        ? default
        : new(FileKind.Unknown, default);

    private static UnixFileMode PermissionsOf(int mode) => (UnixFileMode)(mode & 0xfff);

    /// <summary>The file type of a mode, as POSIX numbers them.</summary>
    private static FileKind KindOf(int mode) => (mode & 0xf000) switch
    {
        0x1000 => FileKind.Fifo,
        0x2000 or 0x6000 => FileKind.Device,
        0x4000 => FileKind.Folder,
        0x8000 => FileKind.Regular,
        0xa000 => FileKind.Link,
        0xc000 => FileKind.Socket,
        _ => FileKind.Unknown,
    };

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Statx(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, out LinuxStatus status);

    [DllImport("libc", EntryPoint = "stat", SetLastError = true)]
    private static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, out MacStatus status);

    [DllImport("libc", EntryPoint = "lstat", SetLastError = true)]
    private static extern int LinkStat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, out MacStatus status);

    [DllImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
    private static extern int Stat64([MarshalAs(UnmanagedType.LPUTF8Str)] string path, out MacStatus status);

    [DllImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true)]
    private static extern int LinkStat64([MarshalAs(UnmanagedType.LPUTF8Str)] string path, out MacStatus status);

    /// <summary>Linux's <c>struct statx</c>, the same on all processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct LinuxStatus
    {
        [FieldOffset(20)]
        public uint Owner;
        [FieldOffset(28)]
        public ushort Mode;
        [FieldOffset(32)]
        public ulong Inode;
        [FieldOffset(136)]
        public uint DeviceMajor;
        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    /// <summary>macOS's <c>struct stat</c> with inodes of 64 bits (144 bytes).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct MacStatus
    {
        [FieldOffset(0)]
        public int Device;
        [FieldOffset(4)]
        public ushort Mode;
        [FieldOffset(8)]
        public ulong Inode;
        [FieldOffset(16)]
        public uint Owner;
    }
}
