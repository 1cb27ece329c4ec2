using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>Writes notes and every tenth of a download to the log, and stops the download when the context is canceled.</summary>
internal sealed class DownloadLog(IHostEnvironment environment, IChannel channel) : IProgress<DownloadProgress>
{
    private const long Waiting = -2;
    private long _reported = -1;

    public void Report(DownloadProgress value)
    {
        MLNetInternals.ThrowIfCanceled(environment);
        if (value.Note is { } note)
        {
            channel.Info(note);
            return;
        }

        if (value.Sha256 is { } hash)
        {
            channel.Info($"{value.FileName} has the SHA-256 {hash}.");
            if (!value.WasKnown) channel.Info("Only its beginning was known before. It is kept, and a later download must have it.");
            return;
        }

        if (value.WaitsFor is { } other)
        {
            if (Interlocked.Exchange(ref _reported, Waiting) == Waiting) return;
            channel.Info($"Waiting for {other}, which makes {value.FileName}.");
            return;
        }

        // Where the size is not known, every 16 MiB.
        var part = value.Total is > 0 and var total ? 10 * value.Received / total : value.Received >> 24;
        if (part == Interlocked.Exchange(ref _reported, part)) return;
        var of = value.Total is { } all ? $" of {all / 1e6:0}" : "";
        channel.Info($"Fetching {value.FileName}: {value.Received / 1e6:0} MB{of}");
    }
}
