using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.ML.Data;

namespace ResNet.MLNet.AspNetCore;

/// <summary>The model that is in use, and the file from which it came and from which the next one comes.</summary>
internal sealed partial class ModelSource : IDisposable
{
    private readonly ResNetServiceOptions _options;
    private readonly ResNetMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Lock _reload = new();
    private readonly TaskCompletionSource _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ServedModel? _current;
    private volatile string? _problem;
    private FileStamp _stamp;
    private bool _disposed;

    public ModelSource(
        IOptions<ResNetServiceOptions> options, IHostEnvironment environment, ResNetMetrics metrics, ILogger<ResNetService> logger)
    {
        _options = options.Value;
        _metrics = metrics;
        _logger = logger;
        Path = System.IO.Path.GetFullPath(_options.ModelPath, environment.ContentRootPath);
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <summary>Why the file, as it is now, cannot be used; null if it is in use.</summary>
    public string? Problem => _problem;

    public bool IsReady => _current is not null;

    /// <summary>Ends when the file was looked at once, whether it can be used or not, and with the application.</summary>
    public Task FirstLook => _looked.Task;

    /// <summary>The model in use, which its user releases; null if there is none.</summary>
    public ServedModel? TryUse()
    {
        while (_current is { } current)
        {
            // One that is disposed between the two lines has a successor already.
            if (current.TryUse()) return current;
        }

        return null;
    }

    /// <summary>Opens the file if it is not the one in use. A file that cannot be used changes nothing; that is logged once.</summary>
    /// <returns>Whether another model is in use now.</returns>
    public bool Reload()
    {
        lock (_reload)
        {
            if (_disposed) return false;
            try
            {
                var stamp = FileStamp.Of(Path);
                var isOther = (!IsReady || stamp != _stamp) && Replace();
                (_stamp, _problem) = (stamp, null);
                return isOther;
            }
            catch (Exception problem)
            {
                // Whatever is wrong with a file, the loop that looks at it goes on. It is tried again each time: it may be half written.
                Reject(problem);
                return false;
            }
            finally
            {
                _looked.TrySetResult();
            }
        }
    }

    public void Dispose()
    {
        lock (_reload)
        {
            _disposed = true;
            _looked.TrySetResult();
            var last = _current;
            _current = null;
            last?.Release();
        }
    }

    /// <summary>Opens, checks and warms up the model of the file beside the one in use, and exchanges them.</summary>
    /// <returns>Whether it is another one.</returns>
    private bool Replace()
    {
        var old = _current;
        var model = ResNetModel.Open(Path, _options.Preprocessing, _options.GpuDeviceId);
        try
        {
            model.MaximumPixels = _options.MaximumPixels;
            model.MaximumFileBytes = _options.MaximumBytes;
            model.CheckFile();
            if (old is not null && model.Digest is { } digest && digest == old.Model.Digest)
            {
                model.Dispose();
                return false;
            }

            // The first run loads the weights and takes memory.
            using var image = MLImage.CreateFromPixels(1, 1, MLPixelFormat.Rgba32, new byte[4]);
            model.Run(image, model.ClassCount is null ? ResNetOutput.Features : ResNetOutput.Probabilities);
        }
        catch
        {
            model.Dispose();
            throw;
        }

        _current = new(model);
        old?.Release();
        _metrics.ModelSwapped();
        LogSwap(Path, model.Card.Architecture, model.Digest);
        return true;
    }

    private void Reject(Exception problem)
    {
        var message = problem.Message.Contains(Path, StringComparison.Ordinal) ? problem.Message : $"'{Path}': {problem.Message}";
        if (message == _problem) return;
        _problem = message;
        _metrics.ModelRejected();
        if (IsReady) LogRejected(message, problem);
        else LogMissing(message, problem);
    }

    [LoggerMessage(1, LogLevel.Information, "The model of '{Path}' is in use: {Architecture}, {Digest}.")]
    private partial void LogSwap(string path, string? architecture, string? digest);

    [LoggerMessage(2, LogLevel.Error, "The new model file cannot be used; the model before it stays in use. {Problem}")]
    private partial void LogRejected(string problem, Exception exception);

    [LoggerMessage(3, LogLevel.Error, "The model file cannot be used; requests are answered with 503 until it can. {Problem}")]
    private partial void LogMissing(string problem, Exception exception);

    /// <summary>What tells cheaply that a path has another file, or other content, than before.</summary>
    private readonly record struct FileStamp(long Length, DateTime Written, DateTime Created)
    {
        public static FileStamp Of(string path)
        {
            var file = new FileInfo(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
            if (!file.Exists) throw new FileNotFoundException($"There is no file '{path}'.", path);
            return new(file.Length, file.LastWriteTimeUtc, file.CreationTimeUtc);
        }
    }
}
