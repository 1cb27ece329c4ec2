namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// The image at its final size, padded with black on all sides, a crop of the final size at a random place, mirrored half of the time
    /// (He et al. 2015, section 4.2).
    /// </summary>
    /// <remarks>
    /// A mean image (<see cref="TrainingRecipe.PerPixelMean"/>) is subtracted as if that had happened before the padding: the padded pixels
    /// are zeros, and each other pixel loses the mean of the place that it had in the image.
    /// </remarks>
    /// <param name="Padding">Pixels on each side: 0 to 4096; default 4, as the paper pads 32 pixels.</param>
    /// <param name="Flip">Whether images are mirrored, left and right. Leave it off where sides matter, as in letters.</param>
    public sealed record PadCropFlip(int Padding = 4, bool Flip = true) : Augmentation
    {
        // No image is larger when it is padded.
        private const int Most = ImagePreprocessing.LargestCrop;

        /// <summary>Pixels on each side: 0 to 4096; default 4, as the paper pads 32 pixels.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public int Padding { get; init => field = Guard.InRange(value, 0, Most); } = Guard.InRange(Padding, 0, Most);

        /// <summary>Whether images are mirrored, left and right. Leave it off where sides matter, as in letters.</summary>
        public bool Flip { get; init; } = Flip;

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var whole = canvas.CenterCrop(image);
            var left = random.Next(2 * Padding + 1) - Padding;
            var top = random.Next(2 * Padding + 1) - Padding;
            var flip = random.NextBool() && Flip;
            var size = canvas.Size;
            var result = canvas.Other(whole);
            result.Reset(size, size);
            // Where the crop reaches beyond the image on the left or right, that many pixels are black.
            var from = Math.Clamp(left, 0, size);
            var to = Math.Clamp(-left, 0, size);
            var count = Math.Max(0, size - Math.Abs(left));
            for (var y = 0; y < size; y++)
            {
                var row = result.PixelRow(y);
                row.Clear();
                if (y + top >= 0 && y + top < size) whole.PixelRow(y + top).Slice(from, count).CopyTo(row[to..]);
            }

            if (flip) result.Mirror();
            canvas.Placement = new(left, top, flip);
            return result;
        }

        /// <inheritdoc/>
        public override Augmentation WithoutFlip() => this with { Flip = false };
    }
}
