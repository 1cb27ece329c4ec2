using System.Net.Http.Json;
using System.Text.Json;

namespace ResNet.Tests;

/// <summary>samples/WebApi runs as its README says.</summary>
[TestClass]
[TestCategory("EndToEnd")]
public sealed class WebSampleTests
{
    [TestMethod]
    public async Task The_page_its_classes_and_its_similar_pictures_come_from_the_model_and_the_folder_of_the_configuration()
    {
        using var world = new ImageWorld(images: 8);
        using var sample = await WebSample.StartAsync("WebApi", "--ResNet:ModelPath", world.ModelFile, "--Pictures", world.Folder);
        await sample.WaitForAsync("8 pictures");

        var page = await sample.Client.GetStringAsync("/");
        StringAssert.Contains(page, "Drop a picture here");
        foreach (var part in new[] { "page.js", "page.css" })
        {
            StringAssert.Contains(page, part);
            using var response = await sample.Client.GetAsync(part);
            Assert.AreEqual(200, (int)response.StatusCode);
        }

        Assert.AreEqual("Healthy", await sample.Client.GetStringAsync("/health/live"));
        Assert.AreEqual("Healthy", await sample.Client.GetStringAsync("/health/ready"));

        using var model = ResNetModel.Open(world.ModelFile);
        var photo = world.Paths[4];
        var bytes = File.ReadAllBytes(photo);
        using var classified = await sample.Client.PostAsync("/classify", new ByteArrayContent(bytes));
        var answer = await ClassifierApp.ReadAsync(classified);
        CollectionAssert.AreEqual(model.Classify(photo).ToArray(), answer.Classes.ToArray());

        using var map = await sample.Client.PostAsync("/map", new ByteArrayContent(bytes));
        Assert.AreEqual("image/jpeg", map.Content.Headers.ContentType!.MediaType);
        CollectionAssert.AreEqual(model.ActivationMap(photo).ToJpeg(), await map.Content.ReadAsByteArrayAsync());

        using var similar = await sample.Client.PostAsync("/similar", new ByteArrayContent(bytes));
        var pictures = (await similar.Content.ReadFromJsonAsync<JsonElement[]>())!;
        Assert.HasCount(6, pictures);
        var url = pictures[0].GetProperty("url").GetString()!;
        Assert.AreEqual($"/pictures/{Path.GetFileName(photo)}", url, "Nothing is more like a picture than the picture itself.");
        Assert.AreEqual(1, pictures[0].GetProperty("similarity").GetSingle(), 1e-5f);
        CollectionAssert.AreEqual(bytes, await sample.Client.GetByteArrayAsync(url));

        // Of the folder, images are served and nothing else.
        using var hidden = await sample.Client.GetAsync("/pictures/model.onnx");
        Assert.AreEqual(404, (int)hidden.StatusCode);
    }
}
