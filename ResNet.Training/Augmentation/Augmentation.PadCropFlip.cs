namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// The image at its final size, padded with black on all sides, a crop of the final size at a random place, mirrored half of the time
    /// (He et al. 2015, section 4.2).
    /// </summary>
    /// <param name="Padding">Pixels on each side; the paper pads 4 for 32.</param>
    /// <param name="Flip">Whether images are mirrored, left and right. Leave it off where sides matter, as in letters.</param>
    public sealed record PadCropFlip(int Padding = 4, bool Flip = true) : Augmentation
    {
        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var whole = canvas.CenterCrop(image);
            var (left, top) = (random.Next(2 * Padding + 1) - Padding, random.Next(2 * Padding + 1) - Padding);
            var flip = random.NextBool() && Flip;
            var (size, result) = (canvas.Size, canvas.Other(whole));
            result.Reset(size, size);
            // Where the crop reaches beyond the image on the left or right, that many pixels are black.
            var (from, to, count) = (Math.Clamp(left, 0, size), Math.Clamp(-left, 0, size), Math.Max(0, size - Math.Abs(left)));
            for (var y = 0; y < size; y++)
            {
                var row = result.PixelRow(y);
                row.Clear();
                if (y + top >= 0 && y + top < size) whole.PixelRow(y + top).Slice(from, count).CopyTo(row[to..]);
            }

            if (flip) result.Mirror();
            return result;
        }

        /// <inheritdoc/>
        public override Augmentation WithoutFlip() => this with { Flip = false };
    }
}
