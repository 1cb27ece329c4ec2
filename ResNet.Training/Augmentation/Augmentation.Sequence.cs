namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>Several augmentations in their order, each of what the one before made.</summary>
    /// <param name="Steps">The augmentations. None at all is <see cref="None"/>.</param>
    public sealed record Sequence(IReadOnlyList<Augmentation> Steps) : Augmentation
    {
        /// <summary>The augmentations. None at all is <see cref="None"/>.</summary>
        /// <exception cref="ArgumentException">It is null or holds a null.</exception>
        public IReadOnlyList<Augmentation> Steps { get; init => field = Checked(value); } = Checked(Steps);

        /// <summary>Sequences are equal if their steps are.</summary>
        public bool Equals(Sequence? other) => other is not null && Steps.SequenceEqual(other.Steps);

        /// <inheritdoc/>
        public override int GetHashCode() => Steps.Aggregate(0, HashCode.Combine);

        internal override ImageRegion ChooseRegion(int width, int height, ref SeededRandom random, int size) =>
            Steps.Count == 0 ? base.ChooseRegion(width, height, ref random, size) : Steps[0].ChooseRegion(width, height, ref random, size);

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            for (var i = 0; i < Steps.Count; i++)
            {
                // The first step's part was chosen when the image was read.
                if (i > 0) image.Crop(Steps[i].ChooseRegion(image.Width, image.Height, ref random, canvas.Size).Box);
                image = Steps[i].Apply(image, ref random, canvas);
            }

            return image;
        }

        /// <inheritdoc/>
        public override Augmentation WithoutFlip() => new Sequence([.. Steps.Select(step => step.WithoutFlip())]);

        private static IReadOnlyList<Augmentation> Checked(IReadOnlyList<Augmentation> steps)
        {
            if (steps is not null && !steps.Contains(null!)) return steps;
            throw new ArgumentException($"{nameof(Steps)} must be a list of augmentations, without nulls.");
        }
    }
}
