using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Mvc;

namespace ResNet.Tests;

/// <summary>An image goes to a real server over HTTP and comes back as classes; a refusal says the reason.</summary>
[TestClass]
public sealed class EndpointTests
{
    [TestMethod]
    public async Task A_body_and_a_file_of_a_form_are_classified_as_the_model_classifies_them()
    {
        using var world = new ImageWorld(images: 6);
        using var model = ResNetModel.Open(world.ModelFile);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        foreach (var path in world.Paths)
        {
            var bytes = File.ReadAllBytes(path);
            var expected = model.Classify(path).ToArray();
            var answer = await app.ClassifyAsync(bytes);
            CollectionAssert.AreEqual(expected, answer.Classes.ToArray());
            Assert.AreEqual(model.Digest, answer.Model);

            using var form = await app.PostFormAsync(
                ("note", new StringContent("first comes a field that is not a file"), null),
                ("image", new ByteArrayContent(bytes), Path.GetFileName(path)));
            CollectionAssert.AreEqual(expected, (await ClassifierApp.ReadAsync(form)).Classes.ToArray());
        }
    }

    [TestMethod]
    [DataRow("image/jpeg")]
    [DataRow("application/octet-stream")]
    [DataRow("application/x-www-form-urlencoded", DisplayName = "As curl says of what --data-binary sends")]
    public async Task A_body_is_an_image_whatever_its_type_says(string type)
    {
        using var world = new ImageWorld(images: 1);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        using var content = new ByteArrayContent(File.ReadAllBytes(world.Paths[0]));
        content.Headers.ContentType = new(type);
        using var response = await app.Client.PostAsync("/classify", content);
        Assert.HasCount(ImageWorld.Classes, (await ClassifierApp.ReadAsync(response)).Classes);
    }

    [TestMethod]
    public async Task A_client_asks_for_the_number_of_classes_that_it_wants()
    {
        using var world = new ImageWorld(images: 1);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        var bytes = File.ReadAllBytes(world.Paths[0]);
        using var two = await app.PostAsync(bytes, "/classify?top=2");
        Assert.HasCount(2, (await ClassifierApp.ReadAsync(two)).Classes);
        foreach (var top in new[] { "0", "-1", "many", "" })
            StringAssert.Contains(await DetailOfAsync(400, await app.PostAsync(bytes, $"/classify?top={top}")), $"'top' is '{top}'");
    }

    [TestMethod]
    public async Task What_is_not_an_image_is_refused_with_415_and_the_reason()
    {
        using var world = new ImageWorld(images: 1);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        var text = Encoding.UTF8.GetBytes("not an image");
        StringAssert.Contains(await DetailOfAsync(415, await app.PostAsync(text)), "not an image that can be decoded");
        StringAssert.Contains(await DetailOfAsync(415, await app.PostAsync([])), "empty");
        var image = File.ReadAllBytes(world.Paths[0]);
        StringAssert.Contains(await DetailOfAsync(415, await app.PostAsync(image[..(image.Length / 2)])), "cut off");
        var form = await app.PostFormAsync(("image", new ByteArrayContent(text), "photo.jpg"));
        StringAssert.Contains(await DetailOfAsync(415, form), "not an image that can be decoded");
    }

    [TestMethod]
    public async Task A_form_without_a_file_is_refused_with_400_and_what_to_send()
    {
        using var world = new ImageWorld(images: 1);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile);
        var field = await app.PostFormAsync(("image", new StringContent("photo.jpg"), null));
        StringAssert.Contains(await DetailOfAsync(400, field), "The form has no file. Send the image as the body");

        using var whole = new ByteArrayContent(File.ReadAllBytes(world.Paths[0]));
        whole.Headers.ContentType = new("multipart/form-data");
        StringAssert.Contains(await DetailOfAsync(400, await app.Client.PostAsync("/classify", whole)), "The form has no parts.");

        using var cut = new ByteArrayContent("--edge\r\nContent-Disp"u8.ToArray());
        cut.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=edge");
        StringAssert.Contains(await DetailOfAsync(400, await app.Client.PostAsync("/classify", cut)), "cut off or malformed");
    }

    [TestMethod]
    public async Task An_image_of_too_many_bytes_is_refused_with_413_however_it_comes()
    {
        using var world = new ImageWorld(images: 1);
        var bytes = File.ReadAllBytes(world.Paths[0]);
        await using var app = await ClassifierApp.StartAsync(world.ModelFile, options => options.MaximumBytes = bytes.Length);
        await app.ClassifyAsync(bytes);

        byte[] longer = [.. bytes, 0];
        var expected = $"more bytes than the {bytes.Length:N0} that are accepted";
        StringAssert.Contains(await DetailOfAsync(413, await app.PostAsync(longer)), expected);
        var file = await app.PostFormAsync(("image", new ByteArrayContent(longer), "a.jpg"));
        StringAssert.Contains(await DetailOfAsync(413, file), expected);
        // A body in chunks does not say how long it is.
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/classify") { Content = new ByteArrayContent(longer) };
        chunked.Headers.TransferEncodingChunked = true;
        StringAssert.Contains(await DetailOfAsync(413, await app.Client.SendAsync(chunked)), expected);
        // Beyond what a form may have around the file, the server itself refuses.
        var form = await app.PostFormAsync(("note", new ByteArrayContent(new byte[1 << 17]), null));
        StringAssert.Contains(await DetailOfAsync(413, form), expected);
    }

    [TestMethod]
    public async Task An_image_of_too_many_pixels_is_refused_with_413_before_it_is_decoded()
    {
        using var world = new ImageWorld(images: 1);
        var path = world.Paths[0];
        await using var app = await ClassifierApp.StartAsync(world.ModelFile, options => options.MaximumPixels = 40 * 36 - 1);
        StringAssert.Contains(
            await DetailOfAsync(413, await app.PostAsync(File.ReadAllBytes(path))), "more pixels than the 1,439 that are accepted");
        var smaller = world.PathOf("small.jpg");
        ClassFolders.Write(smaller, channel: 0, size: 32, seed: 1);
        await app.ClassifyAsync(File.ReadAllBytes(smaller));
    }

    private static async Task<string> DetailOfAsync(int status, HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.AreEqual(status, (int)response.StatusCode, text);
            Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            var problem = (await response.Content.ReadFromJsonAsync<ProblemDetails>())!;
            Assert.AreEqual(status, problem.Status);
            return problem.Detail!;
        }
    }
}
