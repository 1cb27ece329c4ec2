using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Mixes each training image with another of its batch, and the targets in the same proportion: the pixels' weighted mean (mixup, Zhang
/// et al. 2018) or a box of the other image (CutMix, Yun et al. 2019). With both, each batch gets one of them, chosen at random.
/// </summary>
public sealed record Mixing
{
    /// <summary>Mixup's proportion is drawn from Beta(alpha, alpha): from 0; default 0, no mixup. Usual: 0.2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public double MixUp { get; init => field = Guard.AtLeast(value, 0); }

    /// <summary>CutMix's share of the area is drawn from Beta(alpha, alpha): from 0; default 0, no CutMix. Usual: 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public double CutMix { get; init => field = Guard.AtLeast(value, 0); }

    /// <summary>Draws how a batch is mixed.</summary>
    /// <param name="random">Of this batch alone.</param>
    /// <param name="size">Height and width of the images in pixels.</param>
    /// <returns>How the batch is mixed; null for not at all.</returns>
    internal Mixture? Draw(ref SeededRandom random, int size)
    {
        if (MixUp <= 0 && CutMix <= 0) return null;
        var pasted = CutMix > 0 && (MixUp <= 0 || random.NextBool());
        var own = Beta(ref random, pasted ? CutMix : MixUp);
        if (!pasted) return new Mixture(own, null);
        var box = DrawBox(ref random, size, 1 - own);
        // The share is that of the box as it is, which the border may make smaller.
        return new Mixture(1 - box.Width * (double)box.Height / ((double)size * size), box);
    }

    /// <summary>A square of a share of the area around a random pixel, cut off at the border.</summary>
    private static PixelBox DrawBox(ref SeededRandom random, int size, double area)
    {
        var side = size * Math.Sqrt(area);
        var x = random.Next(size);
        var y = random.Next(size);
        int left = Bound(x - side / 2), right = Bound(x + side / 2);
        int top = Bound(y - side / 2), bottom = Bound(y + side / 2);
        return new(left, top, right - left, bottom - top);

        int Bound(double at) => (int)Math.Clamp(Math.Round(at), 0, size);
    }

    private static double Beta(ref SeededRandom random, double alpha)
    {
        double left = Gamma(ref random, alpha), right = Gamma(ref random, alpha);
        return left + right > 0 ? left / (left + right) : 0.5;
    }

    /// <summary>Marsaglia and Tsang 2000; a shape below 1 by way of shape + 1.</summary>
    private static double Gamma(ref SeededRandom random, double shape)
    {
        if (shape < 1) return Gamma(ref random, shape + 1) * Math.Pow(Positive(ref random), 1 / shape);
        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var normal = Math.Sqrt(-2 * Math.Log(Positive(ref random))) * Math.Cos(2 * Math.PI * random.NextDouble());
            var v = Math.Pow(1 + c * normal, 3);
            if (v > 0 && Math.Log(Positive(ref random)) < 0.5 * normal * normal + d - d * v + d * Math.Log(v)) return d * v;
        }
    }

    private static double Positive(ref SeededRandom random) => 1 - random.NextDouble();
}

/// <summary>How the images of a batch are mixed.</summary>
/// <param name="Own">The share that stays an image's own, 0 to 1.</param>
/// <param name="Box">The box that the other image fills, as in CutMix; null where whole images are averaged.</param>
internal readonly record struct Mixture(double Own, PixelBox? Box)
{
    /// <summary>Mixes each image with the one before it in the batch.</summary>
    /// <param name="images">[batch, channels, height, width]; changed.</param>
    public void Apply(Tensor images)
    {
        using var others = images.roll(1, 0);
        if (Box is { } box)
        {
            using var from = others.narrow(2, box.Top, box.Height).narrow(3, box.Left, box.Width);
            using var to = images.narrow(2, box.Top, box.Height).narrow(3, box.Left, box.Width);
            to.copy_(from);
            return;
        }

        using var own = Own.ToScalar();
        using var rest = (1 - Own).ToScalar();
        images.mul_(own).add_(others, alpha: rest);
    }
}
