namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// The image resized so that its shorter side has a random length, a crop of the final size at a random place, mirrored half of the
    /// time (He et al. 2015, section 3.4; Simonyan and Zisserman 2014).
    /// </summary>
    /// <remarks>
    /// The lengths are those for a network's input of 224 pixels, and are scaled with its size for others. So the crop is a square of 224
    /// / length of the shorter side, whatever the size: from 47 % (480) to 87.5 % (256). It is cut out at whole pixels of the image, and
    /// only it is decoded and resized.
    /// </remarks>
    /// <param name="ShortestSide">The least length of the shorter side in pixels: from 224; default 256.</param>
    /// <param name="LongestSide">The greatest length of the shorter side in pixels: from the least; default 480.</param>
    /// <param name="Flip">Whether images are mirrored, left and right.</param>
    public sealed record RandomScaleCrop(int ShortestSide = 256, int LongestSide = 480, bool Flip = true) : Augmentation
    {
        private const int StandardSize = 224;

        /// <summary>The least length of the shorter side in pixels: from 224 to <see cref="LongestSide"/>; default 256.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
        public int ShortestSide { get; init => field = Guard.InRange(value, StandardSize, LongestSide); } =
            Guard.AtLeast(ShortestSide, StandardSize);

        /// <summary>The greatest length of the shorter side in pixels: from <see cref="ShortestSide"/>; default 480.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is below <see cref="ShortestSide"/>.</exception>
        public int LongestSide { get; init => field = Guard.AtLeast(value, ShortestSide); } =
            Guard.AtLeast(LongestSide, ShortestSide);

        internal override ImageRegion ChooseRegion(int width, int height, ref SeededRandom random, int size)
        {
            var length = ShortestSide + random.Next(LongestSide - ShortestSide + 1);
            var side = Math.Max(1, (int)Math.Round(Math.Min(width, height) * (double)StandardSize / length));
            return new(new(random.Next(width - side + 1), random.Next(height - side + 1), side, side), MinimumSide: size);
        }

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas) =>
            canvas.Stretch(image, mirror: random.NextBool() && Flip);

        /// <inheritdoc/>
        public override Augmentation WithoutFlip() => this with { Flip = false };
    }
}
