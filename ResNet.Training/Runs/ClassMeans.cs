using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The mean feature of each class, of length 1: what a model file remembers of its training images, so that classes can be added later
/// without them. A class without images has zeros.
/// </summary>
/// <param name="Width">The number of features.</param>
/// <param name="Values">[classes, width].</param>
internal sealed record ClassMeans(int Width, float[] Values)
{
    /// <summary>The most numbers that a model card is to hold.</summary>
    private const int MostValues = 100_000;

    private const int ImagesPerClass = 50, ChoicePurpose = 6;

    /// <summary>Whether those of a network fit into its card.</summary>
    public static bool Fit(ResNetArchitecture architecture) => (long)architecture.Classes * architecture.FeatureCount <= MostValues;

    /// <summary>Some images of each class, which are enough for its mean.</summary>
    public static ImageDataset Sample(ImageDataset images, long seed)
    {
        List<int> chosen = [];
        foreach (var group in Enumerable.Range(0, images.Count).GroupBy(images.LabelOf))
        {
            var members = group.ToArray();
            new SeededRandom(seed, ChoicePurpose, group.Key).Shuffle(members.AsSpan());
            chosen.AddRange(members.Take(ImagesPerClass));
        }

        chosen.Sort();
        return images.Subset(chosen);
    }

    /// <summary>The means of features.</summary>
    /// <param name="features">[rows, width] float32.</param>
    /// <param name="targets">[rows] int64.</param>
    /// <param name="classes">The number of classes.</param>
    public static ClassMeans Of(Tensor features, Tensor targets, int classes)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var width = features.shape[1];
        var sums = zeros([classes, width], float32, features.device).index_add_(0, targets, Unit(features), Scalars.One);
        return new((int)width, [.. Unit(sums).cpu().data<float>()]);
    }

    /// <summary>What <see cref="ToText"/> wrote; null if it does not fit the network.</summary>
    public static ClassMeans? Parse(string text, int width, int classes)
    {
        var bytes = new byte[width * classes * sizeof(float)];
        return Convert.TryFromBase64String(text, bytes, out var written) && written == bytes.Length
            ? new(width, MemoryMarshal.Cast<byte, float>(bytes).ToArray())
            : null;
    }

    /// <summary>The values as base64 of little-endian float32.</summary>
    public string ToText() => Convert.ToBase64String(MemoryMarshal.AsBytes<float>(Values));

    /// <summary>The mean of a class; empty if it had no images.</summary>
    public ReadOnlySpan<float> Of(int number)
    {
        if (number >= Values.Length / Width) return [];
        var mean = Values.AsSpan(number * Width, Width);
        return mean.ContainsAnyExcept(0f) ? mean : [];
    }

    /// <summary>These means, with those of other ones where a class has none.</summary>
    public ClassMeans Or(ClassMeans? others)
    {
        if (others is null) return this;
        var values = Values.ToArray();
        for (var number = 0; number < values.Length / Width; number++)
        {
            if (Of(number).IsEmpty) others.Of(number).CopyTo(values.AsSpan(number * Width));
        }

        return this with { Values = values };
    }

    private static Tensor Unit(Tensor rows)
    {
        using var smallest = 1e-12.ToScalar();
        return rows.div(rows.square().sum(1, keepdim: true).sqrt_().clamp_min_(smallest));
    }
}
