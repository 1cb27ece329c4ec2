namespace ResNet.Training;

/// <summary>
/// Operations on the pixels of an image, with Pillow's results to the bit. All but <see cref="Affine"/> and <see cref="Sharpness"/> work
/// in place.
/// </summary>
internal static class PixelOperations
{
    public const int Channels = 3;
    private const int Values = 256, FixedBits = 16;

    /// <summary>A table of what becomes of each value, cut off at 0 and 255.</summary>
    public static byte[] Table(Func<int, int> function)
    {
        var table = new byte[Values];
        for (var value = 0; value < Values; value++) table[value] = (byte)Math.Clamp(function(value), 0, byte.MaxValue);
        return table;
    }

    /// <summary>Replaces every value by that of its channel's table.</summary>
    public static void Map(PixelBuffer image, byte[][] tables)
    {
        var red = tables[0];
        var green = tables[1];
        var blue = tables[2];
        foreach (ref var pixel in image.Pixels)
        {
            var mapped = red[pixel & 0xff] | (uint)green[(pixel >> 8) & 0xff] << 8 | (uint)blue[(pixel >> 16) & 0xff] << 16;
            pixel = (pixel & 0xff000000) | mapped;
        }
    }

    public static void Brightness(PixelBuffer image, double factor) => MapAll(image, value => Blend(0, value, (float)factor));

    /// <summary>Away from the mean of the gray image, or towards it.</summary>
    public static void Contrast(PixelBuffer image, double factor)
    {
        var sum = 0L;
        foreach (var pixel in image.Pixels) sum += Gray(pixel);
        var mean = (int)((double)sum / image.Pixels.Length + 0.5);
        MapAll(image, value => Blend(mean, value, (float)factor));
    }

    /// <summary>Away from the gray image, or towards it.</summary>
    public static void Saturation(PixelBuffer image, double factor)
    {
        foreach (ref var pixel in image.Pixels) pixel = Blend(Gray(pixel) * 0x010101u, pixel, (float)factor);
    }

    /// <summary>
    /// Away from the smoothed image (3 x 3 pixels, the middle one five times, borders as they are), or towards it. Written to another
    /// buffer.
    /// </summary>
    public static void Sharpness(PixelBuffer image, PixelBuffer target, double factor)
    {
        target.Reset(image.Width, image.Height);
        image.Bytes.CopyTo(target.Bytes);
        const int Next = PixelBuffer.BytesPerPixel, Sum = 13;
        for (var y = 1; y < image.Height - 1; y++)
        {
            Span<byte> above = image.Row(y - 1), row = image.Row(y), below = image.Row(y + 1), result = target.Row(y);
            for (var i = Next; i < result.Length - Next; i++)
            {
                var sum = above[i - Next] + above[i] + above[i + Next];
                sum += row[i - Next] + 5 * row[i] + row[i + Next];
                sum += below[i - Next] + below[i] + below[i + Next];
                result[i] = (byte)Blend((2 * sum + Sum) / (2 * Sum), row[i], (float)factor);
            }
        }
    }

    /// <summary>Keeps the upper bits of every value.</summary>
    public static void Posterize(PixelBuffer image, int bits) => MapAll(image, value => value & ~((1 << (8 - bits)) - 1));

    /// <summary>Inverts the values from a threshold on.</summary>
    public static void Solarize(PixelBuffer image, double threshold) =>
        MapAll(image, value => value < threshold ? value : byte.MaxValue - value);

    /// <summary>Stretches each channel to 0 .. 255.</summary>
    public static void AutoContrast(PixelBuffer image) => Map(image, Array.ConvertAll(Histograms(image), counts =>
    {
        var (low, high) = (Array.FindIndex(counts, count => count > 0), Array.FindLastIndex(counts, count => count > 0));
        if (high <= low) return Table(value => value);
        var scale = 255.0 / (high - low);
        return Table(value => (int)(value * scale + -low * scale));
    }));

    /// <summary>Makes the values of each channel about equally frequent.</summary>
    public static void Equalize(PixelBuffer image) => Map(image, Array.ConvertAll(Histograms(image), counts =>
    {
        var last = counts[Array.FindLastIndex(counts, count => count > 0)];
        var step = (image.Pixels.Length - last) / 255;
        if (step == 0) return Table(value => value);
        var before = step / 2;
        return Table(value =>
        {
            var result = before / step;
            before += counts[value];
            return result;
        });
    }));

    /// <summary>The matrix of <see cref="Affine"/> that turns an image about its center, counter-clockwise.</summary>
    public static double[] Rotation(double degrees, int width, int height)
    {
        // Pillow's order of operations, and its rounding, so that whole quarters come out exact.
        var angle = -(degrees * (Math.PI / 180));
        var (cos, sin) = (Math.Round(Math.Cos(angle), 15), Math.Round(Math.Sin(angle), 15));
        var (x, y) = (width / 2.0, height / 2.0);
        return [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y];
    }

    /// <summary>
    /// Writes to each pixel (x, y) of the target the pixel (m0 x + m1 y + m2, m3 x + m4 y + m5) of the image, the nearest one, or black
    /// outside it. Coordinates are those of the pixels' centers, in fixed point of 16 bits.
    /// </summary>
    public static void Affine(PixelBuffer image, PixelBuffer target, ReadOnlySpan<double> matrix)
    {
        var (width, height) = (image.Width, image.Height);
        var from = image.Pixels;
        target.Reset(width, height);
        var (stepX, stepY) = (Fixed(matrix[0]), Fixed(matrix[3]));
        var rowX = Fixed(matrix[2] + matrix[0] * 0.5 + matrix[1] * 0.5);
        var rowY = Fixed(matrix[5] + matrix[3] * 0.5 + matrix[4] * 0.5);
        var (nextRowX, nextRowY) = (Fixed(matrix[1]), Fixed(matrix[4]));
        for (var y = 0; y < height; y++, rowX += nextRowX, rowY += nextRowY)
        {
            var row = target.PixelRow(y);
            var (sourceX, sourceY) = (rowX, rowY);
            for (var x = 0; x < row.Length; x++, sourceX += stepX, sourceY += stepY)
            {
                var (column, line) = (sourceX >> FixedBits, sourceY >> FixedBits);
                var isInside = (ulong)column < (ulong)width && (ulong)line < (ulong)height;
                row[x] = isInside ? from[(int)(line * width + column)] : 0;
            }
        }

        static long Fixed(double value) => (long)Math.Floor(value * (1 << FixedBits) + 0.5);
    }

    private static void MapAll(PixelBuffer image, Func<int, int> function)
    {
        var table = Table(function);
        Map(image, [table, table, table]);
    }

    private static int[][] Histograms(PixelBuffer image)
    {
        int[][] counts = [new int[Values], new int[Values], new int[Values]];
        foreach (var pixel in image.Pixels)
        {
            counts[0][pixel & 0xff]++;
            counts[1][(pixel >> 8) & 0xff]++;
            counts[2][(pixel >> 16) & 0xff]++;
        }

        return counts;
    }

    /// <summary>The luma of ITU-R BT.601, in fixed point as Pillow's convert("L").</summary>
    private static uint Gray(uint pixel)
    {
        var red = pixel & 0xff;
        var green = (pixel >> 8) & 0xff;
        var blue = (pixel >> 16) & 0xff;
        return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }

    private static uint Blend(uint from, uint to, float factor)
    {
        var result = to & 0xff000000;
        for (var shift = 0; shift < 8 * Channels; shift += 8)
        {
            var blended = Blend((int)(from >> shift & 0xff), (int)(to >> shift & 0xff), factor);
            result |= (uint)blended << shift;
        }

        return result;
    }

    /// <summary>From one value (factor 0) to another (1) or beyond, in single precision, cut off and rounded down.</summary>
    private static int Blend(int from, int to, float factor) => (int)Math.Clamp(from + factor * (to - from), 0f, 255f);
}
