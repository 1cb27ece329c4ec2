using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ResNet.Tests;

/// <summary>Makes what is not a regular file, and stops a test that waits for it.</summary>
internal static partial class SpecialFile
{
    private const int OwnerReadsAndWrites = 0x180;

    /// <summary>A named pipe, the opening of which waits until somebody writes to it.</summary>
    public static void CreateFifo(string path) => Assert.AreEqual(0, MakeFifo(path, OwnerReadsAndWrites), path);

    /// <summary>A socket; it goes with the object.</summary>
    public static Socket CreateSocket(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    /// <summary>A second name of a file.</summary>
    public static void CreateHardLink(string path, string of) => Assert.AreEqual(0, MakeHardLink(of, path), path);

    /// <summary>Runs something that a mistake would make wait for ever.</summary>
    /// <param name="work">What is run.</param>
    public static void EndsInTime(Action work)
    {
        var task = Task.Run(work);
        if (((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromMinutes(1))) task.GetAwaiter().GetResult();
        else Assert.Fail("It waits for ever.");
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeHardLink(string from, string to);
}
