using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>
/// A network that the transformers of one estimator share: loaded when the first needs it, freed when the last is disposed, and loaded
/// again if another is fitted after that. Without transformers it keeps no more than the model file's header.
/// </summary>
internal sealed class SharedModel(IHostEnvironment environment, OpenedModel file, ExecutionDevice device)
{
    private readonly Lock _lock = new();
    private OpenedModel _file = file;
    private ResNetModel? _model;
    private int _users;

    /// <summary>The model file: the one that transformers hold, else the one that has its name now.</summary>
    /// <exception cref="InvalidDataException">The file was changed to one that is not a ResNet's model file.</exception>
    public OpenedModel File
    {
        get
        {
            lock (_lock)
            {
                if (_model is not null) return _model.File;
                // Nobody runs it, so it is not held open.
                using var now = _file.Reopen();
                return _file = now;
            }
        }
    }

    /// <summary>Takes a share; disposing it gives it back.</summary>
    /// <exception cref="InvalidOperationException">The device cannot be used.</exception>
    public Share Take()
    {
        lock (_lock)
        {
            _model ??= new(_file = _file.Reopen(), device);
            if (_users++ == 0 && _model.Warning is { } warning)
            {
                using var channel = environment.Start("ResNet");
                channel.Warning(warning);
            }

            return new(this, _model);
        }
    }

    private void GiveBack()
    {
        ResNetModel? unused;
        lock (_lock)
        {
            if (--_users > 0) return;
            unused = _model;
            _model = null;
        }

        unused!.Dispose();
    }

    /// <summary>One user's share of the network.</summary>
    internal sealed class Share(SharedModel owner, ResNetModel model) : IDisposable
    {
        private SharedModel? _owner = owner;

        public ResNetModel Value { get; } = model;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.GiveBack();
    }
}
