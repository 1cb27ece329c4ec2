using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace ResNet.Tests;

/// <summary>Sources that give their rows once, or never twice in the same order: each row keeps its own image.</summary>
[TestClass]
public sealed class UnrepeatableSourceTests
{
    [TestMethod]
    public void Rows_that_are_shuffled_anew_at_each_reading_keep_their_images()
    {
        using var world = new ImageWorld(images: 30);
        var rows = Rows(world);
        var seed = 0;
        AssertPaired(world, rows.OrderBy(_ => Guid.NewGuid()), 30);
        AssertPaired(world, Shuffled(), 30);

        IEnumerable<Row> Shuffled()
        {
            var order = rows.ToArray();
            new Random(seed++).Shuffle(order);
            return order.Select(row => row);
        }
    }

    [TestMethod]
    public void A_queue_gives_all_its_rows()
    {
        using var world = new ImageWorld(images: 24);
        using var queue = new BlockingCollection<Row>();
        foreach (var row in Rows(world)) queue.Add(row);
        queue.CompleteAdding();
        AssertPaired(world, queue.GetConsumingEnumerable(), 24);
    }

    [TestMethod]
    public void What_stands_before_the_network_runs_once_a_row()
    {
        using var world = new ImageWorld(images: 24);
        var runs = 0;
        var download = world.Context.Transforms.CustomMapping<Row, Downloaded>(
            (row, downloaded) => (downloaded.ImageFile, downloaded.Run) = (row.ImagePath, Interlocked.Increment(ref runs)),
            contractName: null);
        var data = world.Context.Data.LoadFromEnumerable(Rows(world));
        var view = download.Append(Features(world, "ImageFile")).Fit(data).Transform(data);
        var read = world.Context.Data.CreateEnumerable<Mapped>(view, reuseRowObject: false).ToList();
        Assert.AreEqual(24, runs);
        CollectionAssert.AreEqual(Enumerable.Range(1, 24).ToList(), read.ConvertAll(row => row.Run));
        AssertPaired(world, read);
    }

    [TestMethod]
    public void Columns_of_every_kind_are_those_of_their_row()
    {
        using var world = new ImageWorld(images: 24);
        var rows = Rows(world);
        var data = world.Context.Data.LoadFromEnumerable(rows.OrderBy(_ => Guid.NewGuid()));
        var pipeline = world.Context.Transforms.Conversion.MapValueToKey("Key", "Text").Append(Features(world));
        var view = pipeline.Fit(world.Context.Data.LoadFromEnumerable(rows)).Transform(data);
        var read = world.Context.Data.CreateEnumerable<ReadRow>(view, reuseRowObject: false).ToList();
        AssertPaired(world, read);
        foreach (var row in read)
        {
            var expected = rows[(int)row.Number];
            Assert.AreEqual(expected.Text, row.Text);
            Assert.AreEqual(expected.ImagePath, row.ImagePath);
            Assert.AreEqual(expected.Flag, row.Flag);
            Assert.AreEqual(expected.Time, row.Time);
            Assert.AreEqual((uint)expected.Number + 1, row.Key);
            CollectionAssert.AreEqual(expected.Numbers, row.Numbers);
            CollectionAssert.AreEqual(expected.Words, row.Words);
        }
    }

    [TestMethod]
    public void An_image_that_is_gone_after_its_row_has_been_copied_in_time()
    {
        using var world = new ImageWorld(images: 24);
        var png = world.Paths.Where(path => path.EndsWith("png", StringComparison.Ordinal)).ToList();
        var data = world.Context.Data.LoadFromEnumerable(Images());
        var view = Features(world, "Image").Fit(data).Transform(data);
        var features = view.GetColumn<float[]>("Features").ToList();
        Assert.HasCount(png.Count, features);
        for (var i = 0; i < png.Count; i++) CollectionAssert.AreEqual(world.Expected(png[i]), features[i]);

        // As an application writes it: each image lives as long as its row.
        IEnumerable<PixelRow> Images()
        {
            foreach (var path in png)
            {
                using var image = MLImage.CreateFromFile(path);
                yield return new() { Image = image };
            }
        }
    }

    [TestMethod]
    public void A_column_that_cannot_be_copied_stays_with_its_row_and_the_log_says_what_it_costs()
    {
        using var world = new ImageWorld(images: 24);
        List<string> log = [];
        world.Context.Log += (_, message) => log.Add(message.Message);
        var png = world.Paths.Where(path => path.EndsWith("png", StringComparison.Ordinal)).ToList();
        var load = world.Context.Transforms.LoadImages("Image", "", "ImagePath");
        var view = load.Append(Features(world, "Image")).Fit(world.Data(png)).Transform(world.Data(png));
        using var cursor = view.GetRowCursor(view.Schema);
        var image = cursor.GetGetter<MLImage>(view.Schema["Image"]);
        var path = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["ImagePath"]);
        var features = cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]);
        MLImage pixels = null!;
        ReadOnlyMemory<char> name = default;
        VBuffer<float> values = default;
        var count = 0;
        for (; cursor.MoveNext(); count++)
        {
            features(ref values);
            image(ref pixels);
            path(ref name);
            Assert.AreEqual(png[count], name.ToString());
            CollectionAssert.AreEqual(world.Expected(png[count]), values.DenseValues().ToArray());
            using var expected = MLImage.CreateFromFile(png[count]);
            Assert.IsTrue(expected.Pixels.SequenceEqual(pixels.Pixels));
        }

        Assert.AreEqual(png.Count, count);
        Assert.HasCount(1, log.FindAll(line => line.Contains("'Image'") && line.Contains("no row is read ahead")));
    }

    [TestMethod]
    public void A_source_that_fails_gives_the_rows_before_and_then_its_own_exception()
    {
        using var world = new ImageWorld(images: 12);
        var data = world.Context.Data.LoadFromEnumerable(Failing());
        var view = Features(world).Fit(data).Transform(data);
        List<FeatureRow> read = [];
        var problem = Assert.ThrowsExactly<TimeoutException>(
            () => world.Context.Data.CreateEnumerable<FeatureRow>(view, reuseRowObject: false).All(Kept));
        Assert.AreEqual("The database has gone.", problem.Message);
        Assert.HasCount(12, read);
        AssertPaired(world, read);

        bool Kept(FeatureRow row)
        {
            read.Add(row);
            return true;
        }

        IEnumerable<Row> Failing()
        {
            foreach (var row in Rows(world)) yield return row;
            throw new TimeoutException("The database has gone.");
        }
    }

    [TestMethod]
    public void A_cursor_past_the_end_stays_there()
    {
        using var world = new ImageWorld(images: 3);
        var view = Features(world).Fit(world.Data()).Transform(world.Data());
        using var cursor = view.GetRowCursor(view.Schema);
        var number = cursor.GetGetter<float>(view.Schema["Number"]);
        var id = cursor.GetIdGetter();
        var (value, identity) = (0f, default(DataViewRowId));
        Assert.AreEqual(-1, cursor.Position);
        for (var row = 0; row < 3; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            Assert.AreEqual(row, cursor.Position);
            number(ref value);
            Assert.AreEqual(row, value);
        }

        for (var again = 0; again < 3; again++) Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
        Assert.ThrowsExactly<InvalidOperationException>(() => number(ref value));
        Assert.ThrowsExactly<InvalidOperationException>(() => id(ref identity));
    }

    private static List<Row> Rows(ImageWorld world) =>
    [
        .. world.Paths.Select((path, index) => new Row
        {
            ImagePath = path,
            Number = index,
            Text = $"row {index}",
            Flag = index % 3 == 0,
            Time = new DateTime(2015, 12, 10).AddHours(index),
            Numbers = [.. Enumerable.Range(index, index % 4).Select(number => (float)number)],
            Words = [.. Enumerable.Range(0, index % 3).Select(word => $"word {index} {word}")],
        }),
    ];

    private static ResNetEstimator Features(ImageWorld world, string input = "ImagePath") =>
        world.Context.Transforms.ApplyResNet("Features", input, world.ModelFile);

    private static void AssertPaired(ImageWorld world, IEnumerable<Row> source, int count)
    {
        var data = world.Context.Data.LoadFromEnumerable(source);
        var view = Features(world).Fit(data).Transform(data);
        var read = world.Context.Data.CreateEnumerable<FeatureRow>(view, reuseRowObject: false).ToList();
        Assert.HasCount(count, read);
        Assert.HasCount(count, read.DistinctBy(row => row.Number));
        AssertPaired(world, read);
    }

    private static void AssertPaired(ImageWorld world, IEnumerable<FeatureRow> read)
    {
        foreach (var row in read)
            CollectionAssert.AreEqual(world.Expected(world.Paths[(int)row.Number]), row.Features, $"row {row.Number}");
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public float Number { get; set; }

        public string Text { get; set; } = "";

        public bool Flag { get; set; }

        public DateTime Time { get; set; }

        public float[] Numbers { get; set; } = [];

        public string[] Words { get; set; } = [];
    }

    private sealed class PixelRow
    {
        [ImageType(36, 40)]
        public MLImage Image { get; set; } = null!;
    }

    private sealed class Downloaded
    {
        public string ImageFile { get; set; } = "";

        public int Run { get; set; }
    }

    private class FeatureRow
    {
        public float Number { get; set; }

        public float[] Features { get; set; } = [];
    }

    private sealed class Mapped : FeatureRow
    {
        public int Run { get; set; }
    }

    private sealed class ReadRow : FeatureRow
    {
        public string ImagePath { get; set; } = "";

        public string Text { get; set; } = "";

        public bool Flag { get; set; }

        public DateTime Time { get; set; }

        public float[] Numbers { get; set; } = [];

        public string[] Words { get; set; } = [];

        [KeyType(30)]
        public uint Key { get; set; }
    }
}
