namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// A random part of the image, of random size and proportions, resized to the final size, mirrored half of the time (torchvision's
    /// RandomResizedCrop; Szegedy et al. 2014). For photographs.
    /// </summary>
    /// <param name="SmallestArea">The smallest part, as a share of the image's area: 0 to 1, default 0.08.</param>
    /// <param name="Flip">Whether images are mirrored, left and right.</param>
    public sealed record RandomResizedCrop(double SmallestArea = 0.08, bool Flip = true) : Augmentation
    {
        private const int Attempts = 10;
        private const double NarrowestRatio = 3.0 / 4;

        /// <summary>The smallest part, as a share of the image's area: 0 to 1, default 0.08.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public double SmallestArea { get; init => field = Guard.InRange(value, 0, 1); } = Guard.InRange(SmallestArea, 0, 1);

        /// <summary>Whether images are mirrored, left and right.</summary>
        public bool Flip { get; init; } = Flip;

        internal override ImageRegion ChooseRegion(int width, int height, ref SeededRandom random, int size) =>
            new(ChooseBox(width, height, ref random), MinimumSide: size);

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas) =>
            canvas.Stretch(image, mirror: random.NextBool() && Flip);

        /// <inheritdoc/>
        public override Augmentation WithoutFlip() => this with { Flip = false };

        private PixelBox ChooseBox(int width, int height, ref SeededRandom random)
        {
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var area = (double)width * height * (SmallestArea + (1 - SmallestArea) * random.NextDouble());
                var ratio = Math.Exp(Math.Log(NarrowestRatio) * (1 - 2 * random.NextDouble()));
                var boxWidth = (int)Math.Round(Math.Sqrt(area * ratio));
                var boxHeight = (int)Math.Round(Math.Sqrt(area / ratio));
                if (boxWidth < 1 || boxHeight < 1 || boxWidth > width || boxHeight > height) continue;
                return new(random.Next(width - boxWidth + 1), random.Next(height - boxHeight + 1), boxWidth, boxHeight);
            }

            // The center, as near to the image's proportions as is allowed.
            var widest = Math.Min(width, (int)Math.Round(height / NarrowestRatio));
            var highest = Math.Min(height, (int)Math.Round(width / NarrowestRatio));
            return new((width - widest) / 2, (height - highest) / 2, Math.Max(1, widest), Math.Max(1, highest));
        }
    }
}
