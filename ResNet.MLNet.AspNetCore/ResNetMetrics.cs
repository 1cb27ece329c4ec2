using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ResNet.MLNet.AspNetCore;

/// <summary>What the service counts and measures, for listeners of System.Diagnostics.Metrics such as OpenTelemetry.</summary>
internal sealed class ResNetMetrics
{
    public const string MeterName = "ResNet.MLNet.AspNetCore";

    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _swaps;
    private readonly Counter<long> _rejectedModels;

    public ResNetMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _requests = _meter.CreateCounter<long>("resnet.requests", "{request}", "Images that were asked about, failures included.");
        _failures = _meter.CreateCounter<long>("resnet.failures", "{request}", "Requests that failed, by error.type.");
        _duration = _meter.CreateHistogram<double>("resnet.request.duration", "s", "Time from request to answer, waiting included.");
        _swaps = _meter.CreateCounter<long>("resnet.model.swaps", "{model}", "Models that came into use, the first included.");
        _rejectedModels = _meter.CreateCounter<long>("resnet.model.rejections", "{model}", "Model files that could not be used.");
    }

    /// <summary>Shows how many requests wait for their turn.</summary>
    public void ObserveQueue(Func<long> length) =>
        _meter.CreateObservableUpDownCounter("resnet.queue.length", length, "{request}", "Requests that wait for their turn.");

    /// <summary>Counts and measures a request.</summary>
    /// <param name="started">When it began (<see cref="Stopwatch.GetTimestamp"/>).</param>
    /// <param name="failure">Why it failed; null if it did not.</param>
    public void Record(long started, Failure? failure)
    {
        _requests.Add(1);
        if (failure is { } kind) _failures.Add(1, new KeyValuePair<string, object?>("error.type", NameOf(kind)));
        _duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    public void ModelSwapped() => _swaps.Add(1);

    public void ModelRejected() => _rejectedModels.Add(1);

    private static string NameOf(Failure failure) => failure switch
    {
        Failure.InvalidImage => "invalid_image",
        Failure.TooLarge => "too_large",
        Failure.QueueFull => "queue_full",
        Failure.NotReady => "not_ready",
        Failure.BadRequest => "bad_request",
        Failure.Canceled => "canceled",
        _ => "error",
    };
}

/// <summary>Why a request failed.</summary>
internal enum Failure
{
    /// <summary>What was sent is not an image.</summary>
    InvalidImage,

    /// <summary>The image has too many bytes or pixels.</summary>
    TooLarge,

    /// <summary>Too many requests wait.</summary>
    QueueFull,

    /// <summary>There is no model yet.</summary>
    NotReady,

    /// <summary>The request has no image, or is malformed.</summary>
    BadRequest,

    /// <summary>The client went away.</summary>
    Canceled,

    /// <summary>Anything else.</summary>
    Error,
}
