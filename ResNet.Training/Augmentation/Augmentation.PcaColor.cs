namespace ResNet.Training;

public abstract partial record Augmentation
{
    /// <summary>
    /// Shifts all pixels of an image by one color, drawn along the directions in which the colors of ImageNet's pixels vary, as much as
    /// they do (Krizhevsky et al. 2012, section 4.1; He et al. 2015, section 3.4). Values are cut off at 0 and 255.
    /// </summary>
    /// <param name="Sigma">Standard deviation of the factor of each direction: from 0; default 0.1.</param>
    public sealed record PcaColor(double Sigma = 0.1) : Augmentation
    {
        /// <summary>
        /// ImageNet's: a row for each of red, green and blue, a column for each direction; values 0 to 1. As published with the Lua Torch
        /// ResNets (fb.resnet.torch).
        /// </summary>
        private static readonly double[,] Directions =
        {
            { -0.5675, 0.7192, 0.4009 },
            { -0.5808, -0.0045, -0.8140 },
            { -0.5836, -0.6948, 0.4203 },
        };

        /// <summary>The standard deviation along each direction.</summary>
        private static readonly double[] Spreads = [0.2175, 0.0188, 0.0045];

        /// <summary>Standard deviation of the factor of each direction: from 0; default 0.1.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
        public double Sigma { get; init => field = Guard.AtLeast(value, 0); } = Guard.AtLeast(Sigma, 0);

        internal override PixelBuffer Apply(PixelBuffer image, ref SeededRandom random, Canvas canvas)
        {
            Span<double> factors = stackalloc double[Spreads.Length];
            for (var i = 0; i < factors.Length; i++) factors[i] = byte.MaxValue * Spreads[i] * Sigma * random.NextGaussian();
            var tables = new byte[PixelOperations.Channels][];
            for (var channel = 0; channel < tables.Length; channel++)
            {
                var shift = 0.0;
                for (var i = 0; i < factors.Length; i++) shift += Directions[channel, i] * factors[i];
                tables[channel] = PixelOperations.Table(value => (int)Math.Round(value + shift));
            }

            PixelOperations.Map(image, tables);
            return image;
        }
    }
}
