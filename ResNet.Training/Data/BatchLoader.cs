using System.Collections.Concurrent;
using ResNet.MLNet;

namespace ResNet.Training;

/// <summary>Some images of one epoch, decoded and augmented.</summary>
/// <param name="Index">Its place in the epoch.</param>
/// <param name="Pixels">[Count, size, size, 4] red, green, blue, ignored.</param>
/// <param name="Targets">[Count] class numbers.</param>
internal sealed record Batch(int Index, byte[] Pixels, long[] Targets)
{
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
/// <param name="workers">Number of threads.</param>
/// <param name="onBadImage">Is told, on some thread, of each image that cannot be read; the batch goes without it.</param>
internal sealed class BatchLoader(
    ImageSource source, ImagePreprocessing preprocessing, Augmentation? augmentation, int batchSize, long seed, int workers, Action<InvalidImageException> onBadImage)
{
    private const int OrderPurpose = 1, ImagePurpose = 2;
    private readonly ConcurrentBag<(ImageReader Reader, Canvas Canvas)> _tools = [];
    private readonly Augmentation _augmentation = augmentation ?? Augmentation.None;

    /// <summary>The number of batches of an epoch.</summary>
    public int Batches { get; } = (source.Count + batchSize - 1) / batchSize;

    /// <summary>The batches of an epoch from one of them on, in order. Those of which no image can be read are left out.</summary>
    public IEnumerable<Batch> Epoch(int epoch, int first = 0)
    {
        var order = OrderOf(epoch);
        var ahead = new Queue<Task<Batch>>();
        using var stop = new CancellationTokenSource();
        try
        {
            for (int next = first, batch = first; batch < Batches; batch++)
            {
                for (; next < Batches && ahead.Count <= workers; next++)
                {
                    var index = next;
                    ahead.Enqueue(Task.Run(() => Make(epoch, index, order, stop.Token)));
                }

                var made = ahead.Dequeue().GetAwaiter().GetResult();
                if (made.Count > 0) yield return made;
            }
        }
        finally
        {
            // The reader may have gone away in the middle: what is being made is called off and waited for.
            stop.Cancel();
            foreach (var task in ahead) ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        }
    }

    private int[] OrderOf(int epoch)
    {
        var order = Enumerable.Range(0, source.Count).ToArray();
        if (augmentation is not null) new SeededRandom(seed, OrderPurpose, epoch).Shuffle(order.AsSpan());
        return order;
    }

    private Batch Make(int epoch, int index, int[] order, CancellationToken stop)
    {
        var (start, end) = (Boundary(index), Boundary(index + 1));
        var size = PixelBuffer.BytesPerPixel * preprocessing.Crop * preprocessing.Crop;
        var pixels = new byte[(end - start) * size];
        var targets = new long[end - start];
        var count = 0;
        if (!_tools.TryTake(out var tools)) tools = (source.OpenReader(preprocessing.ApplyExifOrientation), new(preprocessing));
        for (var position = start; position < end && !stop.IsCancellationRequested; position++)
        {
            try
            {
                var random = new SeededRandom(seed, ImagePurpose, epoch, position);
                var image = _augmentation.Apply(tools.Reader.Read(order[position]), ref random, tools.Canvas);
                image.Bytes.CopyTo(pixels.AsSpan(count * size));
                targets[count++] = source.LabelOf(order[position]);
            }
            catch (InvalidImageException problem)
            {
                onBadImage(problem);
            }
        }

        _tools.Add(tools);
        return count == targets.Length ? new(index, pixels, targets) : new(index, pixels[..(count * size)], targets[..count]);
    }

    private int Boundary(int batch) => (int)((long)source.Count * batch / Batches);
}
