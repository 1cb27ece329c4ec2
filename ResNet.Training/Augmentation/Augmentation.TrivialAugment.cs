namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// One operation, drawn from fourteen, in a random strength (Müller and Hutter 2021; torchvision's TrivialAugmentWide with its
    /// standard values, to the bit of its results on PIL images). Put it behind the crop: translations are in pixels of the image that it
    /// gets.
    /// </summary>
    public sealed record TrivialAugment : Augmentation
    {
        /// <summary>The number of strengths of each operation.</summary>
        internal const int Strengths = 31;

        internal enum Operation
        {
            Identity,
            ShearX,
            ShearY,
            TranslateX,
            TranslateY,
            Rotate,
            Brightness,
            Color,
            Contrast,
            Sharpness,
            Posterize,
            Solarize,
            AutoContrast,
            Equalize,
        }

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            var operation = (Operation)random.Next((int)Operation.Equalize + 1);
            var strength = random.Next(Strengths);
            return Apply(operation, strength, random.NextBool(), image, canvas.Other(image));
        }

        /// <summary>Applies an operation. The result is the image, changed, or the other buffer.</summary>
        /// <param name="operation">Which.</param>
        /// <param name="strength">0 to 30.</param>
        /// <param name="negative">The other way round, for the operations that have one.</param>
        /// <param name="image">The image.</param>
        /// <param name="other">Another buffer.</param>
        internal static PixelBuffer Apply(Operation operation, int strength, bool negative, PixelBuffer image, PixelBuffer other)
        {
            var sign = negative ? -1 : 1;
            switch (operation)
            {
                case Operation.ShearX:
                    return Move([1, sign * Share(strength), 0, 0, 1, 0]);
                case Operation.ShearY:
                    return Move([1, 0, 0, sign * Share(strength), 1, 0]);
                case Operation.TranslateX:
                    return Move([1, 0, -sign * Shift(strength), 0, 1, 0]);
                case Operation.TranslateY:
                    return Move([1, 0, 0, 0, 1, -sign * Shift(strength)]);
                case Operation.Rotate:
                    return Move(PixelOperations.Rotation(sign * 4.5 * strength, image.Width, image.Height));
                case Operation.Brightness:
                    PixelOperations.Brightness(image, 1 + sign * Share(strength));
                    return image;
                case Operation.Color:
                    PixelOperations.Saturation(image, 1 + sign * Share(strength));
                    return image;
                case Operation.Contrast:
                    PixelOperations.Contrast(image, 1 + sign * Share(strength));
                    return image;
                case Operation.Sharpness:
                    PixelOperations.Sharpness(image, other, 1 + sign * Share(strength));
                    return other;
                case Operation.Posterize:
                    PixelOperations.Posterize(image, 8 - (int)Math.Round(strength / 5.0));
                    return image;
                case Operation.Solarize:
                    PixelOperations.Solarize(image, 255 - 8.5 * strength);
                    return image;
                case Operation.AutoContrast:
                    PixelOperations.AutoContrast(image);
                    return image;
                case Operation.Equalize:
                    PixelOperations.Equalize(image);
                    return image;
                default:
                    return image;
            }

            PixelBuffer Move(ReadOnlySpan<double> matrix)
            {
                PixelOperations.Affine(image, other, matrix);
                return other;
            }
        }

        /// <summary>
        /// From 0 to 0.99 in 30 steps, as torch.linspace computes it: floats, the second half from the end, each rounded once.
        /// </summary>
        private static float Share(int strength)
        {
            const float Greatest = 0.99f;
            const float Step = Greatest / (Strengths - 1);
            return strength < Strengths / 2 ? Step * strength : (float)(Greatest - (double)Step * (Strengths - 1 - strength));
        }

        private static int Shift(int strength) => 32 * strength / (Strengths - 1);
    }
}
