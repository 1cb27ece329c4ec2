using SkiaSharp;

namespace ResNet.Tests;

/// <summary>What all data sets can do, wherever their images come from.</summary>
[TestClass]
public sealed class ImageDatasetTests
{
    [TestMethod]
    public void An_image_is_written_as_a_PNG_file_with_its_pixels()
    {
        using var folders = new ClassFolders(imagesPerClass: 2);
        var images = ImageDataset.FromFolder(folders.Folder);
        for (var i = 0; i < images.Count; i++)
        {
            var expected = images.OpenReader().Read(i);
            using var png = SKBitmap.Decode(images.ToPng(i));
            Assert.AreEqual((expected.Width, expected.Height), (png.Width, png.Height));
            var colors = expected.Pixels.ToArray().Select(pixel => new SKColor((byte)pixel, (byte)(pixel >> 8), (byte)(pixel >> 16)));
            CollectionAssert.AreEqual(colors.ToArray(), png.Pixels);
        }
    }

    [TestMethod]
    public void A_subset_keeps_classes_names_and_splits()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("data.csv"), "path,label,split\na.png,x,train\nb.png,y,test\nc.png,x,val\n");
        var part = ImageDataset.FromTable(folder.PathOf("data.csv")).Subset([2, 1]);
        CollectionAssert.AreEqual(new[] { "x", "y" }, part.Labels.ToList());
        Assert.AreEqual((0, 1), (part.LabelOf(0), part.LabelOf(1)));
        Assert.AreEqual(("val", "test"), (part.SplitOf(0), part.SplitOf(1)));
        Assert.AreEqual(folder.PathOf("c.png"), part.NameOf(0));
    }
}
