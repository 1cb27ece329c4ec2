using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>Tells the log of every tenth of a download, and stops it when the context is told to cancel.</summary>
internal sealed class DownloadLog(IHostEnvironment environment, IChannel channel) : IProgress<DownloadProgress>
{
    private long _told = -1;

    public void Report(DownloadProgress value)
    {
        if (MLNetInternals.IsCanceled(environment)) throw new OperationCanceledException("The ML.NET context was told to cancel.");
        var tenth = value.Total is > 0 and var total ? 10 * value.Received / total : value.Received >> 24;
        if (tenth == Interlocked.Exchange(ref _told, tenth)) return;
        channel.Info($"Fetching {value.FileName}: {value.Received / 1e6:0} MB{(value.Total is { } all ? $" of {all / 1e6:0}" : "")}");
    }
}
