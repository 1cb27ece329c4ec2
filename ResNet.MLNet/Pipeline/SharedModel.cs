using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>
/// A model that the transformers of one estimator share: opened when the first needs it, freed when the last is disposed, and opened again if
/// another is fitted after that.
/// </summary>
internal sealed class SharedModel(Func<ResNetModel> open)
{
    private readonly Lock _lock = new();
    private ResNetModel? _model;
    private int _users;

    /// <summary>Takes a share; disposing it gives it back.</summary>
    public Share Take()
    {
        lock (_lock)
        {
            _model ??= open();
            _users++;
            return new(this, _model);
        }
    }

    /// <summary>Opens the model that options name, on the device that they or the environment name.</summary>
    public static ResNetModel Open(IHostEnvironment environment, ResNetOptions options, byte[]? bytes = null)
    {
        var (gpu, fallback) = MLNetInternals.DeviceOf(environment);
        var device = new ExecutionDevice(options.GpuDeviceId ?? gpu, options.FallbackToCpu ?? fallback);
        var model = bytes is null
            ? ResNetModel.Open(Find(environment, options.ModelFile), options.Preprocessing, device.GpuDeviceId, device.FallbackToCpu)
            : ResNetModel.Open(bytes, device);
        if (model.Warning is { } warning)
        {
            using var channel = environment.Start("ResNet");
            channel.Warning(warning);
        }

        return model;
    }

    /// <summary>The model file of that path or of that name in the catalog, which may have to be fetched; the log is told.</summary>
    private static string Find(IHostEnvironment environment, string nameOrFile)
    {
        using var channel = environment.Start("ResNet");
        return ModelStore.Default.Find(nameOrFile, new DownloadLog(environment, channel));
    }

    private void GiveBack()
    {
        ResNetModel? unused;
        lock (_lock)
        {
            if (--_users > 0) return;
            (unused, _model) = (_model, null);
        }

        unused!.Dispose();
    }

    /// <summary>One user's share of the model.</summary>
    internal sealed class Share(SharedModel owner, ResNetModel model) : IDisposable
    {
        private SharedModel? _owner = owner;

        public ResNetModel Value { get; } = model;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.GiveBack();
    }
}
