using System.Diagnostics;

namespace ResNet.Tests;

/// <summary>What many uploads at once cost: reported, since times and memory are the machine's.</summary>
[TestClass]
public sealed class ManyUploadsTests
{
    private const int Uploads = 200, Rounds = 5;

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [TestCategory("Slow")]
    public async Task Times_and_memory_of_200_uploads_at_once_to_a_ResNet18()
    {
        using var world = new ImageWorld(images: 1);
        var network = ResNetArchitecture.Parse("resnet18", classes: 10);
        var card = RandomWeights.Card(network, ImagePreprocessing.ImageNet);
        ModelFile.Write(world.ModelFile, network, RandomWeights.For(network), card);
        var photo = world.PathOf("photo.jpg");
        ClassFolders.Write(photo, channel: 0, size: 640, seed: 1);
        var image = File.ReadAllBytes(photo);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        var expected = (await app.ClassifyAsync(image)).Classes.ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            var times = await Task.WhenAll(Enumerable.Range(0, Uploads).Select(async _ =>
            {
                var answer = await app.ClassifyAsync(image);
                CollectionAssert.AreEqual(expected, answer.Classes.ToArray());
                return Stopwatch.GetElapsedTime(started).TotalSeconds;
            }));
            Array.Sort(times);
            var resident = Process.GetCurrentProcess().WorkingSet64 >> 20;
            TestContext.WriteLine(
                $"round {round}: median {times[Uploads / 2]:F2} s of {times[^1]:F2} s ({times[Uploads / 2] / times[^1]:P0}), " +
                $"first {times[0]:F2} s, {Uploads / times[^1]:F1} images/s, resident {resident} MB");
        }
    }
}
