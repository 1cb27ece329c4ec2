namespace ResNet.MLNet;

/// <summary>Counts who uses something, so that it is freed when it is disposed of and nobody uses it any more.</summary>
/// <param name="free">Frees it; called once.</param>
internal sealed class UseCount(Action free) : IDisposable
{
    private readonly Lock _lock = new();
    private int _users;
    private bool _disposed;

    /// <summary>Begins to use it; <see cref="Leave"/> ends that.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed of.</exception>
    public void Enter()
    {
        lock (_lock)
        {
            ResNetModel.ThrowIfDisposed(_disposed);
            _users++;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_users > 0 || !_disposed) return;
        }

        free();
    }

    /// <summary>Frees it, at once or when the last user has left.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            if (_users > 0) return;
        }

        free();
    }
}
