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

        internal override ImageRegion ChooseRegion(int width, int height, ref SeededRandom random, int size) => new(ChooseBox(width, height, ref random), MinimumSide: size);

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var result = canvas.Stretch(image);
            if (random.NextBool() && Flip) result.Mirror();
            return result;
        }

        /// <inheritdoc/>
        public override Augmentation WithoutFlip() => this with { Flip = false };

        private PixelBox ChooseBox(int width, int height, ref SeededRandom random)
        {
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var area = (double)width * height * (SmallestArea + (1 - SmallestArea) * random.NextDouble());
                var ratio = Math.Exp(Math.Log(NarrowestRatio) * (1 - 2 * random.NextDouble()));
                var (w, h) = ((int)Math.Round(Math.Sqrt(area * ratio)), (int)Math.Round(Math.Sqrt(area / ratio)));
                if (w < 1 || h < 1 || w > width || h > height) continue;
                return new(random.Next(width - w + 1), random.Next(height - h + 1), w, h);
            }

            // The center, as near to the image's proportions as is allowed.
            var (wide, high) = (Math.Min(width, (int)Math.Round(height / NarrowestRatio)), Math.Min(height, (int)Math.Round(width / NarrowestRatio)));
            return new((width - wide) / 2, (height - high) / 2, Math.Max(1, wide), Math.Max(1, high));
        }
    }
}
