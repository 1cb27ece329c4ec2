using System.Net.Http.Json;
using System.Text.Json;
using ResNet.MLNet.AspNetCore;

namespace ResNet.Tests;

/// <summary>samples/RetrainInService runs as its README says.</summary>
[TestClass]
[TestCategory("EndToEnd")]
public sealed class RetrainSampleTests
{
    private static TwoColorNetwork s_network = null!;

    [ClassInitialize]
    public static void TrainFirstNetwork(TestContext _) => s_network = new();

    [ClassCleanup]
    public static void DeleteFirstNetwork() => s_network.Dispose();

    [TestMethod]
    public async Task A_class_that_users_label_is_known_after_the_training_that_begins_with_enough_pictures()
    {
        using var service = new Service();
        // 16 pictures are there.
        using var sample = await service.StartAsync("--Training:AfterPictures", "24");
        var red = service.Picture(channel: 0, seed: 1000);
        var before = await ClassifyAsync(sample, red);
        CollectionAssert.AreEquivalent(new[] { "blue", "green" }, before.Classes.Select(each => each.Label).ToArray());

        for (var seed = 0; seed < 7; seed++)
            Assert.IsFalse(await PostAsync(sample, "red", service.Picture(channel: 0, seed)), "No training begins.");
        // The same picture again is the same file, and the way in which it is called is no way out of the folder.
        Assert.IsFalse(await PostAsync(sample, "red", service.Picture(channel: 0, seed: 0)));
        foreach (var label in new[] { "..", "a%2Fb", "a%5Cb", "", "%00", "red.", new string('a', 41) })
        {
            using var refused = await sample.Client.PostAsync($"/pictures?label={label}", new ByteArrayContent(red));
            Assert.AreEqual(400, (int)refused.StatusCode, label);
        }

        using (var text = await sample.Client.PostAsync("/pictures?label=red", new ByteArrayContent("not an image"u8.ToArray())))
            Assert.AreEqual(415, (int)text.StatusCode);
        Assert.HasCount(7, Directory.GetFiles(service.PathOf("data", "pictures", "red")));
        CollectionAssert.AreEquivalent(new[] { "blue", "green", "red" }, service.Classes());
        var status = await sample.Client.GetFromJsonAsync<JsonElement>("/training");
        Assert.AreEqual(23, status.GetProperty("pictures").GetInt32());

        Assert.IsTrue(await PostAsync(sample, "red", service.Picture(channel: 0, seed: 7)), "The training begins.");
        await RetrainAsync(sample, status: 409);
        var training = (await WaitAsync(sample)).Single();
        Assert.IsTrue(training.GetProperty("isUsed").GetBoolean(), $"{training}");
        var after = await ClassifyAsync(sample, red);
        Assert.AreNotEqual(before.Model, after.Model);
        Assert.AreEqual("red", after.Classes[0].Label);
        using var model = ResNetModel.Open(service.Model);
        Assert.AreEqual(after.Model, model.Digest);
    }

    [TestMethod]
    public async Task A_refusal_to_train_names_the_folders_that_lack_pictures()
    {
        using var service = new Service();
        using var sample = await service.StartAsync();
        foreach (var file in Directory.GetFiles(service.PathOf("data", "pictures", "green")).Skip(1)) File.Delete(file);
        var known = await RetrainAsync(sample, status: 409);
        StringAssert.Contains(known, "The model in use knows 'green', of which there are fewer than 2 pictures. pictures/green has 1.");
    }

    [TestMethod]
    public async Task A_network_that_is_worse_does_not_come_into_use()
    {
        using var service = new Service();
        // From a network whose features are the same for all pictures nothing can be learned.
        var blind = service.PathOf("blind.onnx");
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", 2);
        var weights = RandomWeights.For(network);
        Array.Clear(weights["conv1.weight"].Values);
        ModelFile.Write(blind, network, weights, RandomWeights.Card(network, ImagePreprocessing.Small(12)));
        using var sample = await service.StartAsync("--Training:StartFrom", blind);
        var picture = service.Picture(channel: 1, seed: 1000);
        var before = await ClassifyAsync(sample, picture);

        await RetrainAsync(sample, status: 202);

        var training = (await WaitAsync(sample)).Single();
        Assert.IsFalse(training.GetProperty("isUsed").GetBoolean(), $"{training}");
        Assert.IsLessThan(training.GetProperty("correctBefore").GetInt32(), training.GetProperty("correct").GetInt32());
        Assert.AreEqual(before.Model, (await ClassifyAsync(sample, picture)).Model);
    }

    [TestMethod]
    public async Task A_service_that_stops_while_it_trains_goes_on_after_its_next_start()
    {
        using var service = new Service();
        for (var seed = 0; seed < 8; seed++)
            ClassFolders.Write(service.PathOf("data", "pictures", "red", $"{seed}.png"), channel: 0, size: 12, seed);
        using (var first = await service.StartAsync("--Training:Epochs", "1000"))
        {
            await RetrainAsync(first, status: 202);
            await first.WaitForAsync("A training begins");
            // Ends with the service, though the training does not.
            var waiting = first.Client.GetAsync("/training?wait=true");
            Assert.AreEqual(0, await first.StopAsync());
            using var answer = await waiting;
        }

        Assert.IsEmpty(Directory.GetFiles(service.PathOf("data"), "*.tmp", SearchOption.AllDirectories));
        // What was asked for is done; without the checkpoint, so that fewer epochs may do.
        Directory.Delete(service.PathOf("data", "run"), recursive: true);
        using var second = await service.StartAsync();
        var training = (await WaitAsync(second)).Single();
        Assert.IsTrue(training.GetProperty("isUsed").GetBoolean(), $"{training}");
        Assert.IsFalse(File.Exists(service.PathOf("data", "training.csv")));
    }

    private static async Task<ImageClassification> ClassifyAsync(WebSample sample, byte[] image)
    {
        using var response = await sample.Client.PostAsync("/classify", new ByteArrayContent(image));
        return await ClassifierApp.ReadAsync(response);
    }

    /// <summary>Sends a picture with its label.</summary>
    /// <returns>Whether a training begins.</returns>
    private static async Task<bool> PostAsync(WebSample sample, string label, byte[] image)
    {
        using var response = await sample.Client.PostAsync($"/pictures?label={label}", new ByteArrayContent(image));
        Assert.AreEqual(200, (int)response.StatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("trainingStarts").GetBoolean();
    }

    /// <summary>Asks for a training.</summary>
    /// <returns>What the service answers.</returns>
    private static async Task<string> RetrainAsync(WebSample sample, int status)
    {
        using var response = await sample.Client.PostAsync("/retrain", content: null);
        var text = await response.Content.ReadAsStringAsync();
        Assert.AreEqual(status, (int)response.StatusCode, text);
        return JsonSerializer.Deserialize<JsonElement?>(text.Length > 0 ? text : "null")?.GetProperty("detail").GetString() ?? "";
    }

    /// <summary>Waits for the end of the training, as the service tells it.</summary>
    /// <returns>The trainings so far.</returns>
    private static async Task<JsonElement[]> WaitAsync(WebSample sample)
    {
        var status = await sample.Client.GetFromJsonAsync<JsonElement>("/training?wait=true");
        Assert.IsFalse(status.GetProperty("isTraining").GetBoolean());
        return [.. status.GetProperty("history").EnumerateArray()];
    }

    /// <summary>A service with a network that tells blue from green, and a few pictures of these.</summary>
    private sealed class Service : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Service()
        {
            File.Copy(s_network.Model, Model);
            for (var i = 0; i < 16; i++)
            {
                var (name, channel) = i % 2 == 0 ? ("blue", 2) : ("green", 1);
                ClassFolders.Write(PathOf("data", "pictures", name, $"{i}.png"), channel, size: 12, seed: 500 + i);
            }
        }

        public string Model => PathOf("model.onnx");

        public string PathOf(params string[] parts) => _folder.PathOf(parts);

        public string[] Classes() => [.. Directory.GetDirectories(PathOf("data", "pictures")).Select(folder => Path.GetFileName(folder)!)];

        public byte[] Picture(int channel, int seed)
        {
            ClassFolders.Write(PathOf("picture.png"), channel, size: 12, seed);
            return File.ReadAllBytes(PathOf("picture.png"));
        }

        public async Task<WebSample> StartAsync(params string[] more)
        {
            string[] usual =
            [
                "--ResNet:ModelPath", Model,
                "--Training:Folder", PathOf("data"),
                "--Training:StartFrom", s_network.Checkpoint,
                "--Training:AfterPictures", "0",
            ];
            var sample = await WebSample.StartAsync("RetrainInService", [.. usual, .. more]);
            await sample.WaitForAsync("is in use");
            return sample;
        }

        public void Dispose() => _folder.Dispose();
    }
}
