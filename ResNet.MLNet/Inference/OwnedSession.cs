using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>
/// A session with the memory that .NET does not see: its weights. The garbage collector is told of them, so that networks that nobody
/// disposed are collected in time, and what they leave goes back to the system.
/// </summary>
internal sealed class OwnedSession : IDisposable
{
    private readonly long _bytes;
    private bool _freed;

    /// <param name="session">The session, which is freed with this.</param>
    /// <param name="bytes">About what its weights take.</param>
    public OwnedSession(InferenceSession session, long bytes)
    {
        Session = session;
        _bytes = bytes;
        GC.AddMemoryPressure(bytes);
    }

    ~OwnedSession() => Free();

    public InferenceSession Session { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_freed) return;
        _freed = true;
        Session.Dispose();
        GC.RemoveMemoryPressure(_bytes);
        NativeHeap.Trim();
    }
}
