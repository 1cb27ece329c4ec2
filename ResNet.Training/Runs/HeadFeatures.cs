using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>What a new head was fitted to, and how.</summary>
/// <param name="Features">The features.</param>
/// <param name="Fit">What its fitting chose.</param>
internal sealed record HeadLesson(HeadFeatures Features, HeadFit Fit);

/// <summary>The features that a frozen network gives of several views of each image, a row a view.</summary>
/// <param name="Features">[rows, features] float32, on the device.</param>
/// <param name="Targets">[rows] int64 class numbers, or [rows, classes] float32 where images have several labels; on the device.</param>
/// <param name="Images">The image of each row: an index into the dataset.</param>
/// <param name="Views">What of the image: <see cref="Center"/>, <see cref="Mirrored"/>, above them random crops.</param>
internal sealed record HeadFeatures(Tensor Features, Tensor Targets, int[] Images, int[] Views)
{
    /// <summary>The center, as when the network is used.</summary>
    public const int Center = 0;

    /// <summary>The center, mirrored.</summary>
    public const int Mirrored = 1;

    /// <summary>The features divided by their length, times a constant that makes penalties comparable between networks.</summary>
    public const double Length = 10;

    /// <summary>The number of different images.</summary>
    public int ImageCount { get; } = Images.Distinct().Count();

    /// <summary>Whether there are random crops.</summary>
    public bool HasCrops => Array.Exists(Views, view => view > Mirrored);

    /// <summary>The rows of some images.</summary>
    public HeadFeatures Of(IReadOnlySet<int> images) => Where(row => images.Contains(Images[row]));

    /// <summary>The rows that are the center of an image or its mirror image.</summary>
    public HeadFeatures WithoutCrops() => WithViewsUpTo(Mirrored);

    /// <summary>The rows of the views up to one.</summary>
    public HeadFeatures WithViewsUpTo(int last) => Where(row => Views[row] <= last);

    /// <summary>The rows that are the center of an image.</summary>
    public HeadFeatures Centers() => Where(row => Views[row] == Center);

    /// <summary>The rows scaled to length <see cref="Length"/>.</summary>
    public Tensor Normalized()
    {
        using var scope = NewDisposeScope();
        using var length = Length.ToScalar();
        return Features.mul(length).div_(Norms().unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean length of the rows.</summary>
    public double MeanNorm()
    {
        using var norms = Norms();
        using var mean = norms.mean();
        return mean.item<float>();
    }

    /// <summary>
    /// Images for folds, each class spread evenly over them. Classes with one image are in none. Folds may be empty if there are few.
    /// </summary>
    /// <param name="count">The number of folds.</param>
    /// <param name="share">How much of each class is used, above 0, up to 1: at least two images.</param>
    /// <param name="seed">Chooses them.</param>
    /// <param name="purpose">Tells this choice from others of the same seed.</param>
    public List<HashSet<int>> Folds(int count, double share, long seed, int purpose)
    {
        var folds = Enumerable.Range(0, count).Select(_ => new HashSet<int>()).ToList();
        var next = 0;
        var classes = Images.Zip(ClassNumbers()).DistinctBy(row => row.First);
        foreach (var group in classes.GroupBy(row => row.Second, row => row.First).Where(group => group.Count() > 1))
        {
            var members = group.Order().ToArray();
            new SeededRandom(seed, purpose, group.Key).Shuffle(members.AsSpan());
            foreach (var image in members.Take(Math.Max(2, (int)(members.Length * share)))) folds[next++ % count].Add(image);
        }

        return folds;
    }

    /// <summary>The images that are alone in their class.</summary>
    public IEnumerable<int> Alone() => Images.Zip(ClassNumbers())
        .DistinctBy(row => row.First)
        .GroupBy(row => row.Second, row => row.First)
        .Where(group => group.Count() == 1)
        .SelectMany(group => group);

    /// <summary>[rows] the class of each row; 0 for all where images have several labels.</summary>
    public long[] ClassNumbers()
    {
        if (Targets.dim() > 1) return new long[Images.Length];
        using var onHost = Targets.cpu();
        return [.. onHost.data<long>()];
    }

    private Tensor Norms()
    {
        using var scope = NewDisposeScope();
        using var smallest = 1e-12.ToScalar();
        return Features.square().sum(1).sqrt_().clamp_min_(smallest).MoveToOuterDisposeScope();
    }

    private HeadFeatures Where(Func<int, bool> condition)
    {
        int[] rows = [.. Enumerable.Range(0, Images.Length).Where(condition)];
        using var chosen = tensor(Array.ConvertAll(rows, row => (long)row), device: Features.device);
        return new(
            Features.index_select(0, chosen),
            Targets.index_select(0, chosen),
            Array.ConvertAll(rows, row => Images[row]),
            Array.ConvertAll(rows, row => Views[row]));
    }
}
