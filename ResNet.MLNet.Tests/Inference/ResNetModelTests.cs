using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>A model runs and classifies single images, however they come.</summary>
[TestClass]
public sealed class ResNetModelTests
{
    [TestMethod]
    public void A_path_bytes_a_stream_and_an_MLImage_give_equal_bits()
    {
        using var world = new ImageWorld(images: 2);
        using var model = ResNetModel.Open(world.ModelFile);
        // PNG only: ML.NET decodes JPEG with its own color conversion.
        var path = world.Paths.Single(each => each.EndsWith("png", StringComparison.Ordinal));
        var bytes = File.ReadAllBytes(path);
        using var image = MLImage.CreateFromFile(path);
        foreach (var output in Enum.GetValues<ResNetOutput>())
        {
            var expected = world.Expected(path, output);
            CollectionAssert.AreEqual(expected, model.Run(path, output));
            CollectionAssert.AreEqual(expected, model.Run(bytes, output));
            CollectionAssert.AreEqual(expected, model.Run(image, output));
            using var stream = new MemoryStream(bytes);
            CollectionAssert.AreEqual(expected, model.Run(stream, output));
            Assert.IsTrue(stream.CanRead, "The stream stays open.");
        }
    }

    [TestMethod]
    public void A_stream_is_read_from_its_position_even_if_it_cannot_seek()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        using var stream = new MemoryStream([0, 0, 0, .. File.ReadAllBytes(world.Paths[0])]);
        stream.Position = 3;
        CollectionAssert.AreEqual(model.Run(world.Paths[0]), model.Run(stream));

        using var file = File.OpenRead(world.Paths[0]);
        using var pipe = new OneWayStream(file);
        CollectionAssert.AreEqual(model.Run(world.Paths[0]), model.Run(pipe));
    }

    [TestMethod]
    public void Classify_ranks_the_probabilities_of_Run_and_names_the_classes()
    {
        using var world = new ImageWorld(images: 6);
        using var model = ResNetModel.Open(world.ModelFile);
        foreach (var path in world.Paths)
        {
            var probabilities = model.Run(path);
            var classes = model.Classify(path);
            Assert.HasCount(ImageWorld.Classes, classes, "A network with fewer than five classes gives all.");
            CollectionAssert.AreEqual(probabilities.OrderDescending().ToArray(), classes.Select(each => each.Probability).ToArray());
            foreach (var found in classes)
            {
                Assert.AreEqual(probabilities[found.Index], found.Probability);
                Assert.AreEqual(model.Labels![found.Index], found.Label);
            }

            var (label, probability) = model.Classify(path, top: 1).Single();
            Assert.AreEqual(classes[0].Label, label);
            Assert.AreEqual(classes[0].Probability, probability);
        }
    }

    [TestMethod]
    public void Classify_takes_a_path_bytes_a_stream_and_an_MLImage()
    {
        using var world = new ImageWorld(images: 2);
        using var model = ResNetModel.Open(world.ModelFile);
        var path = world.Paths.Single(each => each.EndsWith("png", StringComparison.Ordinal));
        var bytes = File.ReadAllBytes(path);
        using var image = MLImage.CreateFromFile(path);
        using var stream = new MemoryStream(bytes);
        var expected = model.Classify(path, top: 2).ToArray();
        Assert.HasCount(2, expected);
        CollectionAssert.AreEqual(expected, model.Classify(bytes, top: 2).ToArray());
        CollectionAssert.AreEqual(expected, model.Classify(image, top: 2).ToArray());
        CollectionAssert.AreEqual(expected, model.Classify(stream, top: 2).ToArray());
    }

    [TestMethod]
    public void Classes_without_names_are_called_by_their_numbers()
    {
        using var world = new ImageWorld(images: 1);
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 4);
        var card = RandomWeights.Card(network) with { Labels = null };
        ModelFile.Write(world.ModelFile, network, RandomWeights.For(network), card);
        using var model = ResNetModel.Open(world.ModelFile);
        CollectionAssert.AreEquivalent(new[] { "0", "1", "2", "3" }, model.Classify(world.Paths[0]).Select(found => found.Label).ToArray());
    }

    [TestMethod]
    public void What_cannot_be_asked_is_refused()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Classify(world.Paths[0], top: 0));
        var missing = Assert.ThrowsExactly<InvalidImageException>(() => model.Classify(world.PathOf("none.jpg")));
        StringAssert.Contains(missing.Message, "none.jpg");
        Assert.ThrowsExactly<InvalidImageException>(() => model.Run(Stream.Null));
        Assert.ThrowsExactly<ArgumentNullException>(() => model.Run((MLImage)null!));
        model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.Run(world.Paths[0]));
    }

    /// <summary>A stream that can only be read onward, a byte at a time, as from a network.</summary>
    private sealed class OneWayStream(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, 1));

        public override void Flush() => inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
