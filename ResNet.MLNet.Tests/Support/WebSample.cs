using System.Diagnostics;

namespace ResNet.Tests;

/// <summary>A sample that is a web application, in a process of its own, on a free port of loopback; ended with the test.</summary>
internal sealed class WebSample : IDisposable
{
    private const string Listening = "Now listening on: ";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly List<string> _lines = [];

    private WebSample(Process process) => _process = process;

    public HttpClient Client { get; } = new();

    public static async Task<WebSample> StartAsync(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, WorkingDirectory = Sample.FolderOf(name) };
        string[] all = [Sample.ProgramOf(name), "--urls", "http://127.0.0.1:0", .. arguments];
        foreach (var argument in all) start.ArgumentList.Add(argument);
        var sample = new WebSample(DefaultSignals.Start(start));
        var line = await sample.WaitForAsync(Listening);
        sample.Client.BaseAddress = new(line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..]);
        return sample;
    }

    /// <summary>Waits for a line with a text in what the application writes.</summary>
    public async Task<string> WaitForAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (_lines.Find(line => line.Contains(text, StringComparison.Ordinal)) is null)
        {
            var line = await _process.StandardOutput.ReadLineAsync(limit.Token);
            _lines.Add(line ?? throw new InvalidOperationException($"The sample has ended:\n{string.Join('\n', _lines)}"));
        }

        return _lines.Find(line => line.Contains(text, StringComparison.Ordinal))!;
    }

    /// <summary>Presses Ctrl-C, and waits until the application has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        Command.PressControlC(_process);
        using var limit = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line) _lines.Add(line);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Client.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
