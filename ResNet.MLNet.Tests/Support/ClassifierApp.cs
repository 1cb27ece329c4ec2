using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ResNet.MLNet.AspNetCore;

namespace ResNet.Tests;

/// <summary>An application that serves a model over HTTP on loopback. It looks at the model file when a test says so.</summary>
internal sealed class ClassifierApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ClassifierApp(WebApplication app, LogLines log)
    {
        _app = app;
        Log = log;
        Client = new() { BaseAddress = new(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public LogLines Log { get; }

    public IServiceProvider Services => _app.Services;

    public ResNetService Service => Services.GetRequiredService<ResNetService>();

    public static async Task<ClassifierApp> StartAsync(string model, Action<ResNetServiceOptions>? configure = null)
    {
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddResNet(model, options =>
        {
            options.ReloadInterval = Timeout.InfiniteTimeSpan;
            configure?.Invoke(options);
        });
        var app = builder.Build();
        app.MapResNet("/classify");
        app.MapHealthChecks("/health");
        await app.StartAsync();
        var started = new ClassifierApp(app, log);
        // Waits for the first look at the file, or is it.
        await started.Service.ReloadAsync();
        return started;
    }

    public Task<HttpResponseMessage> PostAsync(byte[] image, string route = "/classify") =>
        Client.PostAsync(route, new ByteArrayContent(image));

    public Task<HttpResponseMessage> PostFormAsync(params (string Name, HttpContent Content, string? FileName)[] parts)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, content, fileName) in parts)
        {
            content.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = name, FileName = fileName };
            form.Add(content);
        }

        return Client.PostAsync("/classify", form);
    }

    /// <summary>The answer to an image that is classified.</summary>
    public async Task<ImageClassification> ClassifyAsync(byte[] image)
    {
        using var response = await PostAsync(image);
        return await ReadAsync(response);
    }

    public static async Task<ImageClassification> ReadAsync(HttpResponseMessage response)
    {
        Assert.AreEqual(200, (int)response.StatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<ImageClassification>())!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>What an application logs, from information on.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly SemaphoreSlim _more = new(0);

    public IEnumerable<string> Errors => _lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal));

    /// <summary>Waits until as many lines as given have a text.</summary>
    public async Task WaitForAsync(string text, int count)
    {
        while (_lines.Count(line => line.Contains(text, StringComparison.Ordinal)) < count)
            Assert.IsTrue(await _more.WaitAsync(TimeSpan.FromSeconds(30)), $"'{text}' was not logged {count} times.");
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
        _more.Release();
    }

    public void Dispose() => _more.Dispose();
}
