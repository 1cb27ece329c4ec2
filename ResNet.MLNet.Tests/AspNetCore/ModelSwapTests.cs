using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using ResNet.MLNet.AspNetCore;

namespace ResNet.Tests;

/// <summary>The model comes into use, and is exchanged, while the application runs.</summary>
[TestClass]
public sealed class ModelSwapTests
{
    [TestMethod]
    public async Task An_application_is_unhealthy_until_there_is_a_model()
    {
        using var world = new ImageWorld(images: 1);
        var image = File.ReadAllBytes(world.Paths[0]);
        var path = world.PathOf("later.onnx");
        await using var app = await ClassifierApp.StartAsync(path);
        Assert.AreEqual((503, "Unhealthy"), await HealthAsync(app));
        Assert.IsFalse(app.Service.IsReady);
        StringAssert.Contains(app.Service.Problem, path);
        using (var refused = await app.PostAsync(image))
        {
            Assert.AreEqual(503, (int)refused.StatusCode);
            Assert.AreEqual(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
            StringAssert.Contains(await refused.Content.ReadAsStringAsync(), "No model is ready yet.");
        }

        File.Move(world.ModelFile, path);
        Assert.IsTrue(await app.Service.ReloadAsync());
        Assert.AreEqual((200, "Healthy"), await HealthAsync(app));
        Assert.IsNull(app.Service.Problem);
        await app.ClassifyAsync(image);
    }

    /// <summary>ASP.NET Core logs each unhealthy check as an error, and loading is none.</summary>
    [TestMethod]
    public async Task A_health_check_is_answered_when_the_model_is_loaded()
    {
        using var world = new ImageWorld(images: 1);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddResNet(world.ModelFile);
        // Not started, so that the test says when the model is loaded.
        await using var app = builder.Build();
        var check = app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Single();
        var waiting = AskAsync(CancellationToken.None);
        Assert.IsFalse(waiting.IsCompleted);
        await Assert.ThrowsAsync<OperationCanceledException>(() => AskAsync(new(canceled: true)));
        Assert.IsTrue(await app.Services.GetRequiredService<ResNetService>().ReloadAsync());
        Assert.AreEqual(HealthStatus.Healthy, (await waiting).Status);

        Task<HealthCheckResult> AskAsync(CancellationToken cancellation) =>
            check.Factory(app.Services).CheckHealthAsync(new() { Registration = check }, cancellation);
    }

    [TestMethod]
    public async Task Models_are_exchanged_four_times_under_200_requests_at_once_and_each_answer_is_one_of_theirs()
    {
        const int Clients = 200;
        using var world = new ImageWorld(images: 10);
        var images = world.Paths.Select(File.ReadAllBytes).ToList();
        var files = Enumerable.Range(0, 5).Select(seed => WriteModel(world, $"{seed}.onnx", seed)).ToList();
        var expected = files.ToDictionary(DigestOf, file => ClassifyAll(file, images));
        File.Copy(files[0], world.ModelFile, overwrite: true);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);

        var answers = new ConcurrentDictionary<string, int>();
        using var answered = new SemaphoreSlim(0);
        var isOver = false;
        var clients = Enumerable.Range(0, Clients).Select(async client =>
        {
            while (!Volatile.Read(ref isOver))
            {
                var answer = await app.ClassifyAsync(images[client % images.Count]);
                CollectionAssert.AreEqual(expected[answer.Model!][client % images.Count], answer.Classes.ToArray());
                answers.AddOrUpdate(answer.Model!, 1, (_, count) => count + 1);
                answered.Release();
            }
        }).ToList();
        foreach (var file in files.Skip(1))
        {
            await AnswersAsync();
            File.Move(file, world.ModelFile, overwrite: true);
            Assert.IsTrue(await app.Service.ReloadAsync());
        }

        await AnswersAsync();
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(clients);
        CollectionAssert.AreEquivalent(expected.Keys, answers.Keys.ToList(), "Each model answered.");
        Assert.IsEmpty(app.Log.Errors);

        // One answer more than there are requests at once is to a request that began from now on.
        async Task AnswersAsync()
        {
            while (answered.Wait(0)) { }

            for (var i = 0; i <= Clients; i++)
            {
                if (await answered.WaitAsync(TimeSpan.FromSeconds(30))) continue;
                await Task.WhenAll(clients.Where(client => client.IsCompleted));
                Assert.Fail("No answer comes.");
            }
        }
    }

    [TestMethod]
    public async Task A_model_that_is_out_of_use_is_disposed_when_its_last_request_is_done()
    {
        using var world = new ImageWorld(images: 1);
        var image = File.ReadAllBytes(world.Paths[0]);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        using var open = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var request = app.Service.RunAsync(model =>
        {
            begun.Set();
            Assert.IsTrue(open.Wait(TimeSpan.FromSeconds(30)));
            return (Model: model, Classes: model.Classify(image));
        });
        Assert.IsTrue(begun.Wait(TimeSpan.FromSeconds(30)));
        WriteModel(world, "model.onnx", seed: 7);
        Assert.IsTrue(await app.Service.ReloadAsync());
        open.Set();
        var (old, classes) = await request;
        Assert.HasCount(ImageWorld.Classes, classes);
        Assert.ThrowsExactly<ObjectDisposedException>(() => old.Classify(image));
        await app.ClassifyAsync(image);
    }

    [TestMethod]
    public async Task A_broken_file_leaves_the_model_before_it_in_use_and_is_logged_once_with_its_name()
    {
        using var world = new ImageWorld(images: 1);
        var image = File.ReadAllBytes(world.Paths[0]);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        var before = await app.ClassifyAsync(image);
        var good = File.ReadAllBytes(world.ModelFile);
        // A file that only its digest shows to be damaged, half a file, no model at all, and no file.
        var flipped = good.ToArray();
        flipped[^200] ^= 1;
        foreach (var broken in new[] { flipped, good[..(good.Length / 2)], "not a model"u8.ToArray(), null })
        {
            var logged = app.Log.Errors.Count();
            if (broken is null) File.Delete(world.ModelFile);
            else File.WriteAllBytes(world.ModelFile, broken);
            Assert.IsFalse(await app.Service.ReloadAsync());
            Assert.IsFalse(await app.Service.ReloadAsync());
            StringAssert.Contains(app.Log.Errors.Skip(logged).Single(), world.ModelFile);
            StringAssert.Contains(app.Service.Problem, world.ModelFile);
            Assert.AreEqual((200, "Degraded"), await HealthAsync(app));
            var after = await app.ClassifyAsync(image);
            CollectionAssert.AreEqual(before.Classes.ToArray(), after.Classes.ToArray());
        }

        // The same model again: nothing to exchange, and nothing wrong any more.
        File.WriteAllBytes(world.ModelFile, good);
        Assert.IsFalse(await app.Service.ReloadAsync());
        Assert.AreEqual((200, "Healthy"), await HealthAsync(app));
        WriteModel(world, "model.onnx", seed: 7);
        Assert.IsTrue(await app.Service.ReloadAsync());
        Assert.AreEqual(DigestOf(world.ModelFile), (await app.ClassifyAsync(image)).Model);
    }

    [TestMethod]
    public async Task A_new_file_is_found_without_being_told_of_also_behind_a_link()
    {
        using var world = new ImageWorld(images: 1);
        var link = world.PathOf("link.onnx");
        File.CreateSymbolicLink(link, world.ModelFile);
        await using var app = await ClassifierApp.StartAsync(link, options => options.ReloadInterval = TimeSpan.FromMilliseconds(10));
        await app.Log.WaitForAsync("is in use", count: 1);
        var target = WriteModel(world, "next.onnx", seed: 7);
        File.CreateSymbolicLink(world.PathOf("next-link"), target);
        File.Move(world.PathOf("next-link"), link, overwrite: true);
        await app.Log.WaitForAsync("is in use", count: 2);
        Assert.AreEqual(DigestOf(target), (await app.ClassifyAsync(File.ReadAllBytes(world.Paths[0]))).Model);
        WriteModel(world, "next.onnx", seed: 8);
        await app.Log.WaitForAsync("is in use", count: 3);
    }

    private static string WriteModel(ImageWorld world, string name, int seed)
    {
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", ImageWorld.Classes);
        ModelFile.Write(world.PathOf(name), network, RandomWeights.For(network, seed), RandomWeights.Card(network));
        return world.PathOf(name);
    }

    private static string DigestOf(string file)
    {
        using var model = ResNetModel.Open(file);
        return model.Digest!;
    }

    private static List<ClassPrediction[]> ClassifyAll(string file, IEnumerable<byte[]> images)
    {
        using var model = ResNetModel.Open(file);
        return [.. images.Select(image => model.Classify(image).ToArray())];
    }

    private static async Task<(int Status, string Text)> HealthAsync(ClassifierApp app)
    {
        using var response = await app.Client.GetAsync("/health");
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
