namespace ResNet.MLNet;

/// <summary>
/// Lets one process at a time make a file: it holds a lock file (.lock), which the system frees when it ends, however that happens. Those
/// that wait know who it is from another file (.holder), and give up when it gets nowhere. Both files are harmless when they stay.
/// </summary>
internal sealed class FileTurn
{
    // What .NET reports when the file is locked by somebody else: EAGAIN of Linux, of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] Locked = [11, 35, unchecked((int)0x80070020)];

    /// <summary>How long the other may get nowhere.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The pause between two tries.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Where the time comes from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Waits for the turn; disposing it ends the turn.</summary>
    /// <param name="name">The path of the file that is made, without its extension.</param>
    /// <param name="part">The file that grows while the other gets somewhere.</param>
    /// <param name="waits">Receives, again and again, who is waited for.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="IOException">The files cannot be written, or the other gets nowhere; the message names it.</exception>
    public FileStream Take(string name, string part, Action<string> waits, CancellationToken cancellation)
    {
        var (path, holder) = ($"{name}.lock", $"{name}.holder");
        var start = Time.GetTimestamp();
        long? seen = null;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var turn = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.None);
                Write(holder);
                return turn;
            }
            catch (IOException problem) when (Locked.Contains(problem.HResult))
            {
                var who = Read(holder);
                waits(who);
                var length = File.Exists(part) ? new FileInfo(part).Length : 0;
                if (length != seen) (seen, start) = (length, Time.GetTimestamp());
                else if (Time.GetElapsedTime(start) >= Patience) throw new IOException(Stuck(who, path), problem);
                cancellation.WaitHandle.WaitOne(Pause);
            }
        }
    }

    private string Stuck(string who, string path) =>
        $"{char.ToUpperInvariant(who[0])}{who[1..]} holds '{path}' and has got nowhere for {Patience.TotalMinutes:0.#} minutes. " +
        "End it, or wait until it is done.";

    private static void Write(string holder)
    {
        try
        {
            File.WriteAllText(holder, $"process {Environment.ProcessId} on {Environment.MachineName}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Others will not know who it is.
        }
    }

    private static string Read(string holder)
    {
        try
        {
            if (RegularFile.ReadAllText(holder).Trim() is { Length: > 0 } text) return text;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It has just begun.
        }

        return "another process";
    }
}
