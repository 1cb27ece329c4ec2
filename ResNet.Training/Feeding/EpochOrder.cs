namespace ResNet.Training;

/// <summary>Which images an epoch of training shows, in which order: a function of seed and epoch alone.</summary>
internal static class EpochOrder
{
    private const int OrderPurpose = 1, ClassPurpose = 5, RestPurpose = 6;

    /// <summary>Gives the images of an epoch, from 0.</summary>
    /// <param name="source">The images.</param>
    /// <param name="sampling">How they are drawn.</param>
    /// <param name="seed">The recipe's seed.</param>
    /// <param name="epoch">The epoch.</param>
    /// <returns>As many images as there are.</returns>
    public static int[] Of(ImageDataset source, Sampling sampling, long seed, int epoch)
    {
        var order = sampling == Sampling.Balanced ? Balanced(source, seed, epoch) : [.. Enumerable.Range(0, source.Count)];
        new SeededRandom(seed, OrderPurpose, epoch).Shuffle(order.AsSpan());
        return order;
    }

    /// <summary>Every class equally often, by one at most: its images all once, again and again, then some of them.</summary>
    private static int[] Balanced(ImageDataset source, long seed, int epoch)
    {
        var classes = Enumerable.Range(0, source.Count).GroupBy(source.LabelOf).OrderBy(group => group.Key).ToArray();
        // The classes that are shown once more than others change with the epoch.
        new SeededRandom(seed, RestPurpose, epoch).Shuffle(classes.AsSpan());
        List<int> order = new(source.Count);
        for (var i = 0; i < classes.Length; i++)
        {
            var images = classes[i].ToArray();
            new SeededRandom(seed, ClassPurpose, epoch, classes[i].Key).Shuffle(images.AsSpan());
            var wanted = source.Count / classes.Length + (i < source.Count % classes.Length ? 1 : 0);
            for (var drawn = 0; drawn < wanted; drawn++) order.Add(images[drawn % images.Length]);
        }

        return [.. order];
    }
}
