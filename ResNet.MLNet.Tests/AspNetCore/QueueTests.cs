using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace ResNet.Tests;

/// <summary>Requests are served in the order in which they come, a bounded number waits, and all are counted.</summary>
[TestClass]
public sealed class QueueTests
{
    [TestMethod]
    public async Task Who_comes_first_is_served_first()
    {
        using var world = new ImageWorld(images: 1);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile, options => options.MaximumConcurrency = 1);
        using var open = new ManualResetEventSlim();
        var holding = app.Service.RunAsync(_ => open.Wait(TimeSpan.FromSeconds(30)));
        var served = new List<int>();
        var waiting = Enumerable.Range(0, 50).Select(number => app.Service.RunAsync(_ =>
        {
            served.Add(number);
            return number;
        })).ToList();
        Assert.IsEmpty(served);
        open.Set();
        Assert.IsTrue(await holding);
        await Task.WhenAll(waiting);
        CollectionAssert.AreEqual(Enumerable.Range(0, 50).ToList(), served);
    }

    [TestMethod]
    public async Task A_full_queue_refuses_with_503_and_is_open_again_afterwards()
    {
        using var world = new ImageWorld(images: 1);
        var image = File.ReadAllBytes(world.Paths[0]);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile, options =>
        {
            options.MaximumConcurrency = 1;
            options.MaximumQueueLength = 1;
        });
        using var open = new ManualResetEventSlim();
        var holding = app.Service.RunAsync(_ => open.Wait(TimeSpan.FromSeconds(30)));
        var waiting = app.Service.ClassifyAsync(image);

        using (var refused = await app.PostAsync(image))
        {
            Assert.AreEqual(503, (int)refused.StatusCode);
            Assert.AreEqual(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
            StringAssert.Contains(await refused.Content.ReadAsStringAsync(), "Too many requests are waiting.");
        }

        open.Set();
        Assert.IsTrue(await holding);
        CollectionAssert.AreEqual((await waiting).Classes.ToArray(), (await app.ClassifyAsync(image)).Classes.ToArray());
    }

    [TestMethod]
    public async Task Who_goes_away_leaves_the_queue()
    {
        using var world = new ImageWorld(images: 1);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile, options =>
        {
            options.MaximumConcurrency = 1;
            options.MaximumQueueLength = 1;
        });
        using var open = new ManualResetEventSlim();
        using var away = new CancellationTokenSource();
        var holding = app.Service.RunAsync(_ => open.Wait(TimeSpan.FromSeconds(30)));
        var waiting = app.Service.RunAsync(_ => Fail(), away.Token);
        await away.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        var next = app.Service.RunAsync(model => model.ClassCount);
        open.Set();
        Assert.AreEqual(ImageWorld.Classes, await next);
        Assert.IsTrue(await holding);

        static int Fail() => throw new InvalidOperationException("Nobody waits for this.");
    }

    [TestMethod]
    public async Task Requests_failures_waiting_ones_and_models_are_counted()
    {
        using var world = new ImageWorld(images: 1);
        var image = File.ReadAllBytes(world.Paths[0]);
        await using var app = await ClassifierApp.StartAsync(world.PathOf("later.onnx"), options =>
        {
            options.MaximumConcurrency = 1;
            options.MaximumQueueLength = 2;
        });
        using var counts = new Counts(app.Services.GetRequiredService<IMeterFactory>());
        await app.PostAsync(image);
        File.Copy(world.ModelFile, world.PathOf("later.onnx"));
        Assert.IsTrue(await app.Service.ReloadAsync());
        await app.ClassifyAsync(image);
        await app.PostAsync([1, 2, 3]);
        await app.PostFormAsync(("note", new StringContent("no file"), null));
        await app.PostAsync(new byte[(16 << 20) + 1]);

        using var open = new ManualResetEventSlim();
        using var away = new CancellationTokenSource();
        var holding = app.Service.RunAsync(_ => open.Wait(TimeSpan.FromSeconds(30)));
        var canceled = app.Service.RunAsync(_ => true, away.Token);
        var waiting = app.Service.RunAsync(_ => true);
        await app.PostAsync(image);
        Assert.AreEqual(2, counts.Observe("resnet.queue.length"));
        await away.CancelAsync();
        open.Set();
        await Task.WhenAll(holding, waiting);
        await Assert.ThrowsAsync<OperationCanceledException>(() => canceled);
        await Assert.ThrowsExactlyAsync<NotSupportedException>(() => app.Service.RunAsync<int>(_ => throw new NotSupportedException()));

        File.WriteAllText(world.PathOf("later.onnx"), "not a model");
        Assert.IsFalse(await app.Service.ReloadAsync());
        Assert.AreEqual(0, counts.Observe("resnet.queue.length"));
        Assert.AreEqual(10, counts.Of("resnet.requests"));
        Assert.AreEqual(10, counts.Of("resnet.request.duration"));
        foreach (var kind in new[] { "not_ready", "invalid_image", "bad_request", "too_large", "queue_full", "canceled", "error" })
            Assert.AreEqual(1, counts.Of($"resnet.failures {kind}"), kind);
        Assert.AreEqual(1, counts.Of("resnet.model.swaps"));
        Assert.AreEqual(1, counts.Of("resnet.model.rejections"));
    }

    /// <summary>The sums of an application's counters, by name and error.type, and how often its histograms were written.</summary>
    private sealed class Counts : IDisposable
    {
        private readonly Dictionary<string, long> _sums = [];
        private readonly MeterListener _listener = new();

        public Counts(IMeterFactory factory)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == factory && instrument.Meter.Name == "ResNet.MLNet.AspNetCore")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, 1, tags));
            _listener.Start();
        }

        public long Of(string name)
        {
            lock (_sums) return _sums.GetValueOrDefault(name);
        }

        /// <summary>What an instrument shows now that is asked for its value.</summary>
        public long Observe(string name)
        {
            lock (_sums) _sums.Remove(name);
            _listener.RecordObservableInstruments();
            return Of(name);
        }

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var name = instrument.Name;
            foreach (var (key, kind) in tags)
            {
                Assert.AreEqual("error.type", key);
                name += $" {kind}";
            }

            lock (_sums) _sums[name] = _sums.GetValueOrDefault(name) + value;
        }
    }
}
