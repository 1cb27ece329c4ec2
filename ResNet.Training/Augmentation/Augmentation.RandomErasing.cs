namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// Covers a random rectangle of some images at their final size (Zhong et al. 2017; torchvision's RandomErasing). Put it last.
    /// </summary>
    /// <param name="Probability">The share of images that it happens to: 0 to 1; default 0.25.</param>
    /// <param name="SmallestArea">The smallest rectangle, as a share of the image's area: 0 to 1; default 0.02.</param>
    /// <param name="LargestArea">The largest rectangle, as a share of the image's area: from the smallest to 1; default 0.33.</param>
    /// <param name="Noise">Whether it is filled with random colors. Default: black.</param>
    public sealed record RandomErasing(double Probability = 0.25, double SmallestArea = 0.02, double LargestArea = 0.33, bool Noise = false)
        : Augmentation
    {
        private const int Attempts = 10;
        private const double NarrowestRatio = 0.3, WidestRatio = 3.3;

        /// <summary>The share of images that it happens to: 0 to 1; default 0.25.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double Probability { get; init => field = Guard.InRange(value, 0, 1); } = Guard.InRange(Probability, 0, 1);

        /// <summary>The smallest rectangle, as a share of the image's area: 0 to <see cref="LargestArea"/>; default 0.02.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double SmallestArea { get; init => field = Guard.InRange(value, 0, LargestArea); } = Guard.InRange(SmallestArea, 0, 1);

        /// <summary>The largest rectangle, as a share of the image's area: <see cref="SmallestArea"/> to 1; default 0.33.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double LargestArea { get; init => field = Guard.InRange(value, SmallestArea, 1); } =
            Guard.InRange(LargestArea, SmallestArea, 1);

        /// <summary>Whether it is filled with random colors. Default: black.</summary>
        public bool Noise { get; init; } = Noise;

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var result = canvas.Fit(image);
            if (random.NextDouble() >= Probability) return result;
            var size = canvas.Size;
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var area = (double)size * size * (SmallestArea + (LargestArea - SmallestArea) * random.NextDouble());
                var ratio = Math.Exp(Math.Log(NarrowestRatio) + Math.Log(WidestRatio / NarrowestRatio) * random.NextDouble());
                var width = (int)Math.Round(Math.Sqrt(area / ratio));
                var height = (int)Math.Round(Math.Sqrt(area * ratio));
                if (width >= size || height >= size) continue;
                var (left, top) = (random.Next(size - width + 1), random.Next(size - height + 1));
                for (var y = top; y < top + height; y++)
                {
                    var covered = result.Row(y).Slice(left * PixelBuffer.BytesPerPixel, width * PixelBuffer.BytesPerPixel);
                    if (Noise) random.Fill(covered);
                    else covered.Clear();
                }

                break;
            }

            return result;
        }
    }
}
