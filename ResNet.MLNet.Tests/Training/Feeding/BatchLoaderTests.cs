namespace ResNet.Tests;

/// <summary>Batches are a function of the seed alone, and augmentation does what its name says.</summary>
[TestClass]
public sealed class BatchLoaderTests
{
    [TestMethod]
    public void Any_number_of_workers_gives_the_same_batches()
    {
        using var folders = new ClassFolders(imagesPerClass: 11);
        var expected = Read(folders, workers: 1, epoch: 3);
        foreach (var workers in new[] { 2, 5, 16 }) AssertEqual(expected, Read(folders, workers, epoch: 3));
        Assert.IsFalse(expected[0].Targets.SequenceEqual(Read(folders, 1, epoch: 4)[0].Targets), "Every epoch has an order of its own.");
        AssertEqual(expected[2..], Read(folders, 2, epoch: 3, first: 2));
    }

    [TestMethod]
    public void An_epoch_shows_every_image_once_in_batches_of_nearly_equal_size()
    {
        using var folders = new ClassFolders(imagesPerClass: 11);
        var loader = new BatchLoader(folders.Open(0).Training, ImagePreprocessing.Small(12), null, 8, 1, 2, _ => Assert.Fail());
        var batches = loader.Epoch(0).ToList();
        CollectionAssert.AreEqual(new[] { 6, 7, 6, 7, 7 }, batches.ConvertAll(batch => batch.Count));
        Assert.HasCount(33, batches.SelectMany(batch => batch.Pixels.Chunk(12 * 12 * 4)).Select(Convert.ToHexString).Distinct().ToList());
    }

    [TestMethod]
    public void A_balanced_epoch_shows_all_classes_equally_often_and_every_image_of_the_rare_ones()
    {
        using var folders = new ClassFolders(imagesPerClass: 10);
        var images = folders.Open(0).Training;
        // 10, 2 and 1 images of the classes: 13 are shown, 5, 4 and 4 in some order.
        var rare = images.Subset([.. Enumerable.Range(0, 10), 10, 11, 29]);
        var loader = new BatchLoader(
            rare, ImagePreprocessing.Small(12), Augmentation.None, 4, 5, 2, problem => throw problem, Sampling.Balanced);
        List<int> extra = [];
        for (var epoch = 0; epoch < 8; epoch++)
        {
            var batches = loader.Epoch(epoch).ToList();
            var shown = batches.SelectMany(batch => batch.Targets.Zip(batch.Pixels.Chunk(12 * 12 * 4).Select(Convert.ToHexString)));
            var classes = shown.ToLookup(image => image.First, image => image.Second);
            CollectionAssert.AreEqual(new[] { 4, 4, 5 }, classes.Select(each => each.Count()).Order().ToList());
            Assert.IsGreaterThanOrEqualTo(4, classes[0].Distinct().Count(), "No image twice while there are others.");
            Assert.AreEqual(2, classes[1].Distinct().Count());
            extra.Add((int)classes.Single(each => each.Count() == 5).Key);
            AssertEqual(batches[2..], [.. loader.Epoch(epoch, first: 2)]);
        }

        Assert.IsGreaterThan(1, extra.Distinct().Count(), "The class that is shown once more changes.");
        var (first, second) = (loader.Epoch(0).First(), loader.Epoch(1).First());
        Assert.IsFalse(first.Pixels.SequenceEqual(second.Pixels), "Every epoch draws anew.");
    }

    [TestMethod]
    public void Images_that_cannot_be_read_are_left_out_and_told()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        File.WriteAllText(folders.PathOf("red", "002.png"), "no image");
        List<string> problems = [];
        var images = folders.Open(0).Training;
        var loader = new BatchLoader(images, ImagePreprocessing.Small(12), null, 4, 1, 1, problem => problems.Add(problem.Message));
        Assert.AreEqual(11, loader.Epoch(0).Sum(batch => batch.Count));
        StringAssert.Contains(problems.Single(), "002.png");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    public void A_policy_that_throws_ends_the_epoch_with_its_exception_and_no_thread_goes_on(int workers)
    {
        using var folders = new ClassFolders(imagesPerClass: 40);
        foreach (var name in new[] { "010.png", "011.jpg" }) File.WriteAllText(folders.PathOf("blue", name), "no image");
        using var told = new ManualResetEventSlim();
        var source = new Watched(folders.Open(0).Training, after: 15, told);
        // Not varied: the images are in their order, and the third and fourth of the second batch of eight are bad.
        var loader = new BatchLoader(source, ImagePreprocessing.Small(12), null, 8, 1, workers, problem =>
        {
            told.Set();
            throw new FormatException(problem.Message);
        });
        List<int> seen = [];
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var problem = Assert.ThrowsExactly<FormatException>(() => seen.AddRange(loader.Epoch(0).Select(batch => batch.Index)));
            StringAssert.Contains(problem.Message, "010.png");
            Assert.AreEqual(0, source.Running);
        }

        CollectionAssert.AreEqual(new[] { 0, 0, 0 }, seen);
        // What lay ahead was called off.
        Assert.IsLessThan(3 * source.Count, source.Begun);
        Assert.AreEqual(4 * 8, loader.Epoch(0, first: 2).Take(4).Sum(batch => batch.Count));
    }

    [TestMethod]
    public void An_epoch_of_bad_images_only_ends_without_a_batch()
    {
        using var folders = new ClassFolders(imagesPerClass: 5);
        folders.SpoilAll();
        var told = 0;
        var (images, crop) = (folders.Open(0).Training, new Augmentation.RandomResizedCrop());
        var loader = new BatchLoader(images, ImagePreprocessing.Small(12), crop, 4, 1, 3, _ => Interlocked.Increment(ref told));
        Assert.AreEqual((0, 0), (loader.Epoch(0).Count(), loader.Epoch(1).Count()));
        Assert.AreEqual(2 * 15, told);
    }

    [TestMethod]
    public void The_orientation_is_applied_as_the_preprocessing_says()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        var fixture = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Imaging", "exif6.jpg");
        foreach (var label in new[] { "red", "green", "blue" }) File.Copy(fixture, folders.PathOf(label, "000.png"), overwrite: true);
        foreach (var apply in new[] { true, false })
        {
            var preprocessing = ImagePreprocessing.Small(12) with { ApplyExifOrientation = apply };
            var batch = new BatchLoader(folders.Open(0).Training, preprocessing, null, 1, 1, 1, _ => Assert.Fail()).Epoch(0).First();
            CollectionAssert.AreEqual(new ImagePreparer(preprocessing).Crop(new(fixture)).Bytes.ToArray(), batch.Pixels);
        }
    }

    [TestMethod]
    public void Leaving_an_epoch_in_the_middle_ends_its_threads()
    {
        using var folders = new ClassFolders(imagesPerClass: 20);
        var loader = new BatchLoader(folders.Open(0).Training, ImagePreprocessing.Small(12), null, 2, 1, 4, _ => Assert.Fail());
        Assert.AreEqual(2, loader.Epoch(0).First().Count);
        // What was begun is over: from now on no file is read, so that nobody notices that they are gone.
        foreach (var name in new[] { "red", "green", "blue" }) Directory.Delete(folders.PathOf(name), recursive: true);
    }

    [TestMethod]
    public void Pad_crop_flip_gives_windows_of_the_padded_image_and_their_mirror_images()
    {
        const int size = 7, padding = 3;
        var image = new PixelBuffer();
        image.Reset(size, size);
        for (var i = 0; i < size * size; i++) image.Pixels[i] = 0xff000000 | (uint)(i + 1);
        var canvas = new Canvas(new() { Resize = null, Crop = size });
        HashSet<(int, int, bool)> seen = [];
        for (var seed = 0; seed < 2000; seed++)
        {
            var result = new Augmentation.PadCropFlip(padding).Read(new OneImage(image), 0, new(seed), canvas).Pixels.ToArray();
            seen.Add(Windows().Single(window => Window(window.X, window.Y, window.Flip).SequenceEqual(result)));
        }

        Assert.HasCount(2 * (2 * padding + 1) * (2 * padding + 1), seen);

        IEnumerable<(int X, int Y, bool Flip)> Windows() =>
            from x in Enumerable.Range(-padding, 2 * padding + 1)
            from y in Enumerable.Range(-padding, 2 * padding + 1)
            from flip in new[] { false, true }
            select (x, y, flip);

        IEnumerable<uint> Window(int left, int top, bool flip) =>
            from y in Enumerable.Range(0, size)
            from x in Enumerable.Range(0, size)
            let sourceX = left + (flip ? size - 1 - x : x)
            let sourceY = top + y
            select sourceX is >= 0 and < size && sourceY is >= 0 and < size ? image.Pixels[sourceY * size + sourceX] : 0;
    }

    [TestMethod]
    public void Random_resized_crops_are_parts_of_the_allowed_area_and_proportions()
    {
        // Each pixel says its place, so that the corners of the result tell where it came from.
        var image = new PixelBuffer();
        image.Reset(200, 100);
        for (var y = 0; y < 100; y++)
        {
            for (var x = 0; x < 200; x++) image.PixelRow(y)[x] = 0xff000000 | (uint)(y << 8) | (uint)x;
        }

        var canvas = new Canvas(new() { Crop = 50 });
        List<double> areas = [];
        var mirrored = 0;
        for (var seed = 0; seed < 500; seed++)
        {
            var result = new Augmentation.RandomResizedCrop(0.2).Read(new OneImage(image), 0, new(seed), canvas);
            var (left, right) = ((int)(result.PixelRow(25)[0] & 0xff), (int)(result.PixelRow(25)[49] & 0xff));
            var (top, bottom) = ((int)(result.PixelRow(0)[25] >> 8 & 0xff), (int)(result.PixelRow(49)[25] >> 8 & 0xff));
            if (left > right) mirrored++;
            // The corners are the means of their surroundings: one 50th of the box is missing between them.
            var (width, height) = (Math.Abs(right - left) * 50 / 49.0, Math.Abs(bottom - top) * 50 / 49.0);
            areas.Add(width * height / (200 * 100));
            Assert.IsTrue(width / height is > 0.68 and < 1.47, $"{width} x {height}");
        }

        Assert.IsTrue(areas.Min() > 0.18 && areas.Max() < 0.72, $"{areas.Min()} to {areas.Max()}");
        Assert.IsTrue(mirrored is > 200 and < 300);
    }

    private static List<Batch> Read(ClassFolders folders, int workers, int epoch, int first = 0)
    {
        var (images, augmentation) = (folders.Open(0).Training, new Augmentation.PadCropFlip(2));
        var loader = new BatchLoader(images, ImagePreprocessing.Small(12), augmentation, 8, 5, workers, _ => Assert.Fail());
        return [.. loader.Epoch(epoch, first)];
    }

    private static void AssertEqual(List<Batch> expected, List<Batch> actual)
    {
        Assert.HasCount(expected.Count, actual);
        foreach (var (left, right) in expected.Zip(actual))
        {
            Assert.AreEqual(left.Index, right.Index);
            CollectionAssert.AreEqual(left.Targets, right.Targets);
            CollectionAssert.AreEqual(left.Pixels, right.Pixels);
        }
    }

    /// <summary>
    /// Counts what is being read. Images behind the first few wait until a bad one was told, so that some are being read then.
    /// </summary>
    private sealed class Watched(ImageDataset source, int after, ManualResetEventSlim told) : ImageDataset(source.Labels)
    {
        private int _running, _begun;

        public override int Count => source.Count;

        public int Running => Volatile.Read(ref _running);

        public int Begun => _begun;

        public override int LabelOf(int index) => source.LabelOf(index);

        public override string NameOf(int index) => source.NameOf(index);

        internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) =>
            new Reader(this, source.OpenReader(applyOrientation, limits), after, told);

        private sealed class Reader(Watched owner, ImageReader reader, int after, ManualResetEventSlim told) : ImageReader
        {
            public override PixelBuffer Read(int index)
            {
                Interlocked.Increment(ref owner._running);
                Interlocked.Increment(ref owner._begun);
                try
                {
                    if (index > after) told.Wait();
                    return reader.Read(index);
                }
                finally
                {
                    Interlocked.Decrement(ref owner._running);
                }
            }
        }
    }
}
