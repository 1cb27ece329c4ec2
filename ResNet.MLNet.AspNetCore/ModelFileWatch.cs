using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ResNet.MLNet.AspNetCore;

/// <summary>Loads the model when the application starts, without delaying the start, and looks for a new file from time to time.</summary>
internal sealed class ModelFileWatch(ModelSource source, IOptions<ResNetServiceOptions> options) : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.ReloadInterval;
        var isOnce = interval == Timeout.InfiniteTimeSpan;
        source.Reload();
        using var timer = new PeriodicTimer(isOnce ? RetryInterval : interval);
        while (!(isOnce && source.IsReady) && await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) source.Reload();
    }
}
