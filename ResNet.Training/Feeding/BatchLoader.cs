using System.Collections.Concurrent;

namespace ResNet.Training;

/// <summary>Some images of one epoch, decoded and augmented.</summary>
/// <param name="Index">Its place in the epoch.</param>
/// <param name="Pixels">[Count, size, size, 4] red, green, blue, ignored.</param>
/// <param name="Targets">[Count] class numbers.</param>
internal sealed record Batch(int Index, byte[] Pixels, long[] Targets)
{
    /// <summary>[Count] which pixels the images show; null if all are whole.</summary>
    public Placement[]? Placements { get; init; }

    /// <summary>[Count] which images these are: indices into the dataset.</summary>
    public int[] Images { get; init; } = [];

    /// <summary>
    /// [Count, classes] 1 for the classes of an image and 0 for others, where images have several; the targets are then all 0. Null where
    /// each has one.
    /// </summary>
    public float[]? Labels { get; init; }

    public int Count => Targets.Length;
}

/// <summary>
/// Makes the batches of an epoch, ahead of the training step, on several threads. What is in a batch depends on the seed, the epoch and the
/// batch's place alone, so that any number of threads gives the same batches and an epoch can be resumed in its middle.
/// </summary>
/// <param name="source">The images.</param>
/// <param name="preprocessing">The size of the network's input and the filter.</param>
/// <param name="augmentation">How images are varied; null for images in their order, not varied (validation).</param>
/// <param name="batchSize">The most images of a batch; the epoch is cut into batches whose sizes differ by one at most.</param>
/// <param name="seed">Seed of order and variation.</param>
/// <param name="workers">The most threads that work at a time.</param>
/// <param name="onBadImage">
/// Receives, on some thread, each image that cannot be read; the batch goes without it. What it throws ends the epoch, in the place of
/// that batch.
/// </param>
/// <param name="sampling">Which images an epoch shows; those that are not varied are all shown, once.</param>
/// <param name="inOrder">Whether images come in their order though they are varied.</param>
internal sealed class BatchLoader(
    ImageDataset source,
    ImagePreprocessing preprocessing,
    Augmentation? augmentation,
    int batchSize,
    long seed,
    int workers,
    Action<InvalidImageException> onBadImage,
    Sampling sampling = Sampling.Natural,
    bool inOrder = false)
{
    private const int ImagePurpose = 2;

    /// <summary>The images that a thread makes at a time: few, so that all threads work on the batch that is waited for.</summary>
    private const int PartSize = 8;

    // Not a ConcurrentBag: that keeps its items in lists of each thread, which may outlive the loader.
    private readonly ConcurrentStack<(ImageReader Reader, Canvas Canvas)> _tools = [];
    private readonly Augmentation _augmentation = augmentation ?? Augmentation.None;
    private readonly int _imageSize = ImageSize(preprocessing);

    /// <summary>The number of batches of an epoch.</summary>
    public int Batches { get; } = BatchesOf(source.Count, batchSize);

    /// <summary>The bytes of an image in a batch.</summary>
    public static int ImageSize(ImagePreprocessing preprocessing) => PixelBuffer.BytesPerPixel * preprocessing.Crop * preprocessing.Crop;

    /// <summary>The number of batches of an epoch.</summary>
    /// <param name="images">The images of the epoch.</param>
    /// <param name="batchSize">The most images of a batch.</param>
    public static int BatchesOf(int images, int batchSize) => (int)(((long)images + batchSize - 1) / batchSize);

    /// <summary>The batches of an epoch from one of them on, in order. Those of which no image can be read are left out.</summary>
    public IEnumerable<Batch> Epoch(int epoch, int first = 0)
    {
        var isInOrder = inOrder || augmentation is null;
        int[] order = isInOrder ? [.. Enumerable.Range(0, source.Count)] : EpochOrder.Of(source, sampling, seed, epoch);
        var ahead = new Queue<Task<Batch>>();
        using var stop = new CancellationTokenSource();
        var threads = new TaskFactory(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, workers).ConcurrentScheduler);
        // Besides the batch that is waited for, enough to keep the threads busy while it is used.
        var wanted = 2 + (long)workers * PartSize / batchSize;
        try
        {
            for (int next = first, batch = first; batch < Batches; batch++)
            {
                for (; next < Batches && ahead.Count < wanted; next++) ahead.Enqueue(Make(epoch, next, order, threads, stop.Token));
                var made = ahead.Dequeue().GetAwaiter().GetResult();
                if (made.Count > 0) yield return made;
            }
        }
        finally
        {
            // The reader may have gone away in the middle, or an image ended the epoch: what is being made is called off and waited for.
            stop.Cancel();
            foreach (var task in ahead) ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        }
    }

    private async Task<Batch> Make(int epoch, int index, int[] order, TaskFactory threads, CancellationToken stop)
    {
        var (start, count) = (Boundary(index), Boundary(index + 1) - Boundary(index));
        var pixels = GC.AllocateUninitializedArray<byte>(count * _imageSize);
        var placements = new Placement[count];
        var isGood = new bool[count];
        var parts = new Task[(count + PartSize - 1) / PartSize];
        for (var part = 0; part < parts.Length; part++)
        {
            var (from, to) = (part * PartSize, Math.Min((part + 1) * PartSize, count));
            parts[part] = threads.StartNew(() => Read(from, to), stop);
        }

        // If several parts fail, this throws what the first of them threw, whichever was faster. Nothing after it needs the caller's
        // context.
        await Task.WhenAll(parts).ConfigureAwait(false);
        return Collect(index, pixels, placements, isGood, order.AsSpan(start, count));

        void Read(int from, int to)
        {
            if (!_tools.TryPop(out var tools)) tools = (source.OpenReader(preprocessing.ApplyExifOrientation), new(preprocessing));
            for (var position = from; position < to && !stop.IsCancellationRequested; position++)
            {
                try
                {
                    var random = new SeededRandom(seed, ImagePurpose, epoch, start + position);
                    var image = _augmentation.Read(tools.Reader, order[start + position], random, tools.Canvas);
                    image.Bytes.CopyTo(pixels.AsSpan(position * _imageSize));
                    placements[position] = tools.Canvas.Placement;
                    isGood[position] = true;
                }
                catch (InvalidImageException problem)
                {
                    onBadImage(problem);
                }
                finally
                {
                    tools.Reader.LetGo();
                    tools.Canvas.LetGo();
                }
            }

            _tools.Push(tools);
        }
    }

    /// <summary>The batch of the images that could be read.</summary>
    private Batch Collect(int index, byte[] pixels, Placement[] placements, bool[] isGood, ReadOnlySpan<int> images)
    {
        List<int> good = [.. Enumerable.Range(0, isGood.Length).Where(position => isGood[position])];
        if (good.Count < isGood.Length)
        {
            for (var i = 0; i < good.Count; i++) pixels.AsSpan(good[i] * _imageSize, _imageSize).CopyTo(pixels.AsSpan(i * _imageSize));
            Array.Resize(ref pixels, good.Count * _imageSize);
        }

        var read = new int[good.Count];
        for (var i = 0; i < read.Length; i++) read[i] = images[good[i]];
        var targets = source.IsMultiLabel ? new long[read.Length] : Array.ConvertAll(read, image => (long)source.LabelOf(image));
        return new(index, pixels, targets)
        {
            Images = read,
            Labels = source.IsMultiLabel ? ImageTargets.Of(source, read) : null,
            Placements = placements.Any(placement => placement != default) ? [.. good.Select(position => placements[position])] : null,
        };
    }

    private int Boundary(int batch) => (int)((long)source.Count * batch / Batches);
}
