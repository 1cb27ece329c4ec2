using System.Diagnostics;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ResNet.MLNet.AspNetCore;

/// <summary>
/// The model of an application, shared by all its requests: a few are computed at a time, the others wait in the order in which they came.
/// AddResNet registers it; it may be used from many threads at once.
/// </summary>
public sealed class ResNetService : IDisposable
{
    private readonly ModelSource _source;
    private readonly ResNetMetrics _metrics;
    private readonly ConcurrencyLimiter _gate;

    internal ResNetService(ModelSource source, IOptions<ResNetServiceOptions> options, ResNetMetrics metrics)
    {
        _source = source;
        _metrics = metrics;
        Options = options.Value;
        // All at once would share the processors evenly, so that all would be answered at the very end.
        _gate = new(new()
        {
            PermitLimit = Options.MaximumConcurrency,
            QueueLimit = Options.MaximumQueueLength,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
        metrics.ObserveQueue(() => _gate.GetStatistics()?.CurrentQueuedCount ?? 0);
    }

    /// <summary>Whether a model is loaded and warmed up.</summary>
    public bool IsReady => _source.IsReady;

    /// <summary>Why the model file, as it is now, cannot be used, and its name; null if it is in use or was not looked at yet.</summary>
    public string? Problem => _source.Problem;

    internal ResNetServiceOptions Options { get; }

    internal Task FirstLook => _source.FirstLook;

    /// <summary>Classifies an encoded image.</summary>
    /// <param name="image">The bytes of an image file (JPEG, PNG, BMP, GIF, WebP).</param>
    /// <param name="top">How many of the most probable classes are wanted, from 1. Default: 5. A network with fewer gives all.</param>
    /// <param name="cancellationToken">Ends the wait for its turn.</param>
    /// <exception cref="InvalidImageException">The image cannot be read.</exception>
    /// <exception cref="ArgumentException">The model has no classes, or <paramref name="top"/> is less than 1.</exception>
    /// <inheritdoc cref="RunAsync"/>
    public Task<ImageClassification> ClassifyAsync(
        ReadOnlyMemory<byte> image, int top = 5, CancellationToken cancellationToken = default) =>
        RunAsync(model => new ImageClassification(model.Classify(image, top), model.Digest), cancellationToken);

    /// <summary>Does any work with the model when its turn comes, on a thread of the pool.</summary>
    /// <typeparam name="T">What the work gives.</typeparam>
    /// <param name="work">The work. The model is not disposed as long as it runs, and must not be kept.</param>
    /// <param name="cancellationToken">Ends the wait for its turn.</param>
    /// <exception cref="ResNetUnavailableException">No model is ready, or the queue is full.</exception>
    /// <exception cref="OperationCanceledException">The wait was canceled.</exception>
    /// <exception cref="ObjectDisposedException">The application has ended.</exception>
    public Task<T> RunAsync<T>(Func<ResNetModel, T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return MeasureAsync(() => RunInTurnAsync(work, cancellationToken));
    }

    /// <summary>Looks at the model file now and takes a new one into use, which otherwise happens from time to time.</summary>
    /// <returns>Whether another model is in use now; if not, <see cref="Problem"/> says why the file cannot be used, if so.</returns>
    public Task<bool> ReloadAsync() => Task.Run(_source.Reload);

    /// <summary>Refuses those who wait.</summary>
    public void Dispose() => _gate.Dispose();

    /// <summary>Counts and measures a request.</summary>
    internal async Task<T> MeasureAsync<T>(Func<Task<T>> request)
    {
        var started = Stopwatch.GetTimestamp();
        Failure? failure = null;
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception problem)
        {
            failure = FailureOf(problem);
            throw;
        }
        finally
        {
            _metrics.Record(started, failure);
        }
    }

    internal async Task<T> RunInTurnAsync<T>(Func<ResNetModel, T> work, CancellationToken cancellationToken)
    {
        if (!IsReady) throw new ResNetUnavailableException("No model is ready yet.") { Failure = Failure.NotReady };
        using var turn = await _gate.AcquireAsync(1, cancellationToken).ConfigureAwait(false);
        if (!turn.IsAcquired) throw new ResNetUnavailableException("Too many requests are waiting.") { Failure = Failure.QueueFull };
        var served = _source.TryUse() ?? throw new ObjectDisposedException(nameof(ResNetService));
        try
        {
            return await Task.Run(() => work(served.Model), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            served.Release();
        }
    }

    private static Failure FailureOf(Exception problem) => problem switch
    {
        InvalidImageException { IsTooLarge: true } => Failure.TooLarge,
        InvalidImageException => Failure.InvalidImage,
        ResNetUnavailableException unavailable => unavailable.Failure,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Failure.TooLarge,
        BadHttpRequestException => Failure.BadRequest,
        OperationCanceledException => Failure.Canceled,
        _ => Failure.Error,
    };
}
