using System.Runtime.InteropServices;

namespace ResNet.Cli;

/// <summary>
/// Stops a command when its terminal is closed (SIGHUP), as Ctrl-C and SIGTERM do, which System.CommandLine handles.
/// </summary>
internal sealed class Stop : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _registration;

    public Stop() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
    {
        context.Cancel = true;
        _source.Cancel();
    });

    /// <summary>Is canceled when the terminal is closed.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
